"""`{% load figures %}`: a figure of the board as a tile."""

from collections.abc import Callable
from typing import Any

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


def figure_text(figure: Figure) -> str:
    """The figure's value in words; "" where nothing was measured."""
    return "" if figure.value is None else _FORMATS[figure.unit](figure.value)


@register.inclusion_tag("components/kpi.html")
def figure_tile(figure: Figure) -> dict[str, Any]:
    """`{% figure_tile figure %}`: value, change against the period before, what it rests on, definition on hover."""
    basis = ngettext("from %(count)s row", "from %(count)s rows", figure.basis) % {"count": number_text(figure.basis)}
    return kpi(
        str(figure.label),
        figure_text(figure),
        delta=figure.change,
        better=figure.better,
        definition=str(figure.definition),
        url=figure.rows_url,
        note=basis if figure.value is not None else _("Nothing to measure yet"),
    )
