"""What the admin classes of all apps share."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

from core.accounts.scopes import scope_kind
from core.accounts.selectors import scope_ids

M = TypeVar("M", bound=Model)

# Up to this many rows are counted exactly; beyond, a list says what the planner believes.
_COUNT_LIMIT = 10_000


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Never counts a large table: exact up to 10,000 rows, above that PostgreSQL's estimate."""

    @cached_property
    def count(self) -> int:
        objects: Any = self.object_list
        counted: int = objects.order_by()[: _COUNT_LIMIT + 1].count()
        if counted <= _COUNT_LIMIT:
            return counted
        if objects.query.where:
            return counted
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                [connection.ops.quote_name(objects.model._meta.db_table)],
            )
            return max(counted, int(cursor.fetchone()[0]))


class WithinLimitsFilter(admin.RelatedFieldListFilter):
    """A filter by channel or warehouse: it offers those that the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        choices: Any = super().field_choices(field, request, model_admin)
        allowed = scope_ids(request.user, field.name)
        return [choice for choice in choices if allowed is None or choice[0] in allowed]


admin.FieldListFilter.register(
    lambda field: bool(field.remote_field) and scope_kind(field.name) is not None,
    WithinLimitsFilter,
    take_priority=True,
)


def code_filter(field: str, title: Any, names: Callable[[], Iterable[tuple[str, Any]]]) -> type[admin.SimpleListFilter]:
    """A filter by a column of codes that an app's registry names: it shows the names, and reads no rows for them.

    Args:
        field: the column; also the parameter in the address.
        title: what the filter is called.
        names: gives (code, name) of every code that there is, when the list is drawn.
    """

    class CodeFilter(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return sorted(((code, str(name)) for code, name in names()), key=lambda choice: choice[1])

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    CodeFilter.title = title
    return CodeFilter


class LargeTableAdmin(admin.ModelAdmin[M]):
    """For tables that grow without end."""

    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50


class KeptAdmin(admin.ModelAdmin[M]):
    """For master data that every later row refers to: it is switched off, never deleted.

    Django's page of deletion would read all those rows before it said that it can't be done.
    """

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class ReadOnlyAdmin(LargeTableAdmin[M]):
    """For append-only tables and for rows that only services write: look, search, filter, never change."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False
