"""How the columns of a file become fields of an order."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.schema.fields import NESTED, ORDER

# What files have and orders don't; turned into fields of the order while rows are put together.
EXTRA_FIELDS: Final[Mapping[str, str | Promise]] = {
    "group": _("Groups the rows of an order"),
    "status": _("Order status on the channel"),
    "lines.amount": _("Line amount"),
    "shipping_address.full": _("Whole address in one cell"),
    "shipping_address.street2": _("Street, second line"),
    "shipping_address.street3": _("Street, third line"),
}
REQUIRED: Final = ("external_id", "placed_at", "lines.sku", "lines.quantity")


def importable_fields() -> dict[str, Any]:
    """{field path: label} of everything that a column can be mapped to."""
    paths: dict[str, Any] = {entry.name: entry.label for entry in ORDER if entry.name not in {"tags", "updated_at"}}
    for parent, table in NESTED.items():
        paths |= {f"{parent}.{entry.name}": entry.label for entry in table}
    return paths | dict(EXTRA_FIELDS)


@dataclass(frozen=True, slots=True)
class Options:
    """How cells are read, beyond which column they stand in.

    `constants`: {field: value} for fields without a column. `date_formats`: strptime formats, tried before
    ISO 8601. `empty_values`: cells that mean nothing ("-"). `blank`: {field: values that mean nothing}.
    `words`: {field: {cell: value}}. `statuses`: {status on the channel: payment status, or "" for rows that are
    no open order}. `cancellation_prefix`, `adjustment_prefix`: how order numbers begin that aren't orders.
    `repeated_rows`: "drop" counts a row that repeats another row of its order exactly as a duplicate, "keep" takes
    it for a second line. `plain_ids`: ids of digits lose the ".0" that spreadsheets add.
    `services`: SKUs that are never stocked, such as postage, as regular expressions.
    """

    constants: Mapping[str, str] = field(default_factory=dict)
    date_formats: Sequence[str] = ()
    empty_values: Sequence[str] = ()
    blank: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    cancellation_prefix: str = ""
    adjustment_prefix: str = ""
    repeated_rows: Literal["keep", "drop"] = "keep"
    plain_ids: bool = False
    services: Sequence[str] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Options":
        """Options as an ImportMapping keeps them; keys of other versions are left aside."""
        known = {entry.name for entry in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """`columns`: {field path: column heading}."""

    columns: Mapping[str, str]
    options: Options = field(default_factory=Options)

    def missing(self) -> list[str]:
        """Fields without which no order can be made."""
        given = self.columns.keys() | self.options.constants.keys()
        absent = [path for path in REQUIRED if path not in given]
        if not given & {"lines.unit_price", "lines.amount"}:
            absent.append("lines.unit_price")
        return absent
