"""Set-based writes for PostgreSQL: many rows, one statement.

Rows are sequences of Python values in the order of `columns`. Columns are attnames (`order_id`, not
`order`). Values pass through the model field's own preparation, so encrypted and JSON fields work;
`auto_now`, `default` and `save()` do not run: give every value.
"""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from types import NoneType
from typing import Any, BinaryIO, TypeVar, cast

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, connection, migrations, models, transaction

from core.copying import copy_text
from core.late import COPY_BYTES
from core.prepared import Prepared, prepared


class EncodedJson(str):
    """A value of a JSONField that is text of JSON already."""

    __slots__ = ()


M = TypeVar("M", bound=models.Model)
Row = Sequence[Any]

_NEXT_IDS = Prepared(
    "SELECT nextval(pg_get_serial_sequence(%(table)s, %(column)s)) FROM generate_series(1, %(count)s)", count="int"
)


def insert_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    on_conflict: str = "",
    returning: Sequence[str] = (),
) -> list[tuple[Any, ...]]:
    """Insert all rows with one INSERT … SELECT FROM unnest(…).

    `on_conflict` is trusted SQL such as "ON CONFLICT (channel_id, external_id) DO NOTHING".
    Returns the `returning` columns of the rows that were written, in no promised order when
    conflicts were skipped; an empty list when `returning` is empty.
    """
    if not rows:
        return []
    sql, params = insert_statement(model, columns, rows)
    sql = f"{sql} {on_conflict}"
    if not returning:
        prepared(sql).run(params)
        return []
    sql += " RETURNING " + ", ".join(_quote(_field(model, name).column) for name in returning)
    return prepared(sql).fetch_all(params)


def insert_statement(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], *, where: str = ""
) -> tuple[str, list[str]]:
    """The INSERT … SELECT FROM unnest(…) of insert_rows() and its parameters, to be put into a larger statement.

    `where` is trusted SQL that limits the rows; it sees them as `u`.
    """
    shape = _shape(model, tuple(columns))
    return f"{shape.insert} {where}", shape.array_literals(rows)


def update_rows(model: type[models.Model], key: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Update all rows with one UPDATE … FROM unnest(…); the first value of every row is the key.

    `columns` names the other values (a leading `key` in it is allowed). Returns the number updated.
    """
    if not rows:
        return 0
    names = columns[1:] if columns and columns[0] == key else columns
    shape = _shape(model, (key, *names))
    with connection.cursor() as cursor:
        prepared(shape.update).execute(cursor, shape.array_literals(rows))
        return cast("int", cursor.rowcount)


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """COPY rows into the model's table inside the current transaction; for thousands of rows."""
    encoders = _shape(model, tuple(columns)).encoders
    return copy_texts(
        model,
        columns,
        [copy_text([encode(value) for encode, value in zip(encoders, row, strict=True)]) for row in rows],
    )


def copy_texts(model: type[models.Model], columns: Sequence[str], rows: Sequence[str]) -> int:
    """copy_rows() for rows that are in the text form of COPY already (core.copying)."""
    if not rows:
        return 0
    sql, data = _shape(model, tuple(columns)).copy, io.BytesIO("\n".join([*rows, ""]).encode())
    wrapper: Any = connection  # a core.postgres.base.DatabaseWrapper
    if wrapper.late is None or not wrapper.late.take_copy(sql, data):
        _copy(sql, data)
    return len(rows)


def _copy(sql: str, data: BinaryIO) -> None:
    with connection.cursor() as cursor:

        def copy(sql: str, *_statement: Any) -> None:
            # Django doesn't know copy_expert() and would let psycopg2's own errors through, an outage's among them.
            with connection.wrap_database_errors:
                cursor.copy_expert(sql, data, COPY_BYTES)

        execute: Callable[..., None] = copy
        for wrapper in reversed(connection.execute_wrappers):
            execute = partial(wrapper, execute)
        # COPY shares no message with other statements: the third argument says so, as it does of executemany().
        execute(sql, None, True, {"connection": connection, "cursor": cursor})


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Take `count` ids from the model's sequence, so that children know parents before COPY."""
    pk = model._meta.pk
    rows = _NEXT_IDS.fetch_all({"table": _quote(model._meta.db_table), "column": pk.column, "count": count})
    return [row[0] for row in rows]


def claim(queryset: models.QuerySet[M], limit: int) -> list[M]:
    """Lock up to `limit` rows that nobody else holds. Must run inside a transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("claim() needs an open transaction")
    return list(queryset.select_for_update(skip_locked=True, of=("self",))[:limit])


class AppendOnlyTrigger(migrations.RunSQL):
    """Migration operation: the table refuses UPDATE and DELETE (TRUNCATE stays, for tests).

    `SET LOCAL ecom.allow_ledger_change = 'on'` lifts it for one transaction.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(sql=_TRIGGER.format(table=table), reverse_sql=_DROP_TRIGGER.format(table=table))

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return ("AppendOnlyTrigger", [self.table], {})

    def describe(self) -> str:
        return f"Make {self.table} append-only"


_TRIGGER = """
CREATE OR REPLACE FUNCTION ecom_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF current_setting('ecom.allow_ledger_change', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $body$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"
    FOR EACH ROW EXECUTE FUNCTION ecom_refuse_change();
"""
_DROP_TRIGGER = 'DROP TRIGGER append_only ON "{table}";'


def _field(model: type[models.Model], attname: str) -> "models.Field[Any, Any]":
    found = _fields(model).get(attname)
    if found is None:
        raise FieldDoesNotExist(f"{model.__name__} has no column {attname!r}")
    return found


@lru_cache(maxsize=512)
def _fields(model: type[models.Model]) -> "dict[str, models.Field[Any, Any]]":
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {**fields, "pk": model._meta.pk}


def _quote(name: str | None) -> str:
    return connection.ops.quote_name(name or "")


def _base_type(field: "models.Field[Any, Any]") -> str:
    """The column type without length or precision: a cast to varchar(3) would cut text silently."""
    return str(field.db_type(connection)).split("(", 1)[0].strip()


class _Shape:
    """Columns of a model, with what every write of them needs again: encoders and the text of the statements."""

    def __init__(self, model: type[models.Model], columns: tuple[str, ...]) -> None:
        fields = [_field(model, column) for column in columns]
        table, names = _quote(model._meta.db_table), [_quote(field.column) for field in fields]
        listed, select = ", ".join(names), _select(fields)
        assignments = ", ".join(f"{name} = r.{name}" for name in names[1:])
        self.encoders = [_encoder(field) for field in fields]
        # Names come from models and are quoted.
        self.insert = f"INSERT INTO {table} ({listed}) {select}"
        self.update = f"UPDATE {table} AS t SET {assignments} FROM ({select}) AS r WHERE t.{names[0]} = r.{names[0]}"  # noqa: S608
        self.copy = f"COPY {table} ({listed}) FROM STDIN"

    def array_literals(self, rows: Sequence[Row]) -> list[str]:
        """One array in PostgreSQL's text form for each column."""
        columns = zip(*rows, strict=True) if rows else [()] * len(self.encoders)
        return [_array_literal(_texts(encode, values)) for encode, values in zip(self.encoders, columns, strict=True)]


_shape = lru_cache(maxsize=512)(_Shape)


def _select(fields: "Sequence[models.Field[Any, Any]]") -> str:
    types, picked, names = [], [], []
    for field in fields:
        name = _quote(field.column)
        names.append(name)
        if isinstance(field, ArrayField):  # unnest would flatten an array of arrays
            types.append("%s::text[]")
            picked.append(f"u.{name}::{_base_type(field.base_field)}[] AS {name}")
        else:
            types.append(f"%s::{_base_type(field)}[]")
            picked.append(f"u.{name}")
    return f"SELECT {', '.join(picked)} FROM unnest({', '.join(types)}) AS u({', '.join(names)})"  # noqa: S608 - as above


def _texts(encode: "Callable[[Any], str | None]", values: Sequence[Any]) -> Sequence[str | None]:
    """A column's values in text form; a column of one plain type takes no call per value."""
    if encode is _text:
        kinds = set(map(type, values))
        if kinds == {str}:
            return values
        if kinds <= {int, Decimal}:
            return list(map(str, values))
        if kinds == {datetime}:
            return list(map(datetime.isoformat, values))
        if kinds == {NoneType}:
            return values
        if all(issubclass(kind, str) for kind in kinds):  # members of an enum of strings
            return list(map(str.__str__, values))
    return list(map(encode, values))


def _array_literal(texts: Sequence[str | None]) -> str:
    if None not in texts:
        # Most columns hold nothing that needs escaping: one look at the whole instead of one at each item.
        joined = '","'.join(cast("Sequence[str]", texts))
        if "\\" not in joined and joined.count('"') == 2 * (len(texts) - 1):
            return f'{{"{joined}"}}' if texts else "{}"
    return "{" + ",".join(map(_array_item, texts)) + "}"


def _array_item(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encoder(field: "models.Field[Any, Any]") -> Callable[[Any], str | None]:
    """A function from a Python value to PostgreSQL's text input form of it."""
    if isinstance(field, ArrayField):
        item = _encoder(field.base_field)
        return lambda value: None if value is None else _array_literal(list(map(item, value)))
    if isinstance(field, models.ForeignKey):
        return _encoder(field.target_field)

    def encode(value: Any) -> str | None:
        return _text(field.get_db_prep_save(value, connection))

    if type(field) in _PLAIN_FIELDS:
        return _text
    if type(field) is models.JSONField:
        return _json_encoder(field)
    return encode


def _json_encoder(field: "models.JSONField[Any, Any]") -> Callable[[Any], str | None]:
    dump = (field.encoder or json.JSONEncoder)().encode

    def encode(value: Any) -> str | None:
        if value is None or type(value) is EncodedJson:
            return cast("str | None", value)
        return dump(value)

    return encode


def _text(value: Any) -> str | None:
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return cast("str", value)
    if kind is int or kind is Decimal or kind is float:
        return str(value)
    if kind is bool:
        return "t" if value else "f"
    return _rare_text(value)


def _rare_text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value / timedelta(microseconds=1):.0f} microseconds"
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    adapted = getattr(value, "adapted", None)  # psycopg2's Json and Binary wrappers
    if isinstance(adapted, bytes | bytearray | memoryview):
        return "\\x" + bytes(adapted).hex()
    if hasattr(value, "dumps"):
        return cast("str", value.dumps(adapted))
    return str(value)


# Fields whose values need no preparation beyond their text form.
_PLAIN_FIELDS = frozenset(
    {
        models.BigAutoField,
        models.BigIntegerField,
        models.BooleanField,
        models.CharField,
        models.DateField,
        models.DateTimeField,
        models.DecimalField,
        models.IntegerField,
        models.PositiveIntegerField,
        models.PositiveSmallIntegerField,
        models.SmallIntegerField,
        models.TextField,
        models.UUIDField,
    }
)


def is_outage(error: Exception) -> bool:
    """Whether the database was away, rather than the statement wrong.

    psycopg2 has no class for a server that dies while a statement runs: it raises DatabaseError itself.
    """
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError
