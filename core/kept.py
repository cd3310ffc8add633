"""Querysets that are turned into SQL once, for what every look at a page asks.

Building a queryset and turning it into SQL takes Django longer than PostgreSQL takes to answer it, and comes out the
same each time but for an id. Here it is done with the first call, and each connection plans the statement once.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import ModelIterable
from psycopg2.extensions import AsIs

from core.prepared import Prepared

M = TypeVar("M", bound=Model)
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
        self._types = types

    def fetch(self, **values: Any) -> list[M]:
        """The objects for these values, in the queryset's order; none for an id that is no bigint."""
        if any(type(value) is int and abs(value) > _LARGEST for value in values.values()):
            return []
        rows = self._compiled.statement.fetch_all(values)
        answer: Any = _Answer(self._compiled, rows)
        return list(ModelIterable(answer))

    @cached_property
    def _compiled(self) -> "_Compiled":
        places = {name: _Place(name) for name in self._types}
        return _Compiled(self._build(**places), self._types)


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
    """A queryset's SQL, and what Django knows about its columns."""

    def __init__(self, queryset: QuerySet[Any], types: Mapping[str, str]) -> None:
        compiler: Any = queryset.query.get_compiler(connection.alias)
        sql, values = compiler.as_sql()
        with connection.cursor() as cursor:
            text = cursor.mogrify(sql, values).decode().replace("%", "%%")  # the queryset's own values stay in it
        for key in types:
            text = text.replace(_Place(key).mark, f"%({key})s")
        self.statement = Prepared(text, **types)
        self.query = queryset.query
        names = ("select", "klass_info", "annotation_col_map", "col_count")
        self.columns = {name: getattr(compiler, name) for name in names}


class _Answer:
    """What ModelIterable asks of a queryset and its compiler, with the rows already read."""

    _known_related_objects: Mapping[Any, Any] = {}

    def __init__(self, compiled: _Compiled, rows: list[tuple[Any, ...]]) -> None:
        self.db = connection.alias
        self.query = self
        self._compiled = compiled
        self._rows = rows

    def get_compiler(self, using: str) -> Any:
        compiler: Any = self._compiled.query.get_compiler(using)
        vars(compiler).update(self._compiled.columns)
        compiler.execute_sql = lambda **_options: [self._rows]
        return compiler
