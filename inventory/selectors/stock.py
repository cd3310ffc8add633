"""Stock as a person may see it: limited to the warehouses of their scope."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from django.db.models import Count, F, Min, Model, Q, QuerySet, Sum

from core.accounts.selectors import scope_ids
from inventory.models import Reservation, StockDemand, StockLevel, StockMovement, Warehouse

M = TypeVar("M", bound=Model)


def warehouses_for(user: Any) -> QuerySet[Warehouse]:
    """The warehouses that the user may see."""
    return _scoped(Warehouse.objects.all(), user, "pk")


def levels_for(user: Any) -> QuerySet[StockLevel]:
    """The stock levels that the user may see."""
    return _scoped(StockLevel.objects.all(), user, "warehouse_id")


def movements_for(user: Any) -> QuerySet[StockMovement]:
    """The ledger rows that the user may see."""
    return _scoped(StockMovement.objects.all(), user, "warehouse_id")


def reservations_for(user: Any) -> QuerySet[Reservation]:
    """The reservations that the user may see."""
    return _scoped(Reservation.objects.all(), user, "warehouse_id")


def warehouse_choices() -> list[tuple[int, str]]:
    """(id, name) of every warehouse, for the forms that limit people to some of them."""
    return [(pk, name) for pk, name in Warehouse.objects.values_list("pk", "name")]


class SkuDemand(NamedTuple):
    """What documents wait for of one SKU: units, lines, and since when the first one waits."""

    quantity: int
    lines: int
    since: Any


def demand_by_sku(sku_ids: Sequence[int]) -> dict[int, SkuDemand]:
    """Unmet demand of these SKUs; those without any are absent."""
    rows = StockDemand.objects.filter(sku_id__in=sku_ids).values("sku_id")
    summed = rows.annotate(total=Sum("quantity"), first=Min("since"), lines=Count("pk")).order_by()
    return {row["sku_id"]: SkuDemand(row["total"], row["lines"], row["first"]) for row in summed}


def _scoped(rows: QuerySet[M], user: Any, field: str) -> QuerySet[M]:
    ids = scope_ids(user, "warehouse")
    return rows if ids is None else rows.filter(**{f"{field}__in": ids})


class StockFigure(NamedTuple):
    """How many levels are in a state; `filter` is the list's value for it."""

    filter: str
    total: int


def stock_figures(levels: QuerySet[StockLevel]) -> list[StockFigure]:
    """Levels of SKUs on sale that are out, low, below their safety stock, or on the way; one statement."""
    on_sale = Q(sku__status="active", sku__is_stocked=True)
    low = Q(available__gt=0, available__lte=F("safety"))
    row = levels.aggregate(
        out=Count("pk", filter=on_sale & Q(available__lte=0)),
        low=Count("pk", filter=on_sale & low),
        incoming=Count("pk", filter=Q(incoming__gt=0)),
        **{"in": Count("pk", filter=Q(available__gt=0))},
    )
    return [StockFigure(name, row[name]) for name in ("out", "low", "incoming", "in")]
