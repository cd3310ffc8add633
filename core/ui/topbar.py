"""Buttons of the top bar that other kernel parts own: jobs in progress, the bell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.ui.content import Text
from core.ui.registry import Registry


@dataclass(frozen=True)
class TopbarItem:
    """A button with a count that opens a panel.

    Args:
        code: "jobs", "bell".
        label: its name for hover and screen readers.
        icon: Tabler outline icon.
        url_name: the full page (works without JavaScript).
        panel_url_name: a view that returns the HTML fragment shown under the button; "" goes to `url_name`.
        count: how many things wait for the user; cheap (one indexed, capped query).
        order: from left to right.
        permission: needed to see it.
    """

    code: str
    label: Text
    icon: str
    url_name: str
    panel_url_name: str = ""
    count: Callable[[Any], int] | None = None
    order: int = 100
    permission: str = ""


_items: Registry[TopbarItem] = Registry()


def register_topbar(item: TopbarItem) -> None:
    """Add a button to the top bar."""
    _items.add(item)


def items_for(user: Any) -> list[TopbarItem]:
    """The buttons that the user may see, in order."""
    return [item for item in _items if not item.permission or user.has_perm(item.permission)]
