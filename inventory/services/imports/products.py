"""Products, SKUs, barcodes and aliases from a file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.jobs.context import JobContext, RowResult
from core.jobs.enums import RowOutcome
from core.jobs.registry import job_kind
from core.money import currency_problem
from core.words import run_on
from inventory.enums import SkuStatus
from inventory.rules.catalogue import FieldProblem, SkuDraft, SkuOutcome, Upserted
from inventory.rules.cells import parse_decimal, parse_whole, parse_yes_no, split_list
from inventory.rules.codes import InvalidSkuCode, normalise_sku_code
from inventory.rules.gtin import InvalidGtin, normalise_gtin
from inventory.services.catalogue import upsert_skus
from inventory.services.imports.loop import FileRow, failed, run_import, title_by_file, unused_columns

FIELDS: dict[str, tuple[str, ...]] = {
    "sku": ("SKU code", "Stock code", "Item number", "SKU编码", "商品编码", "商家编码", "货号", "规格编码"),
    "name": ("SKU name", "Title", "Description", "商品名称", "名称", "品名", "规格名称"),
    "product": ("Product code", "Style", "SPU", "款号", "产品编码", "SPU编码"),
    "product_name": ("Product title", "产品名称", "款名"),
    "name_zh": ("Chinese name", "中文名", "中文名称"),
    "category": ("Type", "类目", "分类", "商品分类"),
    "brand": ("Vendor", "品牌"),
    "barcode": ("Barcodes", "GTIN", "EAN", "UPC", "条码", "条形码", "商品条码"),
    "alias": ("Aliases", "Channel SKU", "渠道编码", "平台编码", "外部编码"),
    "price": ("Unit price", "List price", "售价", "单价", "标准售价"),
    "cost": ("Unit cost", "Cost price", "成本", "成本价"),
    "currency": ("币种", "货币"),
    "weight_g": ("Weight (g)", "Weight", "Grams", "重量", "重量(g)", "重量克"),
    "length_mm": ("Length (mm)", "长", "长(mm)"),
    "width_mm": ("Width (mm)", "宽", "宽(mm)"),
    "height_mm": ("Height (mm)", "高", "高(mm)"),
    "bin": ("Bin location", "Location", "库位", "货位"),
    "status": ("State", "状态"),
    "stocked": ("Is stocked", "Track inventory", "计库存", "管理库存"),
}

EXAMPLE = (
    {
        "sku": "MUG-WHITE",
        "name": "Mug, white",
        "product": "MUG",
        "category": "Kitchen",
        "barcode": "5012345678900",
        "alias": "shop:M-1;M-WHITE",
        "price": "4.50",
        "currency": "GBP",
        "weight_g": "350",
        "bin": "A-01-2",
    },
)

_STATUS_WORDS = {
    SkuStatus.ACTIVE: {"active", "on sale", "在售", "上架", "启用", "正常"},
    SkuStatus.INACTIVE: {"inactive", "off", "draft", "下架", "停用", "停售"},
    SkuStatus.DISCONTINUED: {"discontinued", "archived", "停产", "淘汰"},
}
_TEXTS = {
    "name": ("name", 255),
    "product": ("product_code", 64),
    "product_name": ("product_name", 255),
    "name_zh": ("product_name_zh", 255),
    "category": ("category", 120),
    "brand": ("brand", 120),
    "bin": ("bin_location", 32),
}
_AMOUNTS = {"price": "unit_price", "cost": "unit_cost"}
_MEASURES = ("weight_g", "length_mm", "width_mm", "height_mm")
_LARGEST = 2_147_483_647


class ProductImporter:
    """One row per SKU. Empty cells leave things as they are; rows about the same SKU add up."""

    fields = FIELDS
    required = ("sku",)

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def key(self, values: Mapping[str, str]) -> str:
        return values["sku"].strip().casefold()

    def apply(self, batch: Sequence[FileRow]) -> list[RowResult]:
        results = []
        drafts: list[tuple[FileRow, SkuDraft]] = []
        for row in batch:
            draft, problems = read_draft(row.values)
            if draft is None or problems:
                results.append(_refused(row, problems))
            else:
                drafts.append((row, draft))
        outcomes = upsert_skus([draft for _row, draft in drafts], actor=self.actor) if drafts else []
        pairs = zip(drafts, outcomes, strict=True)
        return results + [_reported(row, outcome) for (row, _draft), outcome in pairs]


@job_kind(
    "inventory.import_products",
    gettext_lazy("Import products"),
    "inventory.import_products",
    title=title_by_file,
    summary=unused_columns,
)
def import_products(context: JobContext) -> None:
    """Job: create and change SKUs from a file; a code that exists is changed, others are created."""
    run_import(context, ProductImporter(context.actor))


def read_draft(values: Mapping[str, str]) -> tuple[SkuDraft | None, list[FieldProblem]]:
    """A row as a draft, with everything that is wrong with it."""
    try:
        draft = SkuDraft(normalise_sku_code(values["sku"]))
    except InvalidSkuCode as error:
        return None, [FieldProblem("sku", _SKU_MESSAGES[error.code]())]
    problems: list[FieldProblem] = []
    for read in (_read_texts, _read_numbers, _read_choices, _read_codes):
        read(values, draft, problems)
    return draft, problems


def _read_texts(values: Mapping[str, str], draft: SkuDraft, problems: list[FieldProblem]) -> None:
    for column, (attribute, length) in _TEXTS.items():
        if text := values.get(column, ""):
            if len(text) > length:
                message = _("At most %(length)d characters.") % {"length": length}
                problems.append(FieldProblem(column, message))
            setattr(draft, attribute, text)


def _read_numbers(values: Mapping[str, str], draft: SkuDraft, problems: list[FieldProblem]) -> None:
    for column, attribute in _AMOUNTS.items():
        if text := values.get(column, ""):
            amount = parse_decimal(text)
            if amount is None or not 0 <= amount < 10**10 or amount != round(amount, 4):
                message = _("“%(text)s” is no price: expected a number such as 12.50.") % {"text": text}
                problems.append(FieldProblem(column, message))
            setattr(draft, attribute, amount)
    for column in _MEASURES:
        if text := values.get(column, ""):
            measure = parse_whole(text)
            if measure is None or not 0 <= measure <= _LARGEST:
                message = _("“%(text)s” is no whole number.") % {"text": text}
                problems.append(FieldProblem(column, message))
            setattr(draft, column, measure)


def _read_choices(values: Mapping[str, str], draft: SkuDraft, problems: list[FieldProblem]) -> None:
    if text := values.get("currency", ""):
        draft.currency = text.upper()
        if problem := currency_problem(draft.currency):
            problems.append(FieldProblem("currency", problem))
    if text := values.get("status", ""):
        draft.status = next((s.value for s, words in _STATUS_WORDS.items() if text.casefold() in words), None)
        if draft.status is None:
            message = _("“%(text)s” isn't one of active, inactive, discontinued.") % {"text": text}
            problems.append(FieldProblem("status", message))
    if text := values.get("stocked", ""):
        draft.is_stocked = parse_yes_no(text)
        if draft.is_stocked is None:
            problems.append(FieldProblem("stocked", _("“%(text)s” is neither yes nor no.") % {"text": text}))


def _read_codes(values: Mapping[str, str], draft: SkuDraft, problems: list[FieldProblem]) -> None:
    for text in split_list(values.get("barcode", "")):
        try:
            draft.barcodes.append(normalise_gtin(text))
        except InvalidGtin as error:
            problems.append(FieldProblem("barcode", _gtin_message(text, error)))
    for text in split_list(values.get("alias", "")):
        source, _colon, code = text.rpartition(":")
        draft.aliases.append((source.strip().lower(), code.strip()))
        if not code.strip() or len(code) > 120 or len(source) > 32:
            message = _("“%(text)s” is no alias: write CODE or channel:CODE.") % {"text": text}
            problems.append(FieldProblem("alias", message))


def _gtin_message(text: str, error: InvalidGtin) -> str:
    if error.code == "check_digit":
        return _("“%(text)s” has a wrong check digit; it would be %(digit)s.") % {
            "text": text,
            "digit": error.expected,
        }
    if error.code == "length":
        return _("“%(text)s” isn't 8, 12, 13 or 14 digits long.") % {"text": text}
    return _("“%(text)s” has other characters than digits.") % {"text": text}


_SKU_MESSAGES: dict[str, Callable[[], str]] = {
    "empty": lambda: _("The SKU code is missing."),
    "length": lambda: _("A SKU code has at most 64 characters."),
    "formula": lambda: _("A SKU code can't begin with =, + or @: a spreadsheet takes it for a formula."),
    "characters": lambda: _("A SKU code can't have quotation marks, <, >, \\ or |."),
}


def _refused(row: FileRow, problems: Sequence[FieldProblem]) -> RowResult:
    first = problems[0]
    return failed(row, row.values["sku"], first.field, run_on(*(problem.message for problem in problems)))


_COLUMN_OF = {"barcodes": "barcode", "aliases": "alias"}


def _reported(row: FileRow, outcome: SkuOutcome) -> RowResult:
    if outcome.result == Upserted.REFUSED:
        problems = [FieldProblem(_COLUMN_OF.get(p.field, p.field), p.message) for p in outcome.problems]
        return _refused(row, problems)
    messages: dict[Upserted, Any] = {
        Upserted.CREATED: _("New SKU"),
        Upserted.UPDATED: _("Changed"),
        Upserted.UNCHANGED: _("Nothing to change"),
    }
    skipped = outcome.result == Upserted.UNCHANGED
    state = RowOutcome.SKIPPED if skipped else RowOutcome.OK
    data = {"sku_id": outcome.sku_id, "url": reverse("inventory:sku_detail", args=[outcome.sku_id])}
    return RowResult(row.number, row.values["sku"], state, "", messages[outcome.result], data)
