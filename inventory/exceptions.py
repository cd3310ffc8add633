from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class Shortage(NamedTuple):
    """One level that can't give what was asked of it."""

    warehouse_id: int
    sku_id: int
    wanted: int
    available: int


class OutOfStock(DomainError):
    """At least one level has less than was claimed; nothing was written."""

    default_code = "out_of_stock"
    default_message = _("There isn't enough stock.")

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = list(shortages)
        super().__init__()


class StockIsReserved(DomainError):
    """The change would take units that orders have reserved."""

    default_code = "stock_is_reserved"

    def __init__(self, sku_code: str, on_hand: int, reserved: int) -> None:
        super().__init__(
            _("%(sku)s: %(on_hand)d would remain, but %(reserved)d are reserved for orders.")
            % {"sku": sku_code, "on_hand": on_hand, "reserved": reserved},
            field="quantity",
        )


class CountedTwice(DomainError):
    """Two quantities were given for one SKU in one warehouse."""

    default_code = "counted_twice"

    def __init__(self, sku_code: str) -> None:
        super().__init__(
            _("%(sku)s is given twice for the same warehouse: one of the two quantities must be wrong.")
            % {"sku": sku_code},
            field="sku",
        )
