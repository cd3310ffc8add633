"""The public view of an order: finding it, signing its link, and what is shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.prepared import Prepared
from core.rate_limit import seconds_to_wait
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, Shipment
from logistics.rules.public import STEPS, Step, Waiting, contact_matches, scrubbed, step_of, waiting_for
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import Order

_SALT = "logistics.track"
_GONE = {FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED}
# Links lie in mailboxes and chats for years; by then nobody needs them who should have them.
SHOWN_AFTER_END = timedelta(days=180)  # after delivery or cancellation
SHOWN_AT_MOST = timedelta(days=730)  # of an order that never ended
_AT_MOST = 5  # orders of different channels that share a number
# Four digits would be found in days from many addresses at once; a customer has the link or needs a few tries.
TRIES_PER_NUMBER = 20
NUMBER_WINDOW_SECONDS = 3600
STEP_LABELS: dict[Step, str | Promise] = {
    Step.ORDERED: _("Ordered"),
    Step.PACKED: _("Packed"),
    Step.SHIPPED: _("On the way"),
    Step.OUT: _("Out for delivery"),
    Step.DELIVERED: _("Delivered"),
}
WAITING_LABELS: dict[Waiting, str | Promise] = {
    Waiting.PAYMENT: _("Waiting for payment"),
    Waiting.CHECK: _("Being checked"),
    Waiting.DAY: _("Waiting for its day of dispatch"),
    Waiting.GOODS: _("Waiting for goods"),
    Waiting.NOTHING: _("Being prepared"),
}


@dataclass(frozen=True, slots=True)
class PublicEvent:
    at: datetime
    label: str | Promise
    text: str
    place: str

    @property
    def iso(self) -> str:
        """The instant for machines, in the active time zone."""
        return timezone.localtime(self.at).isoformat()


@dataclass(frozen=True, slots=True)
class PublicParcel:
    """One parcel as the customer sees it; `status` is None until the carrier has it, `items` are names and units."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus | None
    step: Step
    expected_at: datetime | None
    delivered_at: datetime | None
    checked_at: datetime | None
    items: Sequence[tuple[str, int]]
    events: Sequence[PublicEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PublicOrder:
    number: str
    placed_at: datetime
    status: OrderStatus
    parcels: Sequence[PublicParcel]
    waiting: str | Promise
    waiting_for_stock: bool
    may_cancel: bool
    may_rate: bool
    stars: int | None


def sign(order_id: int) -> str:
    """The token of an order's own link."""
    return signing.dumps(order_id, salt=_SALT, compress=False)


def unsign(token: str) -> int | None:
    """The order id of a token, or None for one that we didn't make."""
    try:
        value = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return value if isinstance(value, int) else None


def tracking_url(order_id: int) -> str:
    """The full address of an order's tracking page, for messages to its customer."""
    return settings.PUBLIC_BASE_URL + reverse("track:order", args=[sign(order_id)])


def normal_number(text: str) -> str:
    """A number as it is looked up."""
    return text.strip().lstrip("#")


def number_key(number: str) -> str:
    """What stands for a number that is tried, however it is written."""
    return sha256(normal_number(number).upper().encode("utf-8", "replace")).hexdigest()


def find_order(number: str, contact: str) -> int | None:
    """The id of the order that a visitor may see: by our number, the channel's or a parcel's, and its contact.

    Counts the try. A wrong number, a wrong contact and an order that was tried too often look the same.
    """
    text = normal_number(number)
    if not text or "\x00" in text + contact:
        return None
    spellings = [text, f"#{text}"]
    # Ids rather than a join: with one, PostgreSQL would read every order.
    parcels = Shipment.objects.filter(tracking_number__in=[text, text.upper()]).exclude(status=ShipmentStatus.CANCELLED)
    sent = list(parcels.values_list("order_id", flat=True)[:_AT_MOST])
    candidates = Order.objects.filter(
        Q(number=text.upper()) | Q(external_id__in=spellings) | Q(display_number__in=spellings) | Q(pk__in=sent or [0])
    ).values_list("pk", "ship_phone", "ship_phone_e164", "buyer_phone", "buyer_email")[:_AT_MOST]
    # An unknown number is compared with somebody too, so that the time doesn't tell it from a known one.
    rows = list(candidates) or [(0, "202 555 0100", "+12025550100", "", "nobody@invalid")]
    found = [pk for pk, *contacts in rows if contact_matches(contact, phones=contacts[:3], emails=contacts[3:])]
    tried_out = _tried_out([pk for pk, *_contacts in rows if pk], number_key(number))
    return found[0] if found and found[0] and found[0] not in tried_out else None


def _tried_out(order_ids: Sequence[int], number: str) -> set[int]:
    """Count a try by each order that it may mean; those tried too often, by whichever of their numbers.

    To be told of too many tries at a number that wasn't tried before would tell whose it is: so nobody is. As many
    are counted for every number, so that the time doesn't tell either.
    """
    filled = [*map(str, order_ids), *(f"{number}:{place}" for place in range(len(order_ids), _AT_MOST))]
    waits = [
        seconds_to_wait(what="track-order", who=who, limit=TRIES_PER_NUMBER, window_seconds=NUMBER_WINDOW_SECONDS)
        for who in filled
    ]
    return {order_id for order_id, wait in zip(order_ids, waits, strict=False) if wait}


# Read by hand in one statement: customers and their bots ask for this page more often than for any other.
_PUBLIC_ORDER = Prepared(
    """
SELECT o.number, o.placed_at, o.status, o.delivered_at, o.ship_name, o.ship_street,
       (SELECT r.stars FROM logistics_deliveryrating r WHERE r.order_id = o.id),
       ARRAY(SELECT f.status::text FROM orders_fulfilmentorder f WHERE f.order_id = o.id AND f.status <> 'cancelled'),
       ARRAY(SELECT h.reason::text FROM orders_hold h WHERE h.order_id = o.id AND h.released_at IS NULL),
       (SELECT json_agg(json_build_object(
                   'name', c.name, 'name_zh', c.name_zh, 'number', s.tracking_number, 'status', s.status,
                   'packed', f.packed_at IS NOT NULL, 'shipped', f.shipped_at IS NOT NULL,
                   'expected', extract(epoch FROM s.estimated_delivery_at),
                   'delivered', extract(epoch FROM s.delivered_at), 'checked', extract(epoch FROM s.last_checked_at),
                   'items', (SELECT json_agg(json_build_array(coalesce(nullif(l.name, ''), k.name),
                                                              i.quantity) ORDER BY l.position, i.id)
                               FROM orders_fulfilmentline i
                               JOIN orders_orderline l ON l.id = i.order_line_id
                               JOIN inventory_sku k ON k.id = i.sku_id
                              WHERE i.fulfilment_id = s.fulfilment_id),
                   'events', (SELECT json_agg(json_build_array(extract(epoch FROM e.occurred_at), e.status,
                                                               e.description, e.location)
                                              ORDER BY e.occurred_at DESC, e.rank DESC, e.id DESC)
                                FROM logistics_trackingevent e WHERE e.shipment_id = s.id)) ORDER BY s.id)::text
          FROM logistics_shipment s
          LEFT JOIN logistics_carrier c ON c.id = s.carrier_id
          LEFT JOIN orders_fulfilmentorder f ON f.id = s.fulfilment_id AND f.status <> 'cancelled'
         WHERE s.order_id = o.id AND s.status <> 'cancelled')
  FROM orders_order o
 WHERE o.id = %(order)s
   AND CASE WHEN coalesce(o.delivered_at, o.cancelled_at) IS NULL THEN o.received_at > %(now)s - %(at_most)s
            ELSE coalesce(o.delivered_at, o.cancelled_at) > %(now)s - %(after_end)s END
    """,
    order="bigint",
    now="timestamptz",
    at_most="interval",
    after_end="interval",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database says about an order that may be shown: equal as long as nothing changed."""

    values: tuple[Any, ...]

    def parcels(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.values[-1] or "[]")
        return found

    def checks(self) -> list[datetime]:
        """When the carriers were last asked, which the page tells as "5 minutes ago"."""
        return [datetime.fromtimestamp(parcel["checked"], UTC) for parcel in self.parcels() if parcel["checked"]]


def stored_order(order_id: int) -> Stored | None:
    """None for an order that isn't there, or that ended too long ago to be shown."""
    values: dict[str, Any] = {"order": order_id, "now": timezone.now()}
    values |= {"after_end": SHOWN_AFTER_END, "at_most": SHOWN_AT_MOST}
    row = _PUBLIC_ORDER.fetch_one(values)
    return None if row is None else Stored(tuple(tuple(v) if isinstance(v, list) else v for v in row))


def public_order(stored: Stored) -> PublicOrder:
    """Everything that the page shows, in the active language."""
    number, placed_at, status, delivered_at, name, street, stars, fulfilments, holds, _parcels = stored.values
    parcels = [_parcel(parcel, (name, street)) for parcel in stored.parcels()]
    backordered = FulfilmentStatus.BACKORDERED in fulfilments
    waiting = waiting_for(OrderStatus(status), holds=holds, backordered=backordered and not parcels)
    return PublicOrder(
        number=number,
        placed_at=placed_at,
        status=OrderStatus(status),
        parcels=parcels,
        waiting=WAITING_LABELS[waiting],
        waiting_for_stock=backordered,
        may_cancel=status in OrderStatus.OPEN and not _GONE & set(fulfilments),
        may_rate=delivered_at is not None and stars is None,
        stars=stars,
    )


def _parcel(found: Mapping[str, Any], private: tuple[str, str]) -> PublicParcel:
    status = ShipmentStatus(found["status"])
    step = step_of(status, packed=found["packed"], shipped=found["shipped"])
    return PublicParcel(
        carrier=Carrier(name=found["name"], name_zh=found["name_zh"]).local_name if found["name"] else "",
        tracking_number=found["number"],
        status=status if status not in (ShipmentStatus.PENDING, ShipmentStatus.LABEL_CREATED) else None,
        step=step,
        expected_at=_instant(found["expected"]) if found["delivered"] is None else None,
        delivered_at=_instant(found["delivered"]),
        checked_at=_instant(found["checked"]),
        items=[(name, quantity) for name, quantity in found["items"] or ()],
        events=[_event(event, private) for event in found["events"] or ()],
    )


def _event(found: Sequence[Any], private: tuple[str, str]) -> PublicEvent:
    at, status, description, location = found
    label = ShipmentStatus(status).label if status else _("News from the carrier")
    return PublicEvent(
        datetime.fromtimestamp(at, UTC), label, scrubbed(description, private), scrubbed(location, private)
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def steps_to(step: Step) -> list[tuple[str | Promise, str]]:
    """All steps as (label, "done", "current" or "todo") of a parcel that has reached this one."""
    reached = STEPS.index(step)
    return [(STEP_LABELS[s], _state(index, reached)) for index, s in enumerate(STEPS)]


def _state(index: int, reached: int) -> str:
    if index == reached:
        return "current"
    return "done" if index < reached else "todo"
