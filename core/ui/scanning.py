"""Answers to scans on work screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from django.db.models import QuerySet
from django.utils import timezone

from core.stages import StageDue, tidying_due
from core.ui.content import Text
from core.ui.models import ScanReceipt


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What a scan did.

    Args:
        outcome: "ok" (right, go on), "wrong" (blocks until acknowledged), "done" (this piece of work is finished).
        title: the few words shown full-width ("Wrong item", "2 of 3").
        message: what would be right.
        template, context: fragment that replaces the work area (`#work`); "" keeps it as it is.
        next_url: with "done": the next piece of work; with "wrong": where acknowledging leads, because no scan is
            taken here any more.
    """

    outcome: Literal["ok", "wrong", "done"]
    title: Text
    message: Text = ""
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    next_url: str = ""


KEEP_RECEIPTS = timedelta(days=7)


def forget_receipts(limit: int) -> int:
    """Delete up to `limit` receipts of scans that no browser will send again; returns how many."""
    old = _old_receipts().order_by("at").values("pk")[:limit]
    return ScanReceipt.objects.filter(pk__in=old).delete()[0]


def receipts_due() -> StageDue:
    return tidying_due(_old_receipts())


def _old_receipts() -> QuerySet[ScanReceipt]:
    return ScanReceipt.objects.filter(at__lt=timezone.now() - KEEP_RECEIPTS)
