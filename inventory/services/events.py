"""What inventory tells the others."""

from collections import defaultdict
from collections.abc import Iterable

from core.outbox.services import publish
from inventory.events import StockIncreased
from inventory.rules.stock import Pair


def publish_increase(pairs: Iterable[Pair]) -> None:
    """Announce, once per warehouse, the SKUs of which more is available now."""
    by_warehouse: dict[int, set[int]] = defaultdict(set)
    for warehouse_id, sku_id in pairs:
        by_warehouse[warehouse_id].add(sku_id)
    for warehouse_id, sku_ids in sorted(by_warehouse.items()):
        publish(StockIncreased(warehouse_id=warehouse_id, sku_ids=sorted(sku_ids)))
