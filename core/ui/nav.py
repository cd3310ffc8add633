"""The left navigation: sections by work, filled by the apps with register_nav()."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import gettext_lazy as _

from core.ui.content import Text


@dataclass(frozen=True)
class NavItem:
    """One page in the navigation.

    Args:
        label: what the page is called.
        url_name: "orders:order_list"; `query` is appended to its address.
        permission: needed to see it; "" for everybody signed in.
        icon: Tabler outline icon, used on a phone's bottom bar.
        count: how many things wait for this user, or None; called outside of the page's own request, capped
            counts only (see core.ui.counting.capped_count).
        order: position within the section.
        roles: Role values for which this page belongs into the phone's bottom bar.
        query: query string without "?".
        urgent: the count is shown in the danger colour.
        shown: decides further whether this user gets the page; None: the permission alone decides.
    """

    label: Text
    url_name: str
    permission: str = ""
    icon: str = "circle"
    count: Callable[[Any], int] | None = None
    order: int = 100
    roles: tuple[str, ...] = ()
    query: str = ""
    urgent: bool = False
    shown: Callable[[Any], bool] | None = None

    @property
    def code(self) -> str:
        return f"{self.url_name}?{self.query}" if self.query else self.url_name

    @property
    def is_counted(self) -> bool:
        """For templates, which would call `count` itself."""
        return self.count is not None

    @property
    def url(self) -> str:
        path = _address(self.url_name, get_script_prefix())
        return f"{path}?{self.query}" if self.query else path


@lru_cache(maxsize=512)
def _address(url_name: str, _prefix: str) -> str:
    """Looked up once: every page draws the whole navigation."""
    return reverse(url_name)


@dataclass(frozen=True)
class Section:
    code: str
    label: Text
    icon: str


SECTIONS: tuple[Section, ...] = (
    Section("today", _("Today"), "home"),
    Section("orders", _("Orders"), "shopping-bag"),
    Section("exceptions", _("Exceptions"), "alert-triangle"),
    Section("warehouse", _("Warehouse"), "building-warehouse"),
    Section("inventory", _("Inventory"), "packages"),
    Section("supply_chain", _("Supply chain"), "truck-loading"),
    Section("shipping", _("Shipping"), "truck-delivery"),
    Section("customers", _("Customers"), "users"),
    Section("analytics", _("Analytics"), "chart-bar"),
    Section("settings", _("Settings"), "settings"),
)

_items: dict[str, dict[str, NavItem]] = {section.code: {} for section in SECTIONS}


def register_nav(section: str, item: NavItem) -> None:
    """Put a page into a section of the left navigation ("orders", "warehouse", … see SECTIONS)."""
    _items[section][item.code] = item


@dataclass(frozen=True)
class VisibleItem:
    """A navigation item with its address resolved for one request."""

    item: NavItem
    url: str
    active: bool


@dataclass(frozen=True)
class VisibleSection:
    section: Section
    url: str
    active: bool
    items: list[VisibleItem] = field(default_factory=list)

    @property
    def counted(self) -> NavItem | None:
        """The page whose count stands for the whole section while it is folded."""
        return next((entry.item for entry in self.items if entry.item.is_counted), None)


def items_for(user: Any, section: str) -> list[NavItem]:
    """The section's items that the user may see, in order."""
    items = [item for item in _items[section].values() if _may_see(item, user)]
    return sorted(items, key=lambda item: (item.order, item.code))


def _may_see(item: NavItem, user: Any) -> bool:
    allowed = not item.permission or user.has_perm(item.permission)
    return allowed and (item.shown is None or item.shown(user))


def navigation_for(user: Any, path: str, query: str = "") -> list[VisibleSection]:
    """The sections and pages that the user may see; the page at `path` (or its nearest parent) is active."""
    resolved = [(section, [(item, _path(item)) for item in items_for(user, section.code)]) for section in SECTIONS]
    active = _active_code([pair for _section, pairs in resolved for pair in pairs], path, query)
    visible = []
    for section, pairs in resolved:
        entries = [VisibleItem(item, url, item.code == active) for item, url in pairs if url is not None]
        if entries:
            is_active = any(entry.active for entry in entries)
            visible.append(VisibleSection(section, entries[0].url, is_active, entries))
    return visible


def bottom_bar_for(sections: Sequence[VisibleSection], roles: AbstractSet[str]) -> list[VisibleItem]:
    """The (up to) four of these pages for a phone's bottom bar: those named for the roles first, then by section."""
    entries = [entry for section in sections for entry in section.items]
    named = [entry for entry in entries if roles & set(entry.item.roles)]
    firsts = [section.items[0] for section in sections]
    chosen: dict[str, VisibleItem] = {}
    for entry in [*entries[:1], *named, *firsts]:
        chosen.setdefault(entry.item.code, entry)
    return list(chosen.values())[:4]


def _path(item: NavItem) -> str | None:
    try:
        return item.url
    except NoReverseMatch:
        return None


def _active_code(pairs: list[tuple[NavItem, str | None]], path: str, query: str) -> str:
    """The item whose path is the longest prefix of the current one. Of several with the same path the one whose
    query string is contained, else one without, else the first."""
    best, best_score = "", (0, 0)
    for item, url in pairs:
        if url is None:
            continue
        base, _sep, wanted = url.partition("?")
        exact = path == base or (base != "/" and path.startswith(base))
        fit = 0 if wanted not in query else 1 + len(wanted)
        if exact and (len(base), fit) > best_score:
            best, best_score = item.code, (len(base), fit)
    return best
