"""Opening stock and stock counts from a file."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.selectors import scope_ids
from core.actor import Actor
from core.exceptions import DomainError
from core.jobs.context import JobContext, RowResult
from core.jobs.enums import RowOutcome
from core.jobs.registry import job_kind
from inventory.locks import LockedLevel, lock_or_create_levels
from inventory.models import Warehouse
from inventory.rules.cells import parse_whole
from inventory.rules.stock import OpeningStock, Pair, SkuRef, StockCount
from inventory.selectors import resolve_skus
from inventory.services.imports.loop import FileRow, RowRefused, failed, run_import, title_by_file, unused_columns
from inventory.services.stock import count_stock, set_opening_stock, set_safety_stock

FIELDS: dict[str, tuple[str, ...]] = {
    "warehouse": ("Warehouse code", "Store", "仓库", "仓库编码", "仓库代码"),
    "sku": ("SKU code", "Stock code", "Barcode", "SKU编码", "商品编码", "商家编码", "货号", "条码"),
    "quantity": ("Qty", "On hand", "Stock", "Counted", "数量", "库存", "库存数量", "实盘数量"),
    "safety": ("Safety stock", "安全库存"),
    "reason": ("Note", "Remark", "备注", "原因"),
}
EXAMPLE = ({"warehouse": "MAIN", "sku": "MUG-WHITE", "quantity": "120", "safety": "10"},)
OPENING = "opening"
COUNT = "count"
_LARGEST = 2_000_000_000


class _Line(NamedTuple):
    row: FileRow
    pair: Pair
    quantity: int
    safety: int | None


class StockImporter:
    """One row per SKU and warehouse, as opening stock or as a count.

    Opening: a SKU that ever had stock in the warehouse is skipped, so the same file again changes nothing.
    Count: the quantity is what is there now; the difference becomes an adjustment.
    """

    fields = FIELDS

    def __init__(self, *, mode: str, warehouses: Sequence[Warehouse], default: str, actor: Actor) -> None:
        if mode not in (OPENING, COUNT):
            raise DomainError(_("Choose opening stock or stock count."), "mode", "mode")
        self.mode = mode
        self.warehouses = {warehouse.code.casefold(): warehouse for warehouse in warehouses}
        self.default = default
        self.required = ("sku", "quantity") if default else ("warehouse", "sku", "quantity")
        self.actor = actor
        self.seen: dict[Pair, int] = {}

    def key(self, values: Mapping[str, str]) -> str:
        return ""

    def apply(self, batch: Sequence[FileRow]) -> list[RowResult]:
        refs = resolve_skus("", [row.values["sku"] for row in batch])
        results: list[RowResult] = []
        lines: list[_Line] = []
        for row in batch:
            try:
                lines.append(self._read(row, refs))
            except RowRefused as refusal:
                results.append(failed(row, row.values["sku"], refusal.field, refusal.message))
        self._set_safety(lines)
        return results + (self._open(lines) if self.mode == OPENING else self._count(lines))

    def _read(self, row: FileRow, refs: Mapping[str, SkuRef]) -> _Line:
        warehouse = self._warehouse(row.values.get("warehouse") or self.default)
        sku = _stocked_sku(row.values["sku"], refs)
        quantity = _quantity("quantity", row.values["quantity"])
        safety = row.values.get("safety", "")
        line = _Line(row, (warehouse.pk, sku.id), quantity, _quantity("safety", safety) if safety else None)
        first = self.seen.setdefault(line.pair, row.number)
        if first != row.number:  # one of the two figures must be wrong
            raise RowRefused("sku", _("Row %(row)d has this SKU in this warehouse already.") % {"row": first})
        return line

    def _warehouse(self, code: str) -> Warehouse:
        warehouse = self.warehouses.get(code.casefold())
        if warehouse is None:
            message = _("There is no warehouse “%(code)s” that you may change.") % {"code": code}
            raise RowRefused("warehouse", message)
        return warehouse

    def _set_safety(self, lines: Sequence[_Line]) -> None:
        quantities = {line.pair: line.safety for line in lines if line.safety is not None}
        if quantities:
            set_safety_stock(quantities, actor=self.actor)

    def _open(self, lines: Sequence[_Line]) -> list[RowResult]:
        refused = set_opening_stock([OpeningStock(*line.pair, line.quantity) for line in lines], actor=self.actor)
        return [
            _result(line, RowOutcome.SKIPPED, _("Has stock already; use a stock count to correct it."))
            if line.pair in refused
            else _result(line, RowOutcome.OK, _("Opened with %(quantity)d") % {"quantity": line.quantity})
            for line in lines
        ]

    def _count(self, lines: Sequence[_Line]) -> list[RowResult]:
        levels = lock_or_create_levels([line.pair for line in lines], at=timezone.now())
        possible = [line for line in lines if line.quantity >= levels[line.pair].reserved]
        count_stock(
            [StockCount(*line.pair, line.quantity, line.row.values.get("reason", "")[:255]) for line in possible],
            actor=self.actor,
        )
        return [_count_result(line, levels[line.pair]) for line in lines]


def _stocked_sku(code: str, refs: Mapping[str, SkuRef]) -> SkuRef:
    ref = refs.get(code)
    if ref is None:
        raise RowRefused("sku", _("SKU or barcode “%(code)s” isn't known.") % {"code": code})
    if not ref.stocked:
        raise RowRefused("sku", _("%(sku)s isn't kept in stock.") % {"sku": ref.code})
    return ref


def _quantity(field: str, text: str) -> int:
    quantity = parse_whole(text)
    if quantity is None or not 0 <= quantity <= _LARGEST:
        message = _("“%(text)s” is no quantity: expected a whole number from 0.") % {"text": text}
        raise RowRefused(field, message)
    return quantity


def _count_result(line: _Line, level: LockedLevel) -> RowResult:
    if line.quantity < level.reserved:
        message = _("%(quantity)d counted, but %(reserved)d are reserved for orders.")
        values = {"quantity": line.quantity, "reserved": level.reserved}
        return failed(line.row, line.row.values["sku"], "quantity", message % values)
    if line.quantity == level.on_hand:
        return _result(line, RowOutcome.SKIPPED, _("As in the books"))
    values = {"before": level.on_hand, "after": line.quantity}
    return _result(line, RowOutcome.OK, _("Corrected from %(before)d to %(after)d") % values)


def _result(line: _Line, outcome: RowOutcome, message: str) -> RowResult:
    return RowResult(line.row.number, line.row.values["sku"], outcome, "", message)


@job_kind(
    "inventory.import_stock",
    gettext_lazy("Import stock"),
    "inventory.import_stock",
    title=title_by_file,
    summary=unused_columns,
)
def import_stock(context: JobContext) -> None:
    """Job: opening stock or a count. Parameters: mode "opening" or "count"; warehouse, the code used where the
    file has no warehouse column or an empty cell."""
    rows = Warehouse.objects.all()
    ids = scope_ids(context.user, "warehouse") if context.user else None
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    importer = StockImporter(
        mode=context.params.get("mode", ""),
        warehouses=list(rows),
        default=context.params.get("warehouse", ""),
        actor=context.actor,
    )
    run_import(context, importer)
