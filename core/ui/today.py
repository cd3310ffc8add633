"""The Today page: what waits for this role, as cards that apps register."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from core.accounts.models import User
from core.accounts.selectors import roles_of
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
    first_for: frozenset[str] = frozenset()


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
    first_for: Iterable[str] = (),
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
        first_for: values of the roles that see it before everything else.
    """
    _cards.add(TodayCard(code, permission, order, render, title, size, lazy, frozenset(first_for)))


def cards_for(user: object) -> list[TodayCard]:
    """The cards that the user may see, in order: what one's role comes for stands on top."""
    person = cast("User", user)
    roles = roles_of(person)
    cards = [card for card in _cards if not card.permission or person.has_perm(card.permission)]
    return sorted(cards, key=lambda card: not card.first_for & roles)


def card(code: str) -> TodayCard | None:
    """The card with this code."""
    return _cards.get(code)
