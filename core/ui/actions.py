"""Bulk actions of a list: declared beside the list, run as a job by core.jobs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.ui.content import Text

Outcome = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row.

    Args:
        object_id: id of the row.
        outcome: "ok", "warning", "error" or "skipped".
        message: why, for a person; "" for a plain ok.
        label: the row's name ("SO-1042") in the job's result.
        field: the input at fault, if one is.
        url: what came of it, such as a document that was made; the row's own page where nothing is given.
    """

    object_id: int
    outcome: Outcome = "ok"
    message: Text = ""
    label: str = ""
    field: str = ""
    url: str = ""


MAX_ROWS = 100_000
TOO_MANY_ROWS: Text = _("More than 100,000 rows match. Narrow the filters and do it in parts.")

BulkRun = Callable[[Sequence[int], Actor, Mapping[str, Any]], Iterable[RowOutcome]]


@dataclass(frozen=True, kw_only=True)
class BulkAction:
    """Something that can be done to many rows of a list at once.

    Args:
        code: stable name ("release"), unique on the list.
        label: the verb ("Release").
        permission: checked when the action is shown, when it is started and again by the job.
        run: gets (ids, actor, params) for one chunk of at most `chunk_size` ids that the user may see, and yields
            one RowOutcome per id; it calls one set-based service. `params` are the cleaned values of `fields`.
        icon: Tabler outline icon.
        style: "default", "primary" or "danger".
        confirm: what will happen, for what can't be undone; "%(count)s" stands for the number of rows.
        fields: form fields asked for before the action starts, by name; a function of the user where what they offer
            depends on what the user may see.
        chunk_size: ids per call of `run`.
    """

    code: str
    label: Text
    permission: str
    run: BulkRun
    icon: str = ""
    style: str = "default"
    confirm: Text = ""
    fields: Mapping[str, forms.Field] | Callable[[Any], Mapping[str, forms.Field]] = field(default_factory=dict)
    chunk_size: int = 500

    @property
    def needs_dialog(self) -> bool:
        return bool(self.confirm or self.fields)

    def form(self, user: Any, data: Mapping[str, Any] | None = None) -> forms.Form:
        """The form with the action's fields for this user; its inputs are named "param-<field>"."""
        form = forms.Form(data, prefix="param")
        fields = self.fields(user) if callable(self.fields) else self.fields
        form.fields.update({name: _copy(item) for name, item in fields.items()})
        return form


def _copy(item: forms.Field) -> forms.Field:
    return item.__deepcopy__({})
