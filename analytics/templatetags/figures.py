"""`{% load figures %}`: a figure of the board as a tile."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.rules.figures import Figure, Unit
from core.ui.formats import duration_text, number_text, percent_text
from core.ui.templatetags.console import kpi

register = template.Library()

_FORMATS: dict[Unit, Callable[[float], str]] = {
    Unit.SECONDS: duration_text,
    Unit.RATIO: percent_text,
    Unit.COUNT: lambda value: number_text(round(value, 2)),
}


# What a figure rests on, in words that count it.
BASES: Final[Mapping[str, Callable[[int], str]]] = {
    "released": lambda n: ngettext("from %(count)s released order", "from %(count)s released orders", n),
    "shipped": lambda n: ngettext("from %(count)s shipped order", "from %(count)s shipped orders", n),
    "received": lambda n: ngettext("from %(count)s received order", "from %(count)s received orders", n),
    "delivered": lambda n: ngettext("from %(count)s delivered order", "from %(count)s delivered orders", n),
    "in_transit": lambda n: ngettext("from %(count)s parcel in transit", "from %(count)s parcels in transit", n),
    "delivered_parcels": lambda n: ngettext("from %(count)s delivered parcel", "from %(count)s delivered parcels", n),
    "events": lambda n: ngettext("from %(count)s tracking event", "from %(count)s tracking events", n),
    "ratings": lambda n: ngettext("from %(count)s rating", "from %(count)s ratings", n),
    "due": lambda n: ngettext("from %(count)s exception due", "from %(count)s exceptions due", n),
    "opened": lambda n: ngettext("from %(count)s opened exception", "from %(count)s opened exceptions", n),
    "resolved": lambda n: ngettext("from %(count)s resolved exception", "from %(count)s resolved exceptions", n),
    "open": lambda n: ngettext("from %(count)s open exception", "from %(count)s open exceptions", n),
    "buyers": lambda n: ngettext("from %(count)s customer", "from %(count)s customers", n),
}


def figure_text(figure: Figure) -> str:
    """The figure's value in words; "" where nothing was measured."""
    return "" if figure.value is None else _FORMATS[figure.unit](figure.value)


@register.inclusion_tag("components/kpi.html")
def figure_tile(figure: Figure) -> dict[str, Any]:
    """`{% figure_tile figure %}`: value, change against the period before, what it rests on, definition on hover."""
    basis = BASES[figure.basis_of](figure.basis) % {"count": number_text(figure.basis)}
    return kpi(
        str(figure.label),
        figure_text(figure),
        delta=figure.change,
        better=figure.better,
        definition=str(figure.definition),
        url=figure.rows_url,
        note=basis if figure.value is not None else _("Nothing to measure yet"),
    )
