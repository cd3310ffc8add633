"""Keyset pagination: next and previous stay exact and cost the same on page 1 and on page 10,000.

Rows are ordered by (sort field, id). PostgreSQL's own order of nulls is kept (last when ascending, first when
descending), so that one plain index on (field, id) serves both directions. Rows with and without a value are
fetched as separate segments, because a row comparison such as (a, id) > (x, y) is what the index can answer.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import F, Field, Model, QuerySet, prefetch_related_objects
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from core.ui.columns import read

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Cursor:
    """The row that a page starts after: its sort value (None for null or when sorting by id) and its id."""

    value: Any
    pk: int


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page; `next` and `previous` are encoded cursors, "" where there is nothing more."""

    rows: list[M]
    next: str
    previous: str


class InvalidCursor(ValueError):
    """The cursor in the address isn't one of ours."""


def encode_cursor(cursor: Cursor) -> str:
    """URL-safe text of a cursor: base64 of the JSON array [value, id]."""
    value = cursor.value
    if isinstance(value, (datetime, date)):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    return urlsafe_b64encode(json.dumps([value, cursor.pk]).encode()).decode().rstrip("=")


def decode_cursor(text: str, field: "Field[Any, Any]") -> Cursor:
    """Inverse of encode_cursor(); `field` turns the value back into its type. Raises InvalidCursor."""
    try:
        value, pk = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(None if value is None else field.to_python(value), int(pk))
    except Exception as error:
        if isinstance(error, (ValueError, TypeError, binascii.Error)) or hasattr(error, "messages"):
            raise InvalidCursor(text) from error
        raise


def sort_field(queryset: QuerySet[M], path: str) -> "Field[Any, Any]":
    """The model field at the end of a lookup path such as "customer__name"."""
    model: Any = queryset.model
    field: Any = None
    for name in path.split("__"):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        model = field.related_model if field.is_relation else None
    return field  # type: ignore[no-any-return]


def paginate(queryset: QuerySet[M], *, sort: str, size: int, after: str = "", before: str = "") -> Page[M]:
    """One page of rows.

    Args:
        queryset: filtered rows; its own ordering is replaced.
        sort: field path, "-" in front for descending; "id" and "-id" need no second key.
        size: rows on the page.
        after, before: an encoded cursor; "" for the first page.

    Raises:
        InvalidCursor: `after` or `before` can't be read.
    """
    descending, path = sort.startswith("-"), sort.lstrip("-")
    field = sort_field(queryset, path)
    cursor = decode_cursor(after or before, field) if after or before else None
    backwards = bool(before and not after)
    walk = _Walk(path=path, field=field, descending=descending != backwards)
    rows = walk.rows(queryset, cursor, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more if not backwards else True)
    has_previous = bool(rows) and (more if backwards else cursor is not None)
    return Page(
        rows,
        encode_cursor(walk.cursor(rows[-1])) if has_next else "",
        encode_cursor(walk.cursor(rows[0])) if has_previous else "",
    )


@dataclass(frozen=True)
class _Walk:
    """A direction through the rows: one or two segments (with a value, without one), in order."""

    path: str
    field: "Field[Any, Any]"
    descending: bool

    @property
    def by_id(self) -> bool:
        return self.field.primary_key and "__" not in self.path

    @property
    def nullable(self) -> bool:
        return not self.by_id and (self.field.null or "__" in self.path)

    def cursor(self, row: Model) -> Cursor:
        return Cursor(None if self.by_id else read(row, self.path.replace("__", ".")), row.pk)

    def rows(self, queryset: QuerySet[M], cursor: Cursor | None, limit: int) -> list[M]:
        prefetches = queryset._prefetch_related_lookups  # type: ignore[attr-defined]  # noqa: SLF001
        found: list[M] = []
        for segment in self._segments(queryset.prefetch_related(None), cursor):
            found += segment[: limit - len(found)]
            if len(found) >= limit:
                break
        if prefetches:
            prefetch_related_objects(found, *prefetches)
        return found

    def _segments(self, queryset: QuerySet[M], cursor: Cursor | None) -> list[QuerySet[M]]:
        if self.by_id:
            return [self._by_id(queryset, cursor)]
        if not self.nullable:
            return [self._by_value(queryset, cursor)]
        nulls = queryset.filter(**{f"{self.path}__isnull": True})
        values = queryset.filter(**{f"{self.path}__isnull": False})
        if cursor is None:
            pair = [self._by_value(values, None), self._by_id(nulls, None)]
            return pair[::-1] if self.descending else pair
        if cursor.value is None:
            rest = self._by_id(nulls, cursor)
            return [rest, self._by_value(values, None)] if self.descending else [rest]
        rest = self._by_value(values, cursor)
        return [rest] if self.descending else [rest, self._by_id(nulls, None)]

    def _by_id(self, queryset: QuerySet[M], cursor: Cursor | None) -> QuerySet[M]:
        if cursor is not None:
            queryset = queryset.filter(**{"pk__lt" if self.descending else "pk__gt": cursor.pk})
        return queryset.order_by("-pk" if self.descending else "pk")

    def _by_value(self, queryset: QuerySet[M], cursor: Cursor | None) -> QuerySet[M]:
        if cursor is not None:
            compare = TupleLessThan if self.descending else TupleGreaterThan
            queryset = queryset.filter(compare(Tuple(F(self.path), F("pk")), (cursor.value, cursor.pk)))
        sign = "-" if self.descending else ""
        return queryset.order_by(f"{sign}{self.path}", f"{sign}pk")
