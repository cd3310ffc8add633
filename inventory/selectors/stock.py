"""Stock as a person may see it: limited to the warehouses of their scope."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from django.db.models import Min, Model, QuerySet, Sum

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
    summed = rows.annotate(total=Sum("quantity"), first=Min("since"), lines=Sum(1)).order_by()
    return {row["sku_id"]: SkuDemand(row["total"], row["lines"], row["first"]) for row in summed}


def _scoped(rows: QuerySet[M], user: Any, field: str) -> QuerySet[M]:
    ids = scope_ids(user, "warehouse")
    return rows if ids is None else rows.filter(**{f"{field}__in": ids})
