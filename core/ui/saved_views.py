"""Saved views and column choices of a list: reading and writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import roles_of
from core.ids import parse_id
from core.ui.columns import Column
from core.ui.content import Text
from core.ui.models import ListPreference, SavedView

if TYPE_CHECKING:
    from core.ui.lists import ListDefinition

ALL = "all"


@dataclass(frozen=True)
class Tab:
    """A view as a tab. code: "all", a preset's code or a saved view's id."""

    code: str
    label: Text
    query: str
    url: str
    active: bool
    saved: SavedView | None = None
    changed: bool = False


def visible_to(user: Any, page_key: str) -> list[SavedView]:
    """The saved views of a list that the user may open: his own and shared ones."""
    return list(SavedView.objects.filter(Q(owner_id=user.pk) | Q(is_shared=True), page=page_key).order_by("id"))


def tabs(page: "ListDefinition[Any]", user: Any, query: QueryDict) -> list[Tab]:
    """The tabs of a list; the one named by `view` is active, "changed" when the filters differ from it."""
    active = query.get("view", ALL)
    now = _normal(query)
    presets = [preset for preset in page.views if not preset.permission or user.has_perm(preset.permission)]
    return [
        _tab(page, ALL, _("All"), "", active, now, None),
        *(_tab(page, preset.code, preset.label, preset.query, active, now, None) for preset in presets),
        *(_tab(page, str(view.pk), view.name, view.query, active, now, view) for view in visible_to(user, page.key)),
    ]


def _tab(
    page: "ListDefinition[Any]", code: str, label: Text, query: str, active: str, now: str, saved: SavedView | None
) -> Tab:
    is_active = code == active
    separator = "&" if query else ""
    return Tab(
        code,
        label,
        query,
        page.url(f"{query}{separator}view={code}"),
        is_active,
        saved,
        is_active and _normal(QueryDict(query)) != now,
    )


def opening_view(page: "ListDefinition[Any]", user: Any) -> Tab | None:
    """The view that the list opens with for the user's roles; None for all rows."""
    roles = roles_of(user)
    tabs_ = tabs(page, user, QueryDict())
    presets = {preset.code: preset for preset in page.views}
    for tab in tabs_:
        if tab.saved is not None and tab.saved.default_for in roles:
            return tab
    for tab in tabs_:
        if tab.code in presets and roles & set(presets[tab.code].roles):
            return tab
    return None


def save_view(
    *, page: "ListDefinition[Any]", user: Any, name: str, query: str, shared: bool, role: str = ""
) -> SavedView:
    """Keep the present filters, sort and columns under a name; the same name again replaces the user's own view.

    A role has one default for each list: the latest takes the place of the one before.

    Raises:
        PermissionDenied: sharing needs the permission ui.share_view.
    """
    if (shared or role) and not user.has_perm("ui.share_view"):
        raise PermissionDenied("ui.share_view")
    cleaned = _normal(QueryDict(query))
    columns = [column.key for column in visible_columns(page, user, QueryDict(query))]
    with transaction.atomic():
        if role:
            lock_defaults()
            SavedView.objects.filter(page=page.key, default_for=role).update(default_for="")
        view, _created = SavedView.objects.update_or_create(
            page=page.key,
            owner_id=user.pk,
            name=name,
            defaults={"query": cleaned, "columns": columns, "is_shared": shared or bool(role), "default_for": role},
        )
    return view


def lock_defaults() -> None:
    """Whoever makes a role's default waits here for whoever does. The database refuses a second default; without this,
    of two who replace one that isn't there yet one would be refused instead of coming after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ui.default_views'))")


def delete_view(*, user: Any, view_id: int) -> SavedView | None:
    """Remove a view of one's own, or a shared one with ui.share_view; None if there is none such."""
    views = SavedView.objects.filter(pk=view_id)
    if not user.has_perm("ui.share_view"):
        views = views.filter(owner_id=user.pk)
    view = views.filter(Q(owner_id=user.pk) | Q(is_shared=True)).first()
    if view is not None:
        view.delete()
    return view


def visible_columns(page: "ListDefinition[Any]", user: Any, query: Mapping[str, Any]) -> list[Column]:
    """The columns to show: those named in `columns`, else the view's, else the user's choice, else the defaults."""
    available = {column.key: column for column in page.columns_for(user)}
    named = [key for key in str(query.get("columns", "")).split(",") if key in available]
    chosen = named or [key for key in _kept_columns(page.key, user, str(query.get("view", ""))) if key in available]
    if chosen:
        return [available[key] for key in chosen]
    return [column for column in available.values() if column.default]


def _kept_columns(page_key: str, user: Any, view: str) -> Sequence[str]:
    if (view_id := parse_id(view)) is not None:
        saved = SavedView.objects.filter(Q(owner_id=user.pk) | Q(is_shared=True), pk=view_id, page=page_key).first()
        if saved is not None and saved.columns:
            return [str(key) for key in saved.columns]
    preference = ListPreference.objects.filter(user_id=user.pk, page=page_key).first()
    return [str(key) for key in preference.columns] if preference else []


def choose_columns(*, page: "ListDefinition[Any]", user: Any, keys: Sequence[str]) -> None:
    """Keep the user's columns for a list; an empty choice goes back to the defaults."""
    available = {column.key for column in page.columns_for(user)}
    chosen = [key for key in keys if key in available]
    if chosen:
        ListPreference.objects.update_or_create(user_id=user.pk, page=page.key, defaults={"columns": chosen})
    else:
        ListPreference.objects.filter(user_id=user.pk, page=page.key).delete()


def _normal(query: QueryDict) -> str:
    """Filters and sort in one canonical order, without empty values and the page's place."""
    dropped = {"after", "before", "view", "counts", "columns", "from"}
    pairs = [(key, value) for key, values in query.lists() for value in values if value and key not in dropped]
    clean = QueryDict(mutable=True)
    for key, value in sorted(pairs):
        clean.appendlist(key, value)
    return clean.urlencode()
