"""Drafts of SKUs as they come from files and other systems."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class FieldProblem(NamedTuple):
    """What is wrong with one field, in words for the person who sent it."""

    field: str
    message: str


@dataclass(slots=True)
class SkuDraft:
    """What somebody says about a SKU. None (or an empty list) means "as it is": nothing is ever emptied."""

    code: str
    name: str | None = None
    status: str | None = None
    is_stocked: bool | None = None
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    currency: str | None = None
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    bin_location: str | None = None
    product_code: str | None = None
    product_name: str | None = None
    product_name_zh: str | None = None
    category: str | None = None
    brand: str | None = None
    barcodes: list[str] = field(default_factory=list)  # 14-digit GTINs
    aliases: list[tuple[str, str]] = field(default_factory=list)  # (channel code or "", channel SKU)

    def sku_values(self, *, empty: bool = False) -> dict[str, object]:
        """The given values of the SKU's own columns; with `empty` also those given as None."""
        values = {name: getattr(self, name) for name in SKU_FIELDS}
        return {name: value for name, value in values.items() if empty or value is not None}

    def product_values(self) -> dict[str, object]:
        """The given values of the product's columns."""
        values = {
            "name": self.product_name,
            "name_zh": self.product_name_zh,
            "category": self.category,
            "brand": self.brand,
        }
        return {name: value for name, value in values.items() if value is not None}


SKU_FIELDS = (
    "name",
    "status",
    "is_stocked",
    "unit_price",
    "unit_cost",
    "currency",
    "weight_g",
    "length_mm",
    "width_mm",
    "height_mm",
    "bin_location",
)


class Upserted(Enum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class SkuOutcome:
    """What became of one draft."""

    result: Upserted
    sku_id: int | None = None
    problems: list[FieldProblem] = field(default_factory=list)


def changed_values(current: dict[str, object], given: dict[str, object]) -> dict[str, list[object]]:
    """{field: [old, new]} for what differs."""
    return {name: [current[name], value] for name, value in given.items() if current[name] != value}
