"""Importing a file of orders: every row is accounted for, and the same file again adds nothing.

Four things go on at the same time: while the database takes a batch, the next ones are read and parsed, the one before
it is committed, and the orders of those before that are validated. A batch's own statements are prepared while the
database executes those before them. Batches are taken one after the other, so that ids, customers and the search for
orders placed twice are the same as if nothing went on beside.
"""

import json
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.exceptions import DomainError
from core.jobs.context import JobContext, RowResult
from core.jobs.enums import RowOutcome
from core.jobs.models import Job
from core.jobs.registry import job_kind
from core.late import writing_beside
from core.overlapping import RightOfWay, ahead, behind, bulk_work
from core.relay import Leg, relay
from core.tabular import Table, open_table
from core.words import listed, run_on, said_of
from orders.enums import IntakeOutcome, IntakeSource
from orders.importing.assemble import NOT_ORDERS, Assembler, FileOrder, ScatteredOrders
from orders.importing.kept import KeptOrders
from orders.importing.mapping import FileMapping, Options, importable_fields
from orders.models import Channel
from orders.schema import Defaults, FieldError
from orders.schema.words import field_words
from orders.services.import_catalogue import Article, articles_of, create_catalogue
from orders.services.intake import IntakeResult, receive_prepared
from orders.services.intake_entries import Entry, defaults_of, prepare
from orders.services.validate import validate_orders

logger = logging.getLogger(__name__)

IMPORT_ORDERS = "orders.import_file"
# Twice what the door takes from others: fewer statements, fewer turns of the threads, and each SKU is asked for less.
MAX_BATCH_ORDERS = 1000
MAX_BATCH_ROWS = 16_000
_ANY_ID = 1234567890
_AHEAD = 2
_BEHIND = 2
_FOUND = "counts"
_INDEX = re.compile(r"\[\d+\]")
_COPIED = attrgetter("copied")


def _summary(job: Job) -> str:
    return account_words(job.params[_FOUND], job.params["columns"]) if _FOUND in job.params else job.message


@job_kind(IMPORT_ORDERS, gettext_lazy("Import orders"), "orders.import_order", summary=_summary)
def import_orders(context: JobContext) -> None:
    """Import the job's file by `params`: channel_id, columns, options, and optionally catalogue.

    `catalogue` is {"opening_stock": per cent of the units ordered in the file, "warehouse": code}: SKUs that the
    file names and that aren't known are made first. A job whose worker died starts over and leaves out the orders
    whose rows have their result: it was written in the transaction that took them.
    """
    channel = Channel.objects.get(pk=context.params["channel_id"])
    mapping = mapping_from(context.params)
    if missing := mapping.missing():
        names = listed(importable_fields()[path] for path in missing)
        raise DomainError(_("No column is mapped to: %(fields)s.") % {"fields": names}, "unmapped")
    done = context.job.succeeded + context.job.failed + context.job.skipped
    way = RightOfWay()
    with (
        bulk_work(),
        _orders(context, mapping) as (orders, total, articles),
        ahead(_batches(_to_take(orders, context), defaults_of(channel), way), depth=_AHEAD) as batches,
        behind(partial(_validate, way), depth=_BEHIND) as validate,
        relay(batches, partial(_take, context, mapping, channel, way)) as taken,
    ):
        context.progress(done, total)
        if articles:
            create_catalogue(channel, articles, mapping.options, context.actor, **context.params["catalogue"])
        for new_orders in taken:
            validate(new_orders)
        found = account(context.job.pk)
    context.keep(_FOUND, found)
    context.message(account_words(found, mapping.columns))


def mapping_from(params: dict[str, Any]) -> FileMapping:
    """The mapping that a job's parameters hold."""
    return FileMapping(params["columns"], Options.from_json(params.get("options", {})))


@contextmanager
def _open(context: JobContext, mapping: FileMapping, *, clean: bool = True) -> Iterator[tuple[Assembler, Table]]:
    """The job's file with its assembler; a table can be read once, so each pass opens it anew."""
    with open_table(context.input_path(), allow_gzip=True, clean=clean) as table:
        assembler = Assembler(mapping, table.header)
        absent = [heading for path, heading in mapping.columns.items() if path not in assembler.columns]
        if absent and not {"external_id", "group"} & set(assembler.columns):
            raise DomainError(_("The file has no column “%(name)s”.") % {"name": absent[0]}, "missing_column")
        yield assembler, table


def _look(context: JobContext, mapping: FileMapping) -> tuple[dict[str, int], int]:
    """One pass over the file: ({order key: its last row}, the number of rows)."""
    with _open(context, mapping, clean=False) as (assembler, table):
        total = 0
        last_rows: dict[str, int] = {}
        for key, number in assembler.keys(table):
            last_rows[key] = number
            total += 1
    return last_rows, total


@contextmanager
def _orders(
    context: JobContext, mapping: FileMapping
) -> Iterator[tuple[Iterable[FileOrder], int, Collection[Article]]]:
    """The file's orders, the number of its rows, and the articles that they name if the job asks for a catalogue."""
    if context.params.get("catalogue") is None:
        last_rows, total = _look(context, mapping)
        with _open(context, mapping) as (assembler, table):
            yield assembler.orders(table, last_rows), total, ()
        return
    with KeptOrders() as kept:
        try:
            with _open(context, mapping) as (assembler, table):
                articles = articles_of(kept.keep(assembler.neighbours(table)))
        except ScatteredOrders:
            last_rows, _total = _look(context, mapping)
            with _open(context, mapping) as (assembler, table):
                articles = articles_of(kept.keep(assembler.orders(table, last_rows)))
        yield kept, kept.row_count, articles


def _to_take(orders: Iterable[FileOrder], context: JobContext) -> Iterator[FileOrder]:
    """Without those that have their result already, and those that a repetition of failed rows isn't about."""
    only = context.params.get("only_rows")
    wanted = None if only is None else frozenset(only)
    reported = context.reported_rows()
    return (
        order
        for order in orders
        if order.rows[0] not in reported and (wanted is None or not wanted.isdisjoint(order.rows))
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    """Orders of the file with their messages as the door takes them, None for what is no order at all."""

    orders: Sequence[FileOrder]
    entries: Sequence[Entry | None]


def _batches(orders: Iterable[FileOrder], defaults: Defaults, way: RightOfWay) -> Iterator[_Batch]:
    batch: list[FileOrder] = []
    rows = 0
    for order in way.steps(orders):
        batch.append(order)
        rows += len(order.rows)
        if len(batch) >= MAX_BATCH_ORDERS or rows >= MAX_BATCH_ROWS:
            yield _prepared(batch, defaults, way)
            batch, rows = [], 0
    if batch:
        yield _prepared(batch, defaults, way)


def _prepared(orders: Sequence[FileOrder], defaults: Defaults, way: RightOfWay) -> _Batch:
    taken = [order for order in orders if not _is_no_order(order)]
    entries = prepare(
        [order.refusals or order.payload for order in taken],
        way.steps(order.message() for order in taken),
        defaults=defaults,
        keep_raw=True,
    )
    _write_lines(way.steps(entries))
    remaining = iter(entries)
    return _Batch(orders, [None if _is_no_order(order) else next(remaining) for order in orders])


def _write_lines(entries: Iterable[Entry]) -> None:
    """Write out what lines keep of themselves: the door's turn is what all others wait for."""
    for entry in entries:
        if entry.order:
            deque(map(_COPIED, entry.order.lines), maxlen=0)


def _take(
    context: JobContext, mapping: FileMapping, channel: Channel, way: RightOfWay, batch: _Batch, leg: Leg
) -> list[int]:
    """Hand the orders of a batch to intake, with the results of their rows; returns the ids of new orders."""

    def catch_up() -> bool:
        with way.aside():
            return leg.catch_up()

    with transaction.atomic():
        with way.main_line(), writing_beside():
            results = receive_prepared(
                channel,
                [entry for entry in batch.entries if entry is not None],
                source=IntakeSource.FILE,
                actor=context.actor,
                received_at=timezone.now(),
                catch_up=catch_up,
            )
            catch_up()  # where nothing was an order
            context.rows(_in_words(row, mapping) for row in _reports(batch, results))
            context.progress(context.job.processed + sum(len(order.rows) for order in batch.orders))
            context.flush()
        leg.pass_on()
    return [result.order_id for result in results if result.order_id and result.outcome == IntakeOutcome.ACCEPTED]


def _validate(way: RightOfWay, order_ids: Sequence[int]) -> None:
    """Validate new orders at once, on a connection of its own; what fails stays due for the stage."""
    try:
        with way.beside():
            validate_orders(order_ids)
    except Exception:
        logger.exception("Orders of a file weren't validated at once")


def _reports(batch: _Batch, results: Sequence[IntakeResult]) -> Iterator[RowResult]:
    """What became of the batch's rows; what is no order at all is reported and wasn't handed on."""
    remaining = iter(results)
    for order, entry in zip(batch.orders, batch.entries, strict=True):
        if entry is None:
            yield from _refused_rows(order, order.refusals[0], RowOutcome.SKIPPED)
        else:
            yield from _rows(order, next(remaining))


def _is_no_order(order: FileOrder) -> bool:
    return bool(order.refusals) and order.refusals[0].code in NOT_ORDERS


def _rows(order: FileOrder, result: IntakeResult) -> Iterator[RowResult]:
    if result.outcome == IntakeOutcome.REJECTED:
        yield from _rejected_rows(order, [FieldError.from_json(entry) for entry in result.errors])
        return
    repeated, link = frozenset(order.repeated), _link(result.order_id)
    first, *also = [row for row in order.rows if row not in repeated]
    if result.outcome == IntakeOutcome.DUPLICATE:
        outcome, code = RowOutcome.SKIPPED, "duplicate"
        message = _("Order %(number)s has this already.") % {"number": result.order_number}
    else:
        outcome, code = (RowOutcome.WARNING if result.errors else RowOutcome.OK), ""
        message = FieldError.from_json(result.errors[0]).reason if result.errors else result.order_number
    yield RowResult(first, order.external_id, outcome, "", message, {"code": code, **link}, also)
    if repeated:
        error = FieldError("", "repeated_row")
        for row in order.repeated:
            yield _row(row, order, RowOutcome.SKIPPED, error)


def _rejected_rows(order: FileOrder, errors: list[FieldError]) -> Iterator[RowResult]:
    """Every row of a refused order fails: with its own line's error, or with the order's first."""
    by_row: dict[int, FieldError] = {}
    for error in errors:
        place = _line_of(error.field)
        if place is not None and place < len(order.line_rows):
            by_row.setdefault(order.line_rows[place], error)
    for row in order.rows:
        error = by_row.get(row, errors[0])
        yield _row(row, order, RowOutcome.ERROR, error)


def _refused_rows(order: FileOrder, error: FieldError, outcome: RowOutcome) -> Iterator[RowResult]:
    for row in order.rows:
        yield _row(row, order, outcome, error)


def _row(number: int, order: FileOrder, outcome: RowOutcome, error: FieldError) -> RowResult:
    why: dict[str, Any] = {"code": error.code}
    if error.field:
        why["field"] = _INDEX.sub("", error.field)
    if error.params:
        why["params"] = dict(error.params)
    return RowResult(number, order.external_id, outcome, error.field, error.reason, why)


def _link(order_id: int | None) -> dict[str, str]:
    """The order's page, for the row's key to lead to."""
    return {"url": _order_path() % order_id} if order_id else {}


@lru_cache(maxsize=1)
def _order_path() -> str:
    """The address of an order's page with %d for its id: resolving it anew for every order takes long."""
    return reverse("orders:order_detail", args=[_ANY_ID]).replace("%", "%%").replace(str(_ANY_ID), "%d")


def _in_words(row: RowResult, mapping: FileMapping) -> RowResult:
    """The result with its field as the file calls it."""
    return replace(row, field=_name(row.field, mapping.columns)) if row.field else row


def _name(path: str, columns: Mapping[str, str]) -> str:
    """The heading of the file's column for "lines[0].quantity", or the field's name without one."""
    path = _INDEX.sub("", path)
    return str(columns.get(path) or importable_fields().get(path) or field_words(path))


def _line_of(path: str) -> int | None:
    """3 for "lines[3].quantity"."""
    if not path.startswith("lines["):
        return None
    return int(path[6 : path.index("]")])


_TOTALS = """
SELECT CASE WHEN outcome IN ('ok', 'warning') THEN 'accepted'
            WHEN data->>'code' IN ('duplicate', 'repeated_row') THEN 'duplicate' ELSE 'rejected' END,
       sum(1 + COALESCE(jsonb_array_length(data->'also'), 0))::bigint,
       count(DISTINCT key) FILTER (WHERE COALESCE(data->>'code', '') <> 'repeated_row')
  FROM jobs_jobrow WHERE job_id = %s GROUP BY 1
"""
_REASONS = """
SELECT data->>'code', COALESCE(data->>'field', ''), COALESCE(data->>'params', '{}'),
       sum(1 + COALESCE(jsonb_array_length(data->'also'), 0))::bigint, count(DISTINCT key)
  FROM jobs_jobrow
 WHERE job_id = %s AND outcome IN ('error', 'skipped') AND data->>'code' <> 'duplicate'
 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""


def account(job_id: int) -> dict[str, Any]:
    """Where all rows of a job went.

    `totals`: {"accepted", "duplicate" or "rejected": [lines, orders]}; `reasons`: a list of [code, field's path without
    indexes, the reason's parameters, lines, orders], the most frequent first. An order whose lines fail for two
    reasons is counted with both, and once in the totals.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [job_id])
        totals = {kind: [lines, orders] for kind, lines, orders in cursor.fetchall()}
        cursor.execute(_REASONS, [job_id])
        reasons = [[code, path, json.loads(params), *counts] for code, path, params, *counts in cursor.fetchall()]
    return {"totals": totals, "reasons": reasons}


def account_words(found: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """What account() `found` in words: accepted + duplicate + rejected = read, in lines and in orders; the reasons.

    `columns` are the mapping's, {field path: column heading}: reasons name the file's columns.
    """
    totals = {kind: found["totals"].get(kind, (0, 0)) for kind in ("accepted", "duplicate", "rejected")}
    reasons = [_reason(columns, *reason) for reason in found["reasons"]]
    lines = {kind: counts[0] for kind, counts in totals.items()}
    orders = {kind: counts[1] for kind, counts in totals.items()}
    return "\n".join([_sum(_("Lines"), lines), _sum(_("Orders"), orders), *reasons])


def _sum(what: str, counts: dict[str, int]) -> str:
    return _("%(what)s: %(read)d read = %(accepted)d accepted + %(duplicate)d duplicate + %(rejected)d rejected") % {
        "what": what,
        "read": sum(counts.values()),
        **counts,
    }


def _reason(
    columns: Mapping[str, str], code: str, path: str, params: Mapping[str, Any], line_count: int, order_count: int
) -> str:
    """ "2 lines of 1 order: Quantity must be a whole number"."""
    lines = ngettext("%(count)d line", "%(count)d lines", line_count) % {"count": line_count}
    orders = ngettext("%(count)d order", "%(count)d orders", order_count) % {"count": order_count}
    where = _("%(lines)s of %(orders)s") % {"lines": lines, "orders": orders}
    words = FieldError(path, code, params).reason
    return said_of(where, run_on(_name(path, columns), words) if path else words)
