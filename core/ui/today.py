"""The Today page: what waits for this role, as cards that apps register."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from core.ui.content import PanelContent, Text
from core.ui.registry import Registry

CardRender = Callable[[HttpRequest], PanelContent | None]


@dataclass(frozen=True)
class TodayCard:
    code: str
    permission: str
    order: int
    render: CardRender
    title: Text
    size: str
    lazy: bool


_cards: Registry[TodayCard] = Registry()


def register_today_card(
    code: str,
    permission: str,
    order: int,
    render: CardRender,
    *,
    title: Text = "",
    size: str = "m",
    lazy: bool = False,
) -> None:
    """Add a card to Today.

    Args:
        code: stable name ("orders.waiting").
        permission: needed to see it.
        order: position.
        render: gets the request; returns PanelContent, or None when nothing waits.
        title: the card's heading; "" when the template brings its own (a row of KPI tiles).
        size: "s" (a third), "m" (half) or "l" (full width).
        lazy: load by a request of its own after the page.
    """
    _cards.add(TodayCard(code, permission, order, render, title, size, lazy))


def cards_for(user: object) -> list[TodayCard]:
    """The cards that the user may see, in order."""
    has_perm: Callable[[str], bool] = user.has_perm  # type: ignore[attr-defined]
    return [card for card in _cards if not card.permission or has_perm(card.permission)]


def card(code: str) -> TodayCard | None:
    """The card with this code."""
    return _cards.get(code)
