"""Columns of the order list."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.countries import country_name
from core.ui.columns import Column
from core.ui.content import Badge
from core.ui.formats import date_text
from orders.enums import HoldReason, OrderStatus, PaymentStatus
from orders.models import Order

_RECEIVED = pgettext_lazy("time of a message", "Received")


def hold_words(reason: HoldReason, until: str) -> Any:
    """The name of a hold, with the time at which it ends by itself where it has one."""
    if not until:
        return reason.label
    if reason == HoldReason.UNTIL_DATE:
        return _("Until %(time)s") % {"time": until}
    return _("%(reason)s, until %(time)s") % {"reason": reason.label, "time": until}


def _holds(order: Order) -> list[Badge]:
    return [
        Badge(
            label=hold_words(reason, date_text(hold.until) if hold.until else ""),
            colour=reason.colour,
            icon=reason.icon,
        )
        for hold in order.open_holds  # type: ignore[attr-defined]
        for reason in [HoldReason(hold.reason)]
    ]


def _hold_names(order: Order) -> str:
    return ", ".join(str(badge.label) for badge in _holds(order))


def _destination(order: Order) -> str:
    country = country_name(order.ship_country) if order.ship_country else ""
    return " · ".join(part for part in (country, order.ship_city or order.ship_province) if part)


ORDER_COLUMNS = (
    Column("number", _("Order"), cell="mono", link=True, sort="id"),
    Column("status", _("Status"), cell="status", enum=OrderStatus),
    Column("holds", _("Holds"), accessor=_holds, cell="tags", export=_hold_names),
    Column("channel", _("Channel"), accessor="channel.name", width="m"),
    Column("customer", _("Customer"), accessor="customer.name", permission="accounts.view_personal_data", width="m"),
    Column("destination", _("To"), accessor=_destination, width="s"),
    Column("unit_count", _("Units"), cell="number"),
    Column("total", _("Total"), cell="money"),
    Column("placed_at", _("Placed"), cell="when", sort="placed_at"),
    Column("payment_status", _("Payment"), cell="status", enum=PaymentStatus),
    Column("received_at", _RECEIVED, cell="when", sort="received_at", default=False),
    Column("released_at", _("Released"), cell="when", sort="released_at", default=False),
    Column("ship_by", _("Ship by"), cell="when", default=False),
    Column("external_id", _("Channel order number"), cell="mono", default=False),
    Column("display_number", _("Number shown to the buyer"), cell="mono", default=False),
    Column("line_count", _("Lines"), cell="number", default=False),
    Column("tags", _("Tags"), cell="tags", default=False),
)
