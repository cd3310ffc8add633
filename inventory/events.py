from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.outbox.events import Event


@dataclass(frozen=True)
class StockIncreased(Event):
    """More units can be promised than before: what waits for them may try again."""

    name: ClassVar[str] = "inventory.stock_increased"
    label: ClassVar[str | Promise] = _("Stock increased")

    warehouse_id: int
    sku_ids: Sequence[int]
