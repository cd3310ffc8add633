"""Answers to scans on work screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.ui.content import Text


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What a scan did.

    Args:
        outcome: "ok" (right, go on), "wrong" (blocks until acknowledged), "done" (this piece of work is finished).
        title: the few words shown full-width ("Wrong item", "2 of 3").
        message: what would be right.
        template, context: fragment that replaces the work area (`#work`); "" keeps it as it is.
        next_url: with "done": the next piece of work.
    """

    outcome: Literal["ok", "wrong", "done"]
    title: Text
    message: Text = ""
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    next_url: str = ""
