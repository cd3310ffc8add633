"""Bulk actions of the warehouse's and the shipping lists."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError
from core.ui.actions import BulkAction, RowOutcome
from logistics.models import Shipment
from logistics.services.shipments import poll_now, retry_label
from logistics.services.warehouse import hand_over_parcel, pack_without_scanning
from orders.models import FulfilmentOrder

Act = Callable[[int, Actor], object]


def _each(
    model: type[Any], act: Act, ids: Sequence[int], actor: Actor, params: Mapping[str, Any]
) -> Iterator[RowOutcome]:
    """Each row stands or falls alone; why one fell is said in its row."""
    numbers = dict(model.objects.filter(pk__in=ids).values_list("pk", "number"))
    for pk in ids:
        label = numbers.get(pk, str(pk))
        try:
            act(pk, actor)
        except DomainError as error:
            yield RowOutcome(pk, "error", error.message, label, error.field or "")
        else:
            yield RowOutcome(pk, "ok", "", label)


def _pack(pk: int, actor: Actor) -> object:
    return pack_without_scanning(fulfilment_id=pk, actor=actor)


def _hand_over(pk: int, actor: Actor) -> object:
    return hand_over_parcel(fulfilment_id=pk, actor=actor)


def _retry(pk: int, actor: Actor) -> object:
    return retry_label(shipment_id=pk, actor=actor)


def _poll(pk: int, actor: Actor) -> object:
    return poll_now(shipment_id=pk, actor=actor)


FULFILMENT_ACTIONS = (
    BulkAction(
        code="pack",
        label=_("Pack without scanning"),
        permission="orders.pick_fulfilment",
        run=partial(_each, FulfilmentOrder, _pack),
        icon="package",
        confirm=_("%(count)s parcels will count as picked and packed, unchecked."),
    ),
    BulkAction(
        code="hand_over",
        label=_("Hand over to carrier"),
        permission="orders.pick_fulfilment",
        run=partial(_each, FulfilmentOrder, _hand_over),
        icon="truck-loading",
        style="primary",
        confirm=_("%(count)s parcels leave the warehouse; their stock is booked out. This can't be undone."),
    ),
)

SHIPMENT_ACTIONS = (
    BulkAction(
        code="poll",
        label=_("Ask the carrier now"),
        permission="logistics.handle_shipment",
        run=partial(_each, Shipment, _poll),
        icon="refresh",
    ),
    BulkAction(
        code="retry_label",
        label=_("Try the label again"),
        permission="logistics.handle_shipment",
        run=partial(_each, Shipment, _retry),
        icon="tag",
    ),
)
