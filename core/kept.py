"""Querysets that are turned into SQL once, for what every look at a page asks.

Building a queryset and turning it into SQL takes Django longer than PostgreSQL takes to answer it, and comes out the
same each time but for an id. Here it is done with the first call, and each connection plans the statement once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import get_related_populators
from psycopg2.extensions import AsIs

from core.prepared import Prepared

M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)
_LARGEST = 2**63 - 1


class KeptQuery(Generic[M]):
    """A queryset of objects with select_related() and annotations, without prefetch_related().

    _LINES = KeptQuery(lambda order: OrderLine.objects.filter(order=order), order="bigint")
    _LINES.fetch(order=17)

    Args:
        build: makes the queryset from a placeholder for each of `types`. It is called once: what it gives must not
            depend on the person, the time or the language.
        types: PostgreSQL types of the values that each call gives, by name.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], **types: str) -> None:
        self._build = build
        self.types = types

    def fetch(self, **values: Any) -> list[M]:
        """The objects for these values, in the queryset's order; none for an id that is no bigint."""
        if any(type(value) is int and abs(value) > _LARGEST for value in values.values()):
            return []
        compiled = self.compiled
        return [compiled.object_of(row) for row in compiled.statement.fetch_all(values)]

    def fetch_one(self, **values: Any) -> M | None:
        """The first of fetch(), if any."""
        found = self.fetch(**values)
        return found[0] if found else None

    @cached_property
    def compiled(self) -> "_Compiled":
        """The queryset as SQL, and how objects are made of its rows."""
        places = {name: _Place(name) for name in self.types}
        return _Compiled(self._build(**places), self.types)


class KeptPair(Generic[M, N]):
    """Two kept querysets whose first objects are read by one statement. Their values need different names."""

    def __init__(self, first: KeptQuery[M], second: KeptQuery[N]) -> None:
        self._first = first
        self._second = second

    def fetch_one(self, **values: Any) -> tuple[M | None, N | None]:
        """The first object of each, None where there is none."""
        first, second = self._first.compiled, self._second.compiled
        row = self._statement.fetch_one(values) or ()
        half = 1 + first.width
        return (
            first.object_of(row[1:half]) if row[0] else None,
            second.object_of(row[half + 1 :]) if row[half] else None,
        )

    @cached_property
    def _statement(self) -> Prepared:
        a, b = (compiled.statement.sql for compiled in (self._first.compiled, self._second.compiled))
        sql = f"""
            SELECT a.*, b.* FROM (SELECT) AS one
            LEFT JOIN (SELECT true, q.* FROM ({a}) q LIMIT 1) a ON true
            LEFT JOIN (SELECT true, q.* FROM ({b}) q LIMIT 1) b ON true
        """  # noqa: S608 - Django's SQL
        return Prepared(sql, **self._first.types, **self._second.types)


class _Place(Expression):
    """Stands in a queryset for a value that comes later."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @property
    def mark(self) -> str:
        return f"\x00{self.name}\x00"  # in no other value, because PostgreSQL takes none with it

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [AsIs(self.mark)]


class _Compiled:
    """A queryset's SQL, and how objects are made of its rows: what Django's ModelIterable finds out each time."""

    def __init__(self, queryset: QuerySet[Any], types: Mapping[str, str]) -> None:
        compiler: Any = queryset.query.get_compiler(connection.alias)
        sql, values = compiler.as_sql()
        with connection.cursor() as cursor:
            text = cursor.mogrify(sql, values).decode().replace("%", "%%")  # the queryset's own values stay in it
        for key in types:
            text = text.replace(_Place(key).mark, f"%({key})s")
        self.statement = Prepared(text, **types)
        self.width = len(compiler.select)
        self._model, own = compiler.klass_info["model"], compiler.klass_info["select_fields"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column.target.attname for column, *_rest in compiler.select[self._own]]
        self._related = get_related_populators(  # type: ignore[call-arg]  # the stub is a later version's
            compiler.klass_info, compiler.select, connection.alias
        )
        self._annotations = list((compiler.annotation_col_map or {}).items())
        columns = [column for column, *_rest in compiler.select[: compiler.col_count]]
        self._converters = list(compiler.get_converters(columns).items())

    def object_of(self, row: Sequence[Any]) -> Any:
        """The object that a row stands for, with its relations and annotations."""
        if self._converters:
            row = self._converted(row)
        made = self._model.from_db(connection.alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, made)
        for name, place in self._annotations:
            setattr(made, name, row[place])
        return made

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, (converters, expression) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values
