"""List pages by key: what the list shows, how it is filtered, and what may be done with many rows.

core.jobs runs bulk actions and exports through this registry, so that a job sees exactly the rows and columns
that the page showed:

    page = lists.get("orders.order")
    rows = page.queryset_for(user, QueryDict("status=held&sort=-placed_at"))   # scoped, filtered, ordered
    columns = page.columns_for(user)                                            # those he may see
    action = page.action("release", user)                                       # raises PermissionDenied
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.urls import reverse

from core.ui.actions import BulkAction
from core.ui.columns import Column
from core.ui.content import EmptyState, PageAction, Text
from core.ui.filters import ConsoleFilterSet
from core.ui.keyset import sort_field

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class PresetView:
    """A view that ships with the list.

    Args:
        code: stable name, in the address as `view=<code>`.
        label: the tab's name.
        query: filters and sort as a query string ("status=held&sort=placed_at").
        roles: Role values for whom this is the view the list opens with.
        permission: needed to see the tab.
    """

    code: str
    label: Text
    query: str = ""
    roles: tuple[str, ...] = ()
    permission: str = ""


class ListDefinition(Generic[M]):
    """The declaration of a list; ListPage (core.ui.views) adds the page to it.

    Attributes:
        key: stable name, "<app>.<noun>" ("orders.order").
        title: the page's heading.
        model: the model of the rows.
        permission: needed to see the list.
        columns: in order of display.
        filterset_class: a ConsoleFilterSet, or None.
        actions: bulk actions.
        views: preset tabs.
        ordering: sort of the first visit: a column's `sort` or "-" + it; "-id" by default.
        page_size: rows per page.
        url_name: the list's own address.
        can_export: whether CSV/XLSX export is offered.
    """

    key: ClassVar[str] = ""
    title: ClassVar[Text] = ""
    model: ClassVar[type[Model]]
    permission: ClassVar[str] = ""
    columns: ClassVar[Sequence[Column]] = ()
    filterset_class: ClassVar[type[ConsoleFilterSet] | None] = None
    actions: ClassVar[Sequence[BulkAction]] = ()
    views: ClassVar[Sequence[PresetView]] = ()
    ordering: ClassVar[str] = "-id"
    page_size: ClassVar[int] = 50
    url_name: ClassVar[str] = ""
    can_export: ClassVar[bool] = True
    icon: ClassVar[str] = "list"

    def get_queryset(self, user: Any) -> QuerySet[M]:
        """The rows that the user may see, with what the columns read already joined or prefetched."""
        raise TypeError(f"{type(self).__name__} defines no get_queryset()")

    def row_url(self, row: M) -> str | None:
        """Where a row's link leads; None for rows without a page."""
        return None

    def peek_url(self, row: M) -> str | None:
        """The address shown in the side panel (Space); the row's page by default."""
        return self.row_url(row)

    def row_label(self, row: M) -> str:
        """The row's name in job results and for screen readers."""
        return str(row)

    def row_class(self, row: M) -> str:
        """A CSS class for the row ("row-danger", "row-muted"), or ""."""
        return ""

    def empty_state(self, user: Any) -> EmptyState:
        """What the list says when there is nothing at all."""
        return EmptyState(title="", icon=self.icon)

    def primary_action(self, user: Any) -> PageAction | None:
        """The one thing to do from this list ("New purchase order")."""
        return None

    def menu(self, user: Any) -> Sequence[PageAction]:
        """Further actions of the page."""
        return ()

    # what jobs and the page share

    def url(self, query: str = "") -> str:
        """The list's address with a query string."""
        path = reverse(self.url_name)
        return f"{path}?{query}" if query else path

    def may_see(self, user: Any) -> bool:
        return bool(user.is_authenticated and (not self.permission or user.has_perm(self.permission)))

    def columns_for(self, user: Any) -> list[Column]:
        """The columns that the user may see, in order."""
        return [column for column in self.columns if not column.permission or user.has_perm(column.permission)]

    def actions_for(self, user: Any) -> list[BulkAction]:
        """The bulk actions that the user may start."""
        return [action for action in self.actions if not action.permission or user.has_perm(action.permission)]

    def action(self, code: str, user: Any) -> BulkAction:
        """The bulk action with this code; PermissionDenied if it doesn't exist for the user."""
        for action in self.actions_for(user):
            if action.code == code:
                return action
        raise PermissionDenied(next((action.permission for action in self.actions if action.code == code), ""))

    def filterset(self, user: Any, query: QueryDict) -> ConsoleFilterSet | None:
        """The bound filters over the rows that the user may see."""
        if self.filterset_class is None:
            return None
        filterset = self.filterset_class(query, queryset=self.get_queryset(user))
        filterset.offer_within(user)
        return filterset

    def queryset_for(
        self,
        user: Any,
        query: QueryDict,
        *,
        ids: Iterable[int] | None = None,
        ordered: bool = True,
        filterset: ConsoleFilterSet | None = None,
    ) -> QuerySet[M]:
        """The rows of a view of this list: scoped to the user, filtered, sorted.

        Args:
            user: whose rights apply.
            query: the list's query string; unknown keys are ignored, filters that don't validate match nothing.
            ids: only these rows (the ticked ones); filters then don't apply.
            ordered: False leaves the order open (for counting).
            filterset: filterset(user, query), where it is there already.

        Raises:
            PermissionDenied: the user may not see the list.
        """
        if not self.may_see(user):
            raise PermissionDenied(self.permission)
        if ids is not None:
            rows = self.get_queryset(user).filter(pk__in=list(ids))
        else:
            filterset = filterset or self.filterset(user, query)
            rows = self.get_queryset(user) if filterset is None else _filtered(filterset)
        if not ordered:
            return rows.order_by()
        sort = self.sort_for(user, query)
        return rows.order_by(sort, "-pk" if sort.startswith("-") else "pk")

    def sort_for(self, user: Any, query: Mapping[str, Any]) -> str:
        """The sort key asked for, if it is a declared one; else the list's own."""
        wanted = str(query.get("sort", ""))
        declared = {column.sort for column in self.columns_for(user) if self.sorts_by(column, user)}
        return wanted if wanted.lstrip("-") in declared else self.ordering

    def sorts_by(self, column: Column, user: Any) -> bool:
        """Whether the list can be sorted by a column for the user."""
        return bool(column.sort) and (not column.sort_permission or user.has_perm(column.sort_permission))

    def check(self) -> list[str]:
        """Mistakes of the declaration, for a test over all lists."""
        problems = []
        keys = [column.key for column in self.columns]
        if len(set(keys)) != len(keys):
            problems.append(f"{self.key}: a column key is used twice")
        for path in [self.ordering.lstrip("-"), *(c.sort for c in self.columns if c.sort)]:
            field: Any = sort_field(self.model._default_manager.all(), path)
            if not (field.primary_key or field.unique or field.db_index or _leads_an_index(self.model, path)):
                problems.append(f"{self.key}: sorting by {path} has no index")
        return problems


def _filtered(filterset: ConsoleFilterSet) -> QuerySet[Any]:
    rows: QuerySet[Any] = filterset.qs if filterset.is_valid() else filterset.queryset.none()
    return rows


def _leads_an_index(model: type[Model], path: str) -> bool:
    for index in model._meta.indexes:
        if index.fields and index.fields[0].lstrip("-") == path:
            return True
    return any(getattr(constraint, "fields", ())[:1] == (path,) for constraint in model._meta.constraints)


_pages: dict[str, type[ListDefinition[Any]]] = {}


def register_list(page: type[ListDefinition[Any]]) -> type[ListDefinition[Any]]:
    """Class decorator-friendly registration; ListPage subclasses with a key register themselves."""
    _pages[page.key] = page
    return page


def get(key: str) -> ListDefinition[Any]:
    """The list with this key. Raises KeyError."""
    return _pages[key]()


def find(key: str) -> ListDefinition[Any] | None:
    """The list registered under a key, or None where the app that had it is gone."""
    return _pages[key]() if key in _pages else None


def keys() -> list[str]:
    """Keys of all lists."""
    return sorted(_pages)
