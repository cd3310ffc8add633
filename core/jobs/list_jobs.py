"""The two kinds of job that every list has: an action on many rows, and an export.

Both go through the registry of lists, so a job sees exactly the rows and columns that the page showed, with
the rights that its person has at that moment.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.exceptions import DomainError
from core.jobs.context import JobContext, RowResult
from core.jobs.enums import RowOutcome
from core.jobs.models import Job, JobRow
from core.jobs.reading import BULK_ACTION, EXPORT, note_access
from core.jobs.registry import job_kind
from core.jobs.writers import WRITERS
from core.ui import lists
from core.ui.actions import MAX_ROWS, TOO_MANY_ROWS, BulkAction
from core.ui.columns import Column, export_columns
from core.ui.counting import quick_count
from core.ui.lists import ListDefinition
from core.words import run_on, said_of

MAX_COUNTED = 1_000_000
EXPORT_CHUNK = 2000


class NotAllowed(DomainError):
    default_code = "not_allowed"
    default_message = _("You no longer have the right to do this.")


class TooManyRows(DomainError):
    default_code = "too_many_rows"
    default_message = TOO_MANY_ROWS


def bulk_title(page: ListDefinition[Any], action: BulkAction) -> str:
    return said_of(action.label, page.title)


def export_title(page: ListDefinition[Any]) -> str:
    return gettext("Export: %(list)s") % {"list": page.title}


def _title_of_bulk_action(job: Job) -> str:
    page = lists.find(job.params.get("list", ""))
    action = next((a for a in page.actions if a.code == job.params.get("action")), None) if page else None
    return bulk_title(page, action) if page and action else job.title


def _title_of_export(job: Job) -> str:
    page = lists.find(job.params.get("list", ""))
    return export_title(page) if page else job.title


def _exported(job: Job) -> str:
    count = job.succeeded
    return ngettext("%(count)d row exported.", "%(count)d rows exported.", count) % {"count": count}


@job_kind(BULK_ACTION, _("Action on many rows"), title=_title_of_bulk_action)
def run_bulk_action(context: JobContext) -> None:
    """Carry out a list's bulk action, chunk by chunk.

    params: list, action, query, ids (None for all that match), fields (the form's raw data).
    Which rows "all that match" are is settled once, at the first start: the action itself may change it.
    """
    user, page = _user_and_page(context)
    action = _action(page, context.params["action"], user)
    fields = _cleaned(action, user, context.params["fields"])
    ids = _settled_ids(context, page, user)
    context.progress(0, len(ids))
    done = set(JobRow.objects.filter(job=context.job).values_list("row_number", flat=True))
    only = context.params.get("only_rows")
    wanted = None if only is None else set(only)
    numbered = [
        (number, pk)
        for number, pk in enumerate(ids, start=1)
        if number not in done and (wanted is None or number in wanted)
    ]
    for start in range(0, len(numbered), action.chunk_size):
        chunk = numbered[start : start + action.chunk_size]
        context.rows(_run_chunk(context, page, action, fields, chunk, user))
        context.progress(len(ids) - len(numbered) + start + len(chunk))
        context.flush()


@job_kind(EXPORT, _("Export"), title=_title_of_export, summary=_exported)
def run_export(context: JobContext) -> None:
    """Write the rows of a list to a file. params: list, query, columns (keys), format (csv or xlsx)."""
    user, page = _user_and_page(context)
    rows = page.queryset_for(user, QueryDict(context.params["query"]))
    columns = _columns(page, user, context.params["columns"])
    note_access(context.job, user, [column.key for column in columns])
    suffix = context.params["format"]
    context.progress(0, quick_count(rows.order_by(), MAX_COUNTED))
    path = context.output(f"{page.key.replace('.', '-')}.{suffix}")
    count = 0
    parts = export_columns(columns)
    with WRITERS[suffix](path, [heading for heading, _value in parts]) as writer:
        for row in rows.iterator(chunk_size=EXPORT_CHUNK):
            writer.row(value(row) for _heading, value in parts)
            count += 1
            if count % 500 == 0:
                context.progress(count)
    context.job.succeeded = count
    context.progress(count, count)
    context.message(_exported(context.job))


def _user_and_page(context: JobContext) -> tuple[User, ListDefinition[Any]]:
    user = context.user
    if user is None or not user.is_active:
        raise NotAllowed
    page = lists.get(context.params["list"])
    if not page.may_see(user):
        raise NotAllowed
    return user, page


def _action(page: ListDefinition[Any], code: str, user: User) -> BulkAction:
    try:
        return page.action(code, user)
    except PermissionDenied as error:
        raise NotAllowed from error


def _cleaned(action: BulkAction, user: User, data: dict[str, list[str]]) -> dict[str, Any]:
    raw = QueryDict(mutable=True)
    for name, values in data.items():
        raw.setlist(name, values)
    form = action.form(user, raw)
    if not form.is_valid():
        raise DomainError(run_on(*(error for errors in form.errors.values() for error in errors)))
    return form.cleaned_data


def _settled_ids(context: JobContext, page: ListDefinition[Any], user: User) -> list[int]:
    ids: list[int] | None = context.params["ids"]
    if ids is None:
        rows = page.queryset_for(user, QueryDict(context.params["query"]))
        ids = list(rows.values_list("pk", flat=True)[: MAX_ROWS + 1])
        if len(ids) > MAX_ROWS:
            raise TooManyRows
        context.job.params["ids"] = ids
        context.job.save(update_fields=["params"])
    return ids


def _run_chunk(
    context: JobContext,
    page: ListDefinition[Any],
    action: BulkAction,
    fields: dict[str, Any],
    chunk: Sequence[tuple[int, int]],
    user: User,
) -> list[RowResult]:
    """Results of one chunk; rows that the person can't see (any more) aren't touched."""
    rows = page.queryset_for(user, QueryDict(""), ids=[pk for _number, pk in chunk], ordered=False)
    shown = list(rows)
    labels = {row.pk: page.row_label(row) for row in shown}
    pages = {row.pk: {"url": page.row_url(row) or ""} for row in shown}
    visible = [pk for _number, pk in chunk if pk in labels]
    try:
        outcomes = {o.object_id: o for o in action.run(visible, context.actor, fields)} if visible else {}
    except DomainError as error:
        return [
            RowResult(n, labels.get(pk, str(pk)), RowOutcome.ERROR, "", error.message, pages.get(pk)) for n, pk in chunk
        ]
    results = []
    for number, pk in chunk:
        outcome = outcomes.get(pk)
        if pk not in labels:
            gone = gettext("It no longer exists, or you can't see it.")
            results.append(RowResult(number, str(pk), RowOutcome.ERROR, "", gone))
        elif outcome is None:
            results.append(RowResult(number, labels[pk], RowOutcome.SKIPPED, data=pages[pk]))
        else:
            key = outcome.label or labels[pk]
            data = {"url": outcome.url} if outcome.url else pages[pk]
            results.append(RowResult(number, key, RowOutcome(outcome.outcome), outcome.field, outcome.message, data))
    return results


def _columns(page: ListDefinition[Any], user: User, keys: Sequence[str]) -> list[Column]:
    """The chosen columns that the person may see, in the chosen order; all of them where none is chosen."""
    allowed = {column.key: column for column in page.columns_for(user)}
    chosen = [allowed[key] for key in keys if key in allowed]
    return chosen or list(allowed.values())
