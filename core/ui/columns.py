"""What a list page shows: one Column per column, independent of how a cell is drawn (see cells.py)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext

from core.ui.content import Text

NUMERIC_CELLS = frozenset({"money", "number", "percent"})


@dataclass(frozen=True)
class Column:
    """One column of a list, of its column picker and of its export.

    Args:
        key: stable name, in addresses, saved views and the export's header order.
        label: the heading.
        accessor: dotted attribute path ("customer.name") or a callable on the row; default: `key`.
        cell: "text", "mono" (code with one-click copy), "money", "number", "percent", "when" (relative time),
            "date", "status" (a StatusEnum member or its value), "bool", "link", "tags", "user", or the path of a
            template (ends in ".html"; gets `row`, `value`, `column`).
        link: True links to the page's `row_url(row)`; a callable returns an address or None.
        sort: the model field path to sort by; only fields with an index (field, id). None: not sortable.
        sort_permission: sorted only for users with it: an order tells of values that the cell masks, and the address
            of the next page names the last one.
        align: "start" or "end"; default follows the cell.
        default: shown until the user picks columns.
        export: value for CSV/XLSX; default: the accessor's value.
        permission: column (screen and export) only for users with it.
        currency: accessor of the currency code for "money".
        note: accessor of a second, muted line under the value.
        width: "", "s", "m", "l": the widest the box gets before the text is cut.
        enum: the StatusEnum class for "status" when the row holds the bare value.
    """

    key: str
    label: Text
    accessor: str | Callable[[Any], Any] | None = None
    cell: str = "text"
    link: bool | Callable[[Any], str | None] = False
    sort: str | None = None
    sort_permission: str = ""
    align: str = ""
    default: bool = True
    export: Callable[[Any], Any] | None = None
    permission: str = ""
    currency: str | Callable[[Any], str] = "currency"
    note: str | Callable[[Any], Any] | None = None
    width: str = ""
    enum: Any = None

    @property
    def is_numeric(self) -> bool:
        return self.cell in NUMERIC_CELLS

    @property
    def alignment(self) -> str:
        return self.align or ("end" if self.is_numeric else "start")

    def value(self, row: Any) -> Any:
        """The value shown in this row's cell."""
        return read(row, self.accessor or self.key)

    def export_value(self, row: Any) -> Any:
        """The value written to CSV or XLSX: a plain str, number, date or aware datetime."""
        if self.export is not None:
            return self.export(row)
        value = self.value(row)
        if isinstance(value, (list, tuple, set)):
            return ", ".join(str(item) for item in value)
        return value


ExportColumn = tuple[str, Callable[[Any], Any]]


def export_columns(columns: Iterable[Column]) -> list[ExportColumn]:
    """(heading, value of a row) of each column of a file, in the language of the moment.

    A status becomes its word and its code, which stays the same in every language; money its amount and currency.
    """
    found: dict[str, ExportColumn] = {}
    for column in columns:
        label = str(column.label)
        parts: list[tuple[str, ExportColumn]] = [(column.key, (label, column.export_value))]
        if column.enum is not None and column.export is None:
            parts = [
                (column.key, (label, partial(_word, column))),
                (f"{column.key} code", (gettext("%(column)s (code)") % {"column": label}, column.export_value)),
            ]
        elif column.cell == "money" and column.export is None:
            parts.append((f"currency {column.currency}", (gettext("Currency"), partial(_currency, column))))
        for key, part in parts:
            found.setdefault(key, part)
    return list(found.values())


def _word(column: Column, row: Any) -> str:
    value = column.value(row)
    return str(column.enum(value).label) if value in column.enum.values else str(value or "")


def _currency(column: Column, row: Any) -> str:
    return str(read(row, column.currency) or "")


def read(row: Any, accessor: str | Callable[[Any], Any]) -> Any:
    """Read a dotted path or call the accessor; None where a step is missing."""
    if callable(accessor):
        return accessor(row)
    value = row
    for name in accessor.split("."):
        try:
            value = value[name] if isinstance(value, dict) else getattr(value, name)
        except (ObjectDoesNotExist, KeyError):
            return None
        if value is None:
            return None
    return value() if callable(value) and not hasattr(value, "choices") else value
