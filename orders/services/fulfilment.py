"""What happens to a fulfilment order after its release: pick, pack, ship, deliver.

Called by logistics, which owns the warehouse's screens and the carriers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.db import insert_rows
from core.exceptions import DomainError, Message, NotFound
from core.outbox.services import publish
from core.stages import nudge
from inventory.rules.stock import StockAdjustment
from inventory.services import adjust_stock, consume_reservations, release_reservations
from orders.codes import ALLOCATE, RESERVATION_DOCUMENT
from orders.enums import DataErrorSource, FulfilmentStatus, OrderStatus
from orders.events import OrdersCancelled, OrdersDelivered, OrdersPacked, OrdersShipped
from orders.locks import lock_fulfilments
from orders.models import DataError, FulfilmentLine, FulfilmentOrder, Order
from orders.services.moves import move_fulfilments, move_orders
from orders.services.progress import settle_delivered, settle_shipped

COMPLETE_AFTER = timedelta(days=7)


@transaction.atomic
def start_picking(*, fulfilment_id: int, actor: Actor) -> FulfilmentOrder:
    """Take a released fulfilment order for picking; the same picker may take it again.

    Raises DomainError if somebody else is picking it.
    """
    fulfilment = _lock_one(fulfilment_id)
    if fulfilment.status == FulfilmentStatus.PICKING:
        _refuse_other_picker(fulfilment, actor)
        return fulfilment
    move_fulfilments([fulfilment], FulfilmentStatus.PICKING, at=timezone.now(), actor=actor)
    fulfilment.picker_id = actor.user_id
    fulfilment.save(update_fields=["picker"])
    return fulfilment


@transaction.atomic
def stop_picking(*, fulfilment_id: int, actor: Actor) -> FulfilmentOrder:
    """Put a fulfilment order back into the queue; what was picked so far is forgotten."""
    fulfilment = _lock_one(fulfilment_id)
    move_fulfilments([fulfilment], FulfilmentStatus.RELEASED, at=timezone.now(), actor=actor)
    fulfilment.picker_id = None
    fulfilment.save(update_fields=["picker"])
    fulfilment.lines.update(picked_quantity=0, packed_quantity=0)
    return fulfilment


@transaction.atomic
def pick(*, fulfilment_id: int, sku_id: int, quantity: int, actor: Actor) -> FulfilmentLine:
    """Units of a SKU go into the picker's tote. Returns the line they belong to.

    Raises DomainError if it isn't this person's pick, the SKU isn't wanted, or that many aren't.
    """
    fulfilment = _lock_one(fulfilment_id)
    if fulfilment.status != FulfilmentStatus.PICKING:
        raise DomainError(_("Start picking first."), "not_picking")
    _refuse_other_picker(fulfilment, actor)
    line = _wanting(fulfilment, sku_id, "picked_quantity", quantity)
    line.picked_quantity += quantity
    line.save(update_fields=["picked_quantity"])
    return line


def _refuse_other_picker(fulfilment: FulfilmentOrder, actor: Actor) -> None:
    if fulfilment.picker_id != actor.user_id:
        raise DomainError(picked_by(fulfilment), "picked_by_other")


def picked_by(fulfilment: FulfilmentOrder) -> Message:
    """Who picks it, in words."""
    if fulfilment.picker is None:
        return _("Somebody else is picking this.")
    return _("%(name)s is picking this.") % {"name": fulfilment.picker.label}


@transaction.atomic
def check(*, fulfilment_id: int, sku_id: int, quantity: int) -> FulfilmentLine:
    """Units of a SKU are checked into the parcel 验货. Returns the line they belong to.

    Raises DomainError if the SKU isn't wanted or that many aren't.
    """
    fulfilment = _lock_one(fulfilment_id)
    if fulfilment.status != FulfilmentStatus.PICKING:
        raise DomainError(_("This isn't being packed."), "not_packing")
    line = _wanting(fulfilment, sku_id, "packed_quantity", quantity)
    if line.packed_quantity + quantity > line.picked_quantity:
        raise DomainError(_("That many weren't picked."), "not_picked")
    line.packed_quantity += quantity
    line.save(update_fields=["packed_quantity"])
    return line


def _wanting(fulfilment: FulfilmentOrder, sku_id: int, counted: str, quantity: int) -> FulfilmentLine:
    """The line of this SKU that still wants units. Raises DomainError for a wrong article or too many."""
    lines = [line for line in fulfilment.lines.select_related("sku").order_by("pk") if line.sku_id == sku_id]
    if not lines:
        raise DomainError(_("Wrong article: it isn't part of this order."), "wrong_sku")
    wanting = [line for line in lines if line.quantity > getattr(line, counted)]
    if not wanting:
        raise DomainError(_("There are enough of this article already."), "enough")
    line = wanting[0]
    if quantity > line.quantity - getattr(line, counted):
        raise DomainError(_("Too many: fewer are wanted."), "too_many")
    return line


@transaction.atomic
def pick_and_check_all(*, fulfilment_id: int, actor: Actor) -> FulfilmentOrder:
    """Take every unit as picked and checked at once, for warehouses that work on paper."""
    fulfilment = start_picking(fulfilment_id=fulfilment_id, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_fulfilmentline SET picked_quantity = quantity, packed_quantity = quantity "
            "WHERE fulfilment_id = %s",
            [fulfilment.pk],
        )
    return fulfilment


@transaction.atomic
def report_short(*, fulfilment_id: int, found: Mapping[int, int], actor: Actor, reason: str = "") -> FulfilmentOrder:
    """Say that the shelf holds less than the ledger promised: {fulfilment line id: units found}.

    What is missing leaves the ledger, the rest goes back to the pool, and the order is allocated anew, from
    another warehouse if one has it. Lines not named were found whole.
    """
    fulfilment = _lock_one(fulfilment_id)
    now = timezone.now()
    move_fulfilments([fulfilment], FulfilmentStatus.SHORT, at=now, actor=actor, reason=reason)
    lines = list(fulfilment.lines.all())
    release_reservations(RESERVATION_DOCUMENT, [line.pk for line in lines], actor, now, reason=reason)
    missing = [(line, line.quantity - found.get(line.pk, line.quantity)) for line in lines]
    why = reason or f"short pick {fulfilment.number}"
    adjust_stock(
        [
            StockAdjustment(fulfilment.warehouse_id or 0, line.sku_id, -units, why)
            for line, units in missing
            if units > 0
        ],
        actor=actor,
        at=now,
    )
    move_fulfilments([fulfilment], FulfilmentStatus.CANCELLED, at=now, actor=actor, reason=reason)
    publish(OrdersCancelled(order_ids=[], fulfilment_ids=[fulfilment.pk]))
    Order.objects.filter(pk=fulfilment.order_id).update(allocate_due_at=now)
    nudge(ALLOCATE)
    return fulfilment


@transaction.atomic
def record_packed(*, fulfilment_id: int, weight_g: int, actor: Actor) -> FulfilmentOrder:
    """Close the parcel of a fulfilment order, all of whose units have been checked into it.

    `weight_g` is the parcel's weight in grams, 0 if it wasn't weighed.
    """
    fulfilment = _lock_one(fulfilment_id)
    if fulfilment.status == FulfilmentStatus.PACKED:
        return fulfilment
    if any(line.packed_quantity < line.quantity for line in fulfilment.lines.all()):
        raise DomainError(_("Something is still to be packed."), "not_packed")
    move_fulfilments([fulfilment], FulfilmentStatus.PACKED, at=timezone.now(), actor=actor)
    fulfilment.weight_g = weight_g
    fulfilment.save(update_fields=["weight_g"])
    publish(OrdersPacked(fulfilment_ids=[fulfilment.pk]))
    return fulfilment


@transaction.atomic
def record_shipped(
    *, fulfilment_ids: Sequence[int], at: datetime | None = None, actor: Actor = SYSTEM
) -> list[FulfilmentOrder]:
    """The parcels have left: stock leaves the ledger, orders become (partly) shipped.

    Fulfilment orders that have shipped already are left alone. Returns those that shipped now.
    """
    at = at or timezone.now()
    locked = lock_fulfilments(fulfilment_ids)
    leaving = [f for f in locked if f.status not in (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED)]
    if not leaving:
        return []
    move_fulfilments(leaving, FulfilmentStatus.SHIPPED, at=at, actor=actor)
    line_ids = list(FulfilmentLine.objects.filter(fulfilment__in=[f.pk for f in leaving]).values_list("pk", flat=True))
    consume_reservations(RESERVATION_DOCUMENT, line_ids, actor, at)
    settle_shipped({f.order_id for f in leaving}, at=at, actor=actor)
    publish(OrdersShipped(fulfilment_ids=[f.pk for f in leaving]))
    return leaving


@transaction.atomic
def record_delivery(
    *, fulfilment_ids: Sequence[int], at: datetime | None = None, actor: Actor = SYSTEM
) -> list[FulfilmentOrder]:
    """The parcels have arrived. Ones that weren't recorded as shipped are, first: a carrier's first scan
    may be the delivery. Delivered ones are left alone. Returns those that were delivered now."""
    at = at or timezone.now()
    record_shipped(fulfilment_ids=fulfilment_ids, at=at, actor=actor)
    arrived = [f for f in lock_fulfilments(fulfilment_ids) if f.status == FulfilmentStatus.SHIPPED]
    if not arrived:
        return []
    move_fulfilments(arrived, FulfilmentStatus.DELIVERED, at=at, actor=actor)
    settle_delivered({f.order_id for f in arrived}, at=at, actor=actor)
    publish(OrdersDelivered(fulfilment_ids=[f.pk for f in arrived]))
    return arrived


def record_undeliverable(*, fulfilment_ids: Sequence[int], at: datetime) -> None:
    """Parcels came back because of their address: an error in the order's data that its release let through.

    Counts once per order, however many of its parcels come back and however often that is told. Locks no
    order, so that the caller may hold its parcels' locks.
    """
    orders = FulfilmentOrder.objects.filter(pk__in=fulfilment_ids).values_list("order_id", flat=True)
    insert_rows(
        DataError,
        ("order_id", "source", "field", "note", "found_at"),
        [(pk, DataErrorSource.UNDELIVERABLE, "shipping_address", "", at) for pk in sorted(set(orders))],
        on_conflict="ON CONFLICT (order_id) WHERE source = 'undeliverable' DO NOTHING",
    )


def complete_batch(limit: int) -> int:
    """Stage: complete orders a week after their delivery; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Order.objects.filter(status=OrderStatus.DELIVERED, delivered_at__lte=now - COMPLETE_AFTER)
            .select_for_update(skip_locked=True, no_key=True)
            .order_by("id")[:limit]
        )
        move_orders(due, OrderStatus.COMPLETED, at=now, actor=SYSTEM)
        return len(due)


def _lock_one(fulfilment_id: int) -> FulfilmentOrder:
    found = lock_fulfilments([fulfilment_id])
    if not found:
        raise NotFound
    return found[0]
