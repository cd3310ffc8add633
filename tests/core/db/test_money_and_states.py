from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy as _

from core.exceptions import IllegalTransition, PermissionRequired
from core.money import CURRENCIES, round_money
from core.states import StatusEnum, Transitions


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.345", "CNY", "2.35"),
        ("2.344", "CNY", "2.34"),
        ("-2.345", "GBP", "-2.35"),
        ("100.5", "JPY", "101"),
        ("1.2345", "KWD", "1.235"),
        ("7", "USD", "7.00"),
    ],
)
def test_money_is_rounded_half_up_to_the_currency_s_unit(amount, currency, rounded):
    assert str(round_money(Decimal(amount), currency)) == rounded


def test_an_unknown_currency_is_refused():
    with pytest.raises(KeyError):
        round_money(Decimal(1), "XXZ")
    assert CURRENCIES["CNY"] == 2


class Light(StatusEnum):
    RED = "red", _("Stop"), "danger", "hand-stop"
    GREEN = "green", _("Go"), "success", "walk"


MOVES = Transitions({Light.RED: {Light.GREEN: "lights.switch"}, Light.GREEN: {}})


def test_a_status_owns_its_look():
    assert (Light.RED.value, Light.RED.label, Light.RED.colour, Light.RED.icon) == (
        "red",
        "Stop",
        "danger",
        "hand-stop",
    )
    assert Light.choices == [("red", "Stop"), ("green", "Go")]
    assert Light("green") is Light.GREEN
    assert Light.GREEN.value == "green"


def test_a_colour_outside_the_palette_is_refused():
    with pytest.raises(ValueError, match="purple"):

        class Bad(StatusEnum):
            ODD = "odd", "Odd", "purple", "x"


class Person:
    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, permission: str) -> bool:
        return permission in self.permissions


def test_moves_outside_the_table_raise():
    MOVES.check(Light.RED, Light.GREEN)
    with pytest.raises(IllegalTransition, match="Go to Stop"):
        MOVES.check(Light.GREEN, Light.RED)
    assert MOVES.targets(Light.RED) == [Light.GREEN]
    assert MOVES.sources(Light.GREEN) == [Light.RED]


def test_a_move_needs_its_permission_when_a_person_makes_it():
    MOVES.check("red", "green", Person("lights.switch"))
    with pytest.raises(PermissionRequired):
        MOVES.check("red", "green", Person())
