"""Columns of the warehouse's and the shipping lists."""

from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import reason_words
from core.countries import country_name
from core.ui.columns import Column
from core.ui.content import Badge
from logistics.enums import ShipmentStatus
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder


def _order_url(row: Any) -> str:
    return reverse("orders:order_detail", args=[row.order_id])


class Cutoff(NamedTuple):
    at: datetime | None
    badge: Badge | None


_OVERDUE = Badge(label=_("Overdue"), colour="danger", icon="clock-exclamation")
_IN_THE_WAREHOUSE = frozenset({FulfilmentStatus.RELEASED, FulfilmentStatus.PICKING, FulfilmentStatus.PACKED})


def cutoff_badge(row: FulfilmentOrder) -> Badge | None:
    """Says of what is still in the warehouse that it should have left."""
    late = row.ship_before is not None and row.ship_before <= timezone.now()
    return _OVERDUE if late and row.status in _IN_THE_WAREHOUSE else None


FULFILMENT_COLUMNS = (
    Column("number", _("Number"), cell="mono", link=True, sort="id"),
    Column("status", _("Status"), cell="status", enum=FulfilmentStatus),
    Column("warehouse", _("Warehouse"), accessor="warehouse.name"),
    Column("channel", _("Channel"), accessor="order.channel.name"),
    Column("units", _("Units"), accessor="unit_total", cell="number"),
    Column("lines", _("Lines"), accessor="line_total", cell="number"),
    Column("label", _("Label"), accessor="tracking", cell="mono"),
    Column("picker", _("Picker"), accessor="picker.label"),
    Column("released_at", _("Released"), cell="when"),
    Column(
        "ship_before",
        _("Ship before"),
        accessor=lambda row: Cutoff(row.ship_before, cutoff_badge(row)),
        cell="logistics/_ship_before_cell.html",
        export=lambda row: row.ship_before,
    ),
)

SHIPMENT_COLUMNS = (
    Column("tracking_number", _("Tracking number"), cell="mono", link=True, sort="id", note="carrier.local_name"),
    Column("status", _("Status"), cell="status", enum=ShipmentStatus),
    Column("order", _("Order"), accessor="order.number", cell="mono", link=_order_url),
    Column("warehouse", _("From"), accessor="warehouse.name"),
    Column("destination_country", _("To"), accessor=lambda row: country_name(row.destination_country)),
    Column("last_event_at", _("Last event"), cell="when"),
    Column("last_checked_at", _("Checked"), cell="when"),
    Column("estimated_delivery_at", _("Expected"), cell="when"),
    Column("delivered_at", _("Delivered"), cell="when"),
    Column("number", _("Number"), cell="mono", default=False),
    Column("label_error", _("Label error"), accessor=lambda row: reason_words(row.label_error), default=False),
)
