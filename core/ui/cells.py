"""How values are drawn: table cells and the template tags share these functions."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.template.loader import get_template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, pgettext

from core.ui import formats
from core.ui.columns import Column, read
from core.ui.content import Badge
from core.ui.icons import icon_svg

NOTHING = format_html('<span class="text-faint">{}</span>', "–")


def draw_when(value: datetime | None) -> SafeString:
    """Relative time; the absolute one, in the user's zone, on hover."""
    if value is None:
        return NOTHING
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formats.absolute_text(value),
        formats.relative_text(value),
    )


def draw_date(value: date | None) -> SafeString:
    if value is None:
        return NOTHING
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.date_text(value))


def draw_status(value: Any, enum: Any = None) -> SafeString:
    """A status as word, icon and colour. value: a StatusEnum member, its value together with `enum`, or a Badge."""
    if value in (None, ""):
        return NOTHING
    if enum is not None:
        value = enum(value)
    colour, icon = getattr(value, "colour", "neutral"), getattr(value, "icon", "")
    label = getattr(value, "label", value)
    return format_html('<span class="pill pill-{}">{}{}</span>', colour, icon_svg(icon) if icon else "", label)


def draw_code(value: Any) -> SafeString:
    """A code in a monospaced face with one-click copy."""
    if value in (None, ""):
        return NOTHING
    return format_html(
        '<span class="code">{0}<button type="button" class="copy" data-copy="{0}" aria-label="{1}">{2}</button></span>',
        value,
        gettext("Copy %(value)s") % {"value": value},
        icon_svg("copy"),
    )


def draw_money(amount: Any, currency: str) -> SafeString:
    if amount is None:
        return NOTHING
    return format_html('<span class="money">{}</span>', formats.money_text(amount, currency))


def draw_bool(value: Any) -> SafeString:
    if value is None:
        return NOTHING
    if value:
        return icon_svg("check", pgettext("a yes/no value", "yes"), "text-success")
    return icon_svg("minus", pgettext("a yes/no value", "no"), "text-faint")


def draw_tags(values: Any) -> SafeString:
    if not values:
        return NOTHING
    items = [values] if isinstance(values, (str, Badge)) else list(values)
    return format_html_join("", "{}", ((_tag(item),) for item in items))


def _tag(item: Any) -> SafeString:
    return draw_status(item) if hasattr(item, "colour") else format_html('<span class="tag">{}</span>', item)


def draw_masked(value: Any) -> SafeString:
    """Text shortened because the person may not see it in full."""
    if value in (None, ""):
        return NOTHING
    hint = gettext("You may not see this in full.")
    return format_html('<span class="masked" title="{}">{}{}</span>', hint, value, icon_svg("eye-off", hint))


def draw_text(value: Any) -> SafeString:
    return NOTHING if value in (None, "") else conditional_escape(value)


def draw_number(value: Any) -> SafeString:
    return NOTHING if value is None else conditional_escape(formats.number_text(value))


def draw_percent(value: Any) -> SafeString:
    return NOTHING if value is None else conditional_escape(formats.percent_text(value))


# Of a row and the address that its links lead to.
RowDrawer = Callable[[Any, Callable[[Any], str | None]], SafeString]

_DRAWERS: dict[str, Callable[[Any], SafeString]] = {
    "text": draw_text,
    "link": draw_text,
    "user": draw_text,
    "mono": draw_code,
    "when": draw_when,
    "date": draw_date,
    "bool": draw_bool,
    "tags": draw_tags,
    "number": draw_number,
    "percent": draw_percent,
}


def row_drawer(columns: Sequence[Column]) -> RowDrawer:
    """A function that draws all cells of a row; what a column's cells have in common is drawn once."""
    openings = [(column, *_openings(column, is_first=index == 0)) for index, column in enumerate(columns)]

    def draw(row: Any, row_url: Callable[[Any], str | None]) -> SafeString:
        parts: list[str] = []
        for column, opening, opening_of_nothing in openings:
            html = render_cell(column, row, row_url)
            parts += (opening_of_nothing if html == NOTHING else opening, html, "</td>")
        return mark_safe("".join(parts))  # noqa: S308 - of cells and openings, which are escaped

    return draw


def _openings(column: Column, *, is_first: bool) -> tuple[SafeString, SafeString]:
    """The beginning of a cell that shows something, and of one that shows nothing."""
    classes = [
        "num" if column.alignment == "end" else "",
        f"cell-{column.width}" if column.width else "",
        "cell-first" if is_first else "",
    ]
    some, nothing = (" ".join(filter(None, [*classes, empty])) for empty in ("", "is-empty"))
    opening = '<td class="{}" data-label="{}">'
    return format_html(opening, some, column.label), format_html(opening, nothing, column.label)


def render_cell(column: Column, row: Any, row_url: Callable[[Any], str | None]) -> SafeString:
    """The HTML of one cell."""
    value = column.value(row)
    if column.cell == "money":
        html = draw_money(value, str(read(row, column.currency) or ""))
    elif column.cell == "status":
        html = draw_status(value, column.enum)
    elif column.cell.endswith(".html"):
        html = SafeString(get_template(column.cell).render({"row": row, "value": value, "column": column}).strip())
    else:
        html = _DRAWERS[column.cell](value)
    html = _linked(column, row, value, html, row_url)
    if column.note is not None and (note := read(row, column.note)) not in (None, ""):
        html = format_html('{}<span class="cell-note">{}</span>', html, note)
    return html


def _linked(column: Column, row: Any, value: Any, html: SafeString, row_url: Callable[[Any], str | None]) -> SafeString:
    if column.link is False or value in (None, ""):
        return html
    url = row_url(row) if column.link is True else column.link(row)
    if not url:
        return html
    if column.cell == "mono":
        return format_html(
            '<span class="code"><a href="{0}">{1}</a>'
            '<button type="button" class="copy" data-copy="{1}" aria-label="{2}">{3}</button></span>',
            url,
            value,
            gettext("Copy %(value)s") % {"value": value},
            icon_svg("copy"),
        )
    return format_html('<a href="{}">{}</a>', url, html)
