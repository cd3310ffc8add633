"""What customers wait for and nobody has ordered yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from inventory.models import Sku, StockDemand, StockLevel
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import PurchaseOrderLine, SupplierSku

# Ordered from the supplier, but not sent yet: not incoming, and still not to be ordered twice.
_PLANNED = [
    PurchaseOrderStatus.DRAFT.value,
    PurchaseOrderStatus.PENDING_APPROVAL.value,
    PurchaseOrderStatus.APPROVED.value,
    PurchaseOrderStatus.ON_HOLD.value,
]


class Shortage(NamedTuple):
    """How one SKU stands; `short` is what still has to be ordered."""

    sku_id: int
    demand: int
    lines: int
    since: datetime
    available: int
    incoming: int
    planned: int
    short: int


def short_skus() -> QuerySet[Sku]:
    """SKUs that document lines wait for, with the figures of Shortage as annotations.

    Demand isn't bound to a warehouse, so stock of all warehouses counts. Units that are available and yet
    wanted (in a warehouse that may not serve the order) don't lower the demand below zero.
    """
    waiting = StockDemand.objects.filter(sku=OuterRef("pk")).order_by().values("sku")
    levels = StockLevel.objects.filter(sku=OuterRef("pk")).order_by().values("sku")
    planned = PurchaseOrderLine.objects.filter(sku=OuterRef("pk"), order__status__in=_PLANNED)
    return (
        Sku.objects.filter(pk__in=StockDemand.objects.values("sku"))
        .annotate(
            demand=_figure(waiting.annotate(n=Sum("quantity"))),
            waiting_lines=_figure(waiting.annotate(n=Count("pk"))),
            since=Subquery(waiting.annotate(n=Min("since")).values("n")),
            available=_figure(levels.annotate(n=Sum("available", filter=Q(available__gt=0)))),
            incoming=_figure(levels.annotate(n=Sum("incoming"))),
            planned=_figure(planned.order_by().values("sku").annotate(n=Sum(F("quantity") - F("received")))),
        )
        .annotate(short=F("demand") - F("available") - F("incoming") - F("planned"))
    )


def _figure(rows: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(rows.values("n"), output_field=IntegerField()), Value(0))


def shortages_of(sku_ids: Sequence[int]) -> list[Shortage]:
    """The figures of these SKUs; those that nobody waits for are absent."""
    names = ("pk", "demand", "waiting_lines", "since", "available", "incoming", "planned", "short")
    return [Shortage(*row) for row in short_skus().filter(pk__in=sku_ids).values_list(*names)]


def preferred_offers(sku_ids: Sequence[int]) -> dict[int, SupplierSku]:
    """For each SKU the offer to buy at: the preferred one, else the cheapest of an active supplier."""
    offers = SupplierSku.objects.filter(sku_id__in=sku_ids, supplier__is_active=True).select_related("supplier")
    best: dict[int, SupplierSku] = {}
    for offer in offers.order_by("-is_preferred", "unit_cost", "pk"):
        best.setdefault(offer.sku_id, offer)
    return best
