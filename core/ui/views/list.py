"""The list page: filters, saved views, columns, keyset pagination, bulk actions, export."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from core.accounts.enums import Role
from core.ui import lists, saved_views, trail
from core.ui.cells import RowDrawer, row_drawer
from core.ui.columns import Column
from core.ui.content import allowed_actions
from core.ui.counting import count_label, quick_counts
from core.ui.filters import ConsoleFilterSet
from core.ui.keyset import InvalidCursor, Page, paginate
from core.ui.views.base import ConsoleView, is_fragment

M = TypeVar("M", bound=Model)


class ListPage(lists.ListDefinition[M], ConsoleView):
    """A list page. Subclass with the declarations of ListDefinition and route it; see docs/guide/list-page.md."""

    template_name = "generic/list.html"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.key:
            lists.register_list(cls)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.GET:
            opening = saved_views.opening_view(self, request.user)
            if opening is not None:
                return HttpResponseRedirect(opening.url)
        if "counts" in request.GET:
            return self._counts(request)
        context = self.list_context(request)
        fragment = is_fragment(request) and request.headers.get("HX-Target") == "list"
        return self.page("generic/_list.html" if fragment else "", context)

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        """Everything that the list's template reads."""
        user, query = request.user, request.GET
        filterset = self.filterset(user, query)
        page = self._page(user, query, filterset)
        columns = saved_views.visible_columns(self, user, query)
        trail.remember(request, self.key, [row.pk for row in page.rows])
        chips = filterset.chips() if filterset else []
        return {
            "page": self,
            "filterset": filterset,
            "chips": chips,
            "columns": columns,
            "headings": [self._heading(column, query) for column in columns],
            "rows": self._rows(page.rows, columns),
            "tabs": saved_views.tabs(self, user, query),
            "pagination": page,
            "next_query": _with(query, after=page.next) if page.next else "",
            "previous_query": _with(query, before=page.previous) if page.previous else "",
            "query": _filters_only(query),
            "has_filters": bool(chips or query.get("q")),
            "bulk_actions": self.actions_for(user),
            "primary": self._primary(user),
            "menu_actions": allowed_actions(self.menu(user), user),
            "all_columns": self.columns_for(user),
            "empty": self.empty_state(user),
            "sort": self.sort_for(user, query),
            "density": getattr(user, "density", "dense"),
            "export_url": _url("jobs:export") if self.can_export else "",
            "bulk_url": _url("jobs:bulk"),
            "roles": Role.choices,
            "may_share": user.has_perm("ui.share_view"),
        }

    def _primary(self, user: Any) -> Any:
        primary = self.primary_action(user)
        return next(iter(allowed_actions([primary], user)), None) if primary else None

    def _page(self, user: Any, query: QueryDict, filterset: ConsoleFilterSet | None) -> Page[M]:
        try:
            return paginate(
                self.queryset_for(user, query, ordered=False, filterset=filterset),
                sort=self.sort_for(user, query),
                size=self.page_size,
                after=query.get("after", ""),
                before=query.get("before", ""),
            )
        except InvalidCursor as error:
            raise Http404(_("This address isn't complete.")) from error

    def _rows(self, rows: Sequence[M], columns: list[Column]) -> list[dict[str, Any]]:
        draw = row_drawer(columns)
        return [self._row(row, draw) for row in rows]

    def _row(self, row: M, draw: RowDrawer) -> dict[str, Any]:
        url = self.row_url(row)
        return {
            "id": row.pk,
            "label": self.row_label(row),
            "url": url,
            "peek": self.peek_url(row),
            "class": self.row_class(row),
            "cells": draw(row, lambda _row: url),
        }

    def _heading(self, column: Column, query: QueryDict) -> dict[str, Any]:
        if not column.sort or not self.sorts_by(column, self.request.user):
            return {"column": column}
        current = self.sort_for(self.request.user, query)
        direction = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(current, "")
        flipped = column.sort if direction == "descending" else f"-{column.sort}"
        return {"column": column, "direction": direction, "query": _with(query, sort=flipped)}

    def _counts(self, request: HttpRequest) -> HttpResponse:
        """Counts of the tabs and of the present rows, asked for after the page is there."""
        user = request.user
        query = request.GET.copy()
        query.pop("counts", None)
        shown = saved_views.tabs(self, user, query)
        wanted = [*(QueryDict(tab.query) for tab in shown), query]
        *counts, total = quick_counts([self.queryset_for(user, each, ordered=False) for each in wanted])
        tabs = [(tab, count_label(count)) for tab, count in zip(shown, counts, strict=True)]
        return self.page("generic/_list_counts.html", {"page": self, "tabs": tabs, "total": count_label(total)})


def _url(name: str) -> str:
    """The address of a view of core.jobs, which lies above this app; "" where it isn't routed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _with(query: QueryDict, **changes: str) -> str:
    """The query string with some keys replaced, starting again from the first page."""
    changed = query.copy()
    for key in ("after", "before"):
        changed.pop(key, None)
    for key, value in changes.items():
        changed[key] = value
    return changed.urlencode()


def _filters_only(query: QueryDict) -> str:
    """The part of the query string that says which rows: filters and sort, without the page's place."""
    changed = query.copy()
    for key in ("after", "before", "view", "counts", "columns"):
        changed.pop(key, None)
    return changed.urlencode()
