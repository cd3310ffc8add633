"""The stages of an order's way, in their order."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.stages import Stage, StageDue, capped_due, register_stage, tidying_due
from orders.codes import ALLOCATE, BACKORDER_WATCH, COMPLETE, HOLDS_DUE, RELEASE, VALIDATE
from orders.enums import ALLOCATABLE, FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order
from orders.services.allocate import allocate_batch
from orders.services.backorders import watch_batch
from orders.services.fulfilment import COMPLETE_AFTER, complete_batch
from orders.services.holds import due_holds, release_due_batch
from orders.services.release import release_batch
from orders.services.validate import validate_batch

CAP = 1000


def register() -> None:
    """Called once from OrdersConfig.ready()."""
    register_stage(
        Stage(VALIDATE, validate_batch, _validate_due, every_seconds=3, batch_size=500, label=_("Validate orders"))
    )
    register_stage(
        Stage(ALLOCATE, allocate_batch, _allocate_due, every_seconds=3, batch_size=500, label=_("Allocate stock"))
    )
    register_stage(
        Stage(
            RELEASE, release_batch, _release_due, every_seconds=3, batch_size=500, label=_("Release to the warehouse")
        )
    )
    register_stage(
        Stage(
            BACKORDER_WATCH,
            watch_batch,
            _nothing_due,
            every_seconds=60,
            batch_size=500,
            label=_("Try backorders again"),
        )
    )
    register_stage(
        Stage(
            HOLDS_DUE,
            release_due_batch,
            _holds_due,
            every_seconds=30,
            batch_size=100,
            label=_("End holds whose date has come"),
        )
    )
    register_stage(
        Stage(
            COMPLETE,
            complete_batch,
            _complete_due,
            every_seconds=600,
            batch_size=500,
            label=_("Complete delivered orders"),
        )
    )


def _validate_due() -> StageDue:
    due = Order.objects.filter(validate_due_at__lte=timezone.now()).order_by("validate_due_at")
    return capped_due(list(due.values_list("validate_due_at", flat=True)[:CAP]), CAP)


def _allocate_due() -> StageDue:
    due = Order.objects.filter(allocate_due_at__lte=timezone.now(), status__in=ALLOCATABLE)
    return capped_due(list(due.order_by("allocate_due_at").values_list("allocate_due_at", flat=True)[:CAP]), CAP)


def _release_due() -> StageDue:
    due = FulfilmentOrder.objects.filter(
        status=FulfilmentStatus.ALLOCATED,
        order__open_hold_count=0,
        order__validate_due_at=None,
        order__status__in=ALLOCATABLE,
    )
    return capped_due(list(due.order_by("id").values_list("allocated_at", flat=True)[:CAP]), CAP)


def _holds_due() -> StageDue:
    return capped_due(list(due_holds(timezone.now()).values_list("until", flat=True)[:CAP]), CAP)


def _complete_due() -> StageDue:
    return tidying_due(
        Order.objects.filter(status=OrderStatus.DELIVERED, delivered_at__lte=timezone.now() - COMPLETE_AFTER)
    )


def _nothing_due() -> StageDue:
    """A watch has no queue of its own: what it finds becomes due for allocation."""
    return StageDue(False, 0, None)
