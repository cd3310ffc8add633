"""Template tags of the console: `{% load console %}`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.actor import actor_name, reason_words
from core.countries import country_name
from core.ui import cells, formats
from core.ui.content import Badge
from core.ui.folding import constant
from core.ui.icons import icon_svg

register = template.Library()

LONG_SELECT = 12


@register.simple_tag
@constant
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """`{% icon "truck" %}`: a Tabler icon; give a label where no text stands beside it."""
    return icon_svg(name, str(label), css)


@register.simple_tag
def money(amount: Any, currency: str) -> SafeString:
    """`{% money order.total order.currency %}`"""
    return cells.draw_money(amount, currency)


@register.filter
def actor(label: str) -> str:
    """`{{ event.actor_label|actor }}`: who did it; the system in the reader's language."""
    return actor_name(label)


@register.filter
def reason(text: str) -> str:
    """`{{ entry.reason|reason }}`: the program's own reasons in the reader's language."""
    return reason_words(text)


@register.filter
def when(value: datetime | None) -> SafeString:
    """`{{ order.placed_at|when }}`: relative, absolute on hover."""
    return cells.draw_when(value)


@register.filter
def day(value: date | None) -> SafeString:
    """`{{ order.ship_by|day }}`"""
    return cells.draw_date(value)


@register.filter
def full_time(value: datetime | None) -> str:
    """`{{ entry.at|full_time }}`: the instant in full, in the user's zone."""
    return formats.absolute_text(value) if value else ""


@register.filter
def duration(seconds: float | None) -> str:
    """`{{ seconds|duration }}`: "2 h 5 min"."""
    return formats.duration_text(seconds)


@register.filter
def number(value: Any) -> SafeString:
    """`{{ quantity|number }}`: with the language's separators."""
    return cells.draw_number(value)


@register.filter
def country(code: str | None) -> str:
    """`{{ supplier.country|country }}`: the country's name in the active language."""
    return country_name(code) if code else "–"


@register.filter
def percent(value: Any, digits: int = 1) -> str:
    """`{{ ratio|percent }}`: 0.123 reads 12.3 %."""
    return formats.percent_text(value, int(digits))


@register.simple_tag
def status(value: Any, enum: Any = None) -> SafeString:
    """`{% status order.get_status %}`: a StatusEnum member (or Badge) as word, icon and colour."""
    return cells.draw_status(value, enum)


@register.simple_tag
@constant
def pill(label: Any, colour: str = "neutral", icon: str = "") -> SafeString:
    """`{% pill _("Late") "danger" "clock" %}`: a word in a meaning's colour."""
    return cells.draw_status(Badge(label=label, colour=colour, icon=icon))


@register.filter
def code(value: Any) -> SafeString:
    """`{{ sku.code|code }}`: monospaced, one click to copy."""
    return cells.draw_code(value)


@register.filter
def tags(values: Any) -> SafeString:
    """`{{ order.tags|tags }}`"""
    return cells.draw_tags(values)


@register.filter
def tick(value: Any) -> SafeString:
    """`{{ sku.is_active|tick }}`: a yes/no value."""
    return cells.draw_bool(value)


@register.filter
def initials(name: Any) -> str:
    """`{{ user.label|initials }}`: up to two letters; one character of a Chinese name."""
    words = str(name).replace("@", " ").replace(".", " ").split()
    if not words:
        return "?"
    if ord(words[0][0]) > 0x2E80:
        return words[0][0]
    return "".join(word[0] for word in words[:2]).upper()


@register.simple_tag
def progress(done: float, total: float, label: str = "", colour: str = "progress") -> SafeString:
    """`{% progress job.processed job.total %}`: a bar for screen readers too."""
    return format_html(
        '<progress class="bar bar-{}" max="{}" value="{}" aria-label="{}"></progress>',
        colour,
        total or 1,
        min(done, total or 1),
        label,
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str = "", colour: str = "progress") -> SafeString:
    """`{% sparkline series %}`: a small line; `label` says in words what it shows."""
    numbers = [float(value) for value in values]
    if len(numbers) < 2:
        return SafeString("")
    low, high = min(numbers), max(numbers)
    span = (high - low) or 1.0
    step = 96 / (len(numbers) - 1)
    points = " ".join(
        f"{2 + index * step:.1f},{22 - (value - low) / span * 20:.1f}" for index, value in enumerate(numbers)
    )
    return format_html(
        '<svg class="sparkline ink-{}" viewBox="0 0 100 24" role="img" aria-label="{}" preserveAspectRatio="none">'
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke"'
        ' stroke-linejoin="round"/></svg>',
        colour,
        label,
        points,
    )


@register.inclusion_tag("components/kpi.html")
def kpi(
    label: str,
    figure: Any,
    *,
    unit: str = "",
    delta: float | None = None,
    better: str = "down",
    definition: str = "",
    url: str = "",
    series: Sequence[float] = (),
    note: str = "",
    colour: str = "",
) -> dict[str, Any]:
    """`{% kpi label figure unit=… delta=… better="up" definition=… url=… %}`: one figure.

    Args:
        figure: formatted text or a whole number, None where nothing was measured.
        delta: change against the period before, as a ratio (0.12 = +12 %).
        better: the direction that is good, "up" or "down".
        definition: how the figure is defined, on hover and for screen readers.
        url: the rows behind the figure.
        series: values of the sparkline.
    """
    good = None if not delta else (delta > 0) == (better == "up")
    return {
        "label": label,
        "figure": formats.number_text(figure) if isinstance(figure, int) else figure,
        "unit": unit,
        "delta": delta,
        "delta_text": "" if delta is None else formats.percent_text(abs(delta), 0),
        "tone": {None: "neutral", True: "success", False: "danger"}[good],
        "definition": definition,
        "url": url,
        "series": series,
        "note": note,
        "colour": colour,
    }


@register.inclusion_tag("components/empty.html")
def empty(title: str, body: str = "", icon: str = "inbox", url: str = "", label: str = "") -> dict[str, Any]:
    """`{% empty title body icon="inbox" url=… label=… %}`: what would be here, and what to do."""
    return {"title": title, "body": body, "icon": icon, "url": url, "label": label}


@register.inclusion_tag("components/address.html")
def address_block(lines: Sequence[str]) -> dict[str, Any]:
    """`{% address_block lines %}`: address lines (core.addresses.format_address), copied as one block."""
    kept = [str(line) for line in lines if line]
    return {"lines": kept, "text": "\n".join(kept)}


@register.simple_tag
def masked(text: Any) -> SafeString:
    """`{% masked mask_phone_result %}`: text shortened for this person, marked as such."""
    return cells.draw_masked(text)


@register.inclusion_tag("components/inline_edit.html", takes_context=True)
def edit_in_place(
    context: RequestContext, name: str, value: Any, url: str, *, label: str, kind: str = "text", shown: Any = ""
) -> dict[str, Any]:
    """`{% edit_in_place "bin" item.bin url label=_("Bin") %}`: one field, changed where it stands.

    Args:
        name: the input's name in the POST to `url` (a FormPage or an ActionPage).
        value: the present value; `shown` replaces it for reading.
        label: names the input and the button for screen readers.
        kind: the input's type ("text", "number", "date").
    """
    return {
        "name": name,
        "value": value,
        "shown": shown or value,
        "url": url,
        "label": label,
        "kind": kind,
        "csrf_token": context.get("csrf_token"),
        "request": context.get("request"),
    }


@register.inclusion_tag("components/action.html", takes_context=True)
def action(context: RequestContext, item: Any, css: str = "btn") -> dict[str, Any]:
    """`{% action page_action %}`: a PageAction as link, form button or dialog opener."""
    return {"action": item, "css": css, "csrf_token": context.get("csrf_token"), "request": context.get("request")}


@register.inclusion_tag("components/chart.html")
def chart(
    chart_id: str, spec: dict[str, Any], *, title: str, unit: str = "", height: str = "m", note: str = ""
) -> dict[str, Any]:
    """`{% chart "intake" spec title=… unit=… %}`: see docs/guide/charts in docs/guide/list-page.md.

    Args:
        chart_id: unique on the page.
        spec: {"kind": "line"|"bar"|"stacked"|"area", "categories": [...], "series": [{"name", "values", "colour"}]}.
        title: the finding or the measure; `unit` its unit.
        height: "s", "m" or "l".
    """
    rows = [
        (category, [series["values"][index] for series in spec["series"]])
        for index, category in enumerate(spec["categories"])
    ]
    return {
        "chart_id": f"chart-{chart_id}",
        "spec_id": f"chart-{chart_id}-data",
        "spec": {**spec, "unit": unit},
        "title": title,
        "unit": unit,
        "height": height,
        "note": note,
        "rows": rows,
    }


_CONTROLS = {"select": "form-select", "checkbox": "form-check-input", "radio": "form-check-input"}


@register.filter
def styled(bound: BoundField) -> SafeString:
    """The field's widget with the console's classes, marked invalid where it has errors."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "")
    classes = [widget.attrs.get("class", ""), _CONTROLS.get(kind, "form-control")]
    if bound.errors:
        classes.append("is-invalid")
    html = bound.as_widget(attrs={"class": " ".join(filter(None, classes))})
    if html.count("<option") > LONG_SELECT:
        # Counted in the HTML, because counting the choices would query them a second time.
        html = SafeString(html.replace("<select ", "<select data-search-select ", 1))
    return html
