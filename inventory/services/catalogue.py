"""Products and SKUs made and changed in bulk; the same few statements for 1 draft and for 500."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import SYSTEM, Actor
from core.audit.services import AuditRow, record_many
from core.db import insert_rows, update_rows
from core.taken import refused_if_taken
from inventory.enums import SkuStatus
from inventory.locks import lock_catalogue
from inventory.models import Product, Sku, SkuAlias, SkuBarcode, Warehouse
from inventory.rules.catalogue import (
    SKU_FIELDS,
    FieldProblem,
    SkuDraft,
    SkuOutcome,
    Upserted,
    changed_values,
)

_PRODUCT_FIELDS = ("name", "name_zh", "category", "brand")
_NEW_SKU: dict[str, Any] = {
    "name": "",
    "status": SkuStatus.ACTIVE.value,
    "is_stocked": True,
    "unit_price": None,
    "unit_cost": None,
    "currency": "CNY",
    "weight_g": None,
    "length_mm": None,
    "width_mm": None,
    "height_mm": None,
    "bin_location": "",
}
Changes = dict[str, list[object]]
T = TypeVar("T", Product, Warehouse)


def upsert_skus(drafts: Sequence[SkuDraft], *, actor: Actor = SYSTEM, replace: bool = False) -> list[SkuOutcome]:
    """Create or change SKUs, with their products, barcodes and aliases; one outcome per draft, in order.

    A SKU is found by its code in any case. Values that a draft leaves out stay as they are; a new SKU needs a
    name, and gets a product of its own unless the draft names one. A barcode or alias of another SKU refuses
    the draft. With `replace` a None empties the SKU's own column instead (a form that shows every field).
    Raises ValueError when a code occurs twice in one call.
    """
    if len({draft.code.casefold() for draft in drafts}) < len(drafts):
        raise ValueError("A SKU code occurs twice in one call.")
    with transaction.atomic():
        lock_catalogue()
        return _Upsert(drafts, actor, timezone.now(), replace=replace).run()


def set_sku_status(*, sku_ids: Iterable[int], status: SkuStatus, actor: Actor) -> int:
    """Activate, deactivate or discontinue SKUs; returns how many changed."""
    with transaction.atomic():
        skus = Sku.objects.select_for_update().filter(pk__in=sku_ids).exclude(status=status).order_by("pk")
        before = list(skus.values_list("pk", "code", "status"))
        Sku.objects.filter(pk__in=[row[0] for row in before]).update(status=status, updated_at=timezone.now())
        record_many(
            [
                AuditRow("inventory.sku_changed", actor, "inventory.sku", pk, code, {"status": [old, status.value]})
                for pk, code, old in before
            ]
        )
    return len(before)


def add_barcode(*, sku: Sku, gtin: str, actor: Actor) -> SkuBarcode:
    """Give a SKU a barcode, as 14 digits (rules.gtin.normalise_gtin). Raises Taken if it has been given away."""
    with transaction.atomic():
        lock_catalogue()
        barcode = SkuBarcode(sku=sku, gtin=gtin)
        with refused_if_taken(barcode):
            barcode.save()
        _record_sku(sku, {"barcode": [None, gtin]}, actor)
    return barcode


def remove_barcode(*, barcode: SkuBarcode, actor: Actor) -> None:
    """Take a barcode away from its SKU."""
    with transaction.atomic():
        _record_sku(barcode.sku, {"barcode": [barcode.gtin, None]}, actor)
        barcode.delete()


def add_alias(*, sku: Sku, source: str, external_sku: str, actor: Actor) -> SkuAlias:
    """Let a channel (or, with an empty source, every channel) sell a SKU under another code. Raises Taken."""
    with transaction.atomic():
        lock_catalogue()
        alias = SkuAlias(sku=sku, source=source, external_sku=external_sku)
        with refused_if_taken(alias, field="external_sku"):
            alias.save()
        _record_sku(sku, {"alias": [None, str(alias)]}, actor)
    return alias


def remove_alias(*, alias: SkuAlias, actor: Actor) -> None:
    """Forget an alias."""
    with transaction.atomic():
        _record_sku(alias.sku, {"alias": [str(alias), None]}, actor)
        alias.delete()


def save_product(*, product: Product, before: dict[str, Any], actor: Actor) -> Product:
    """Save a product that a form has changed, with audit; `before` holds the former values. Raises Taken."""
    with transaction.atomic():
        lock_catalogue()
        return _save(product, before, actor, "inventory.product")


def save_warehouse(*, warehouse: Warehouse, before: dict[str, Any], actor: Actor) -> Warehouse:
    """Save a warehouse that a form has filled, with audit; `before` is empty for a new one. Raises Taken."""
    return _save(warehouse, before, actor, "inventory.warehouse")


def _save(row: T, before: dict[str, Any], actor: Actor, subject: str) -> T:
    with transaction.atomic():
        with refused_if_taken(row):
            row.save()
        changes = changed_values(before, {name: getattr(row, name) for name in before})
        if changes or not before:
            action = f"{subject}_{'changed' if before else 'created'}"
            record_many([AuditRow(action, actor, subject, row.pk, str(row), changes)])
    return row


def _record_sku(sku: Sku, changes: Changes, actor: Actor) -> None:
    record_many([AuditRow("inventory.sku_changed", actor, "inventory.sku", sku.pk, sku.code, changes)])


class _Upsert:
    """The state of one call; every method is a step and issues at most two statements."""

    def __init__(self, drafts: Sequence[SkuDraft], actor: Actor, at: datetime, *, replace: bool) -> None:
        self.drafts = drafts
        self.replace = replace
        self.actor = actor
        self.at = at
        self.outcomes = [SkuOutcome(Upserted.UNCHANGED) for _draft in drafts]
        self.skus: dict[int, Sku] = {}  # by the draft's place
        self.product_ids: dict[str, int] = {}
        self.changes: dict[int, Changes] = {}

    def run(self) -> list[SkuOutcome]:
        self._find_skus()
        self._check_new()
        self._check_taken("barcodes", _BARCODE_OWNERS, [(n, gtin, "") for n, gtin in self._barcodes()])
        self._check_taken("aliases", _ALIAS_OWNERS, [(n, code, source) for n, source, code in self._aliases()])
        self._write_products()
        self._update_skus()
        self._insert_skus()
        self._insert_barcodes()
        self._insert_aliases()
        self._audit()
        return self.outcomes

    def _find_skus(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT w.place, s.id FROM unnest(%s::text[]) WITH ORDINALITY AS w(code, place)
                   JOIN inventory_sku s ON upper(s.code) = upper(w.code)""",
                [[draft.code for draft in self.drafts]],
            )
            ids = {place - 1: sku_id for place, sku_id in cursor.fetchall()}
        found = Sku.objects.select_related("product").in_bulk(ids.values())
        self.skus = {place: found[sku_id] for place, sku_id in ids.items()}
        for place, sku in self.skus.items():
            self.outcomes[place].sku_id = sku.pk

    def _check_new(self) -> None:
        for place, draft in enumerate(self.drafts):
            if place not in self.skus and not draft.name:
                self._refuse(place, "name", _("A new SKU needs a name."))

    def _check_taken(self, field: str, sql: str, wanted: list[tuple[int, str, str]]) -> None:
        """Refuse drafts whose barcode or alias belongs to another SKU, in the database or in this call."""
        with connection.cursor() as cursor:
            cursor.execute(sql, [[row[1] for row in wanted], [row[2] for row in wanted]])
            owners: dict[tuple[str, str], tuple[int, str]] = {
                (code, source): (sku_id, owner) for code, source, sku_id, owner in cursor.fetchall()
            }
        first: dict[tuple[str, str], int] = {}
        for place, code, source in wanted:
            owner = owners.get((code, source))
            earlier = first.setdefault((code.upper(), source), place)
            if owner is not None and owner[0] != self.outcomes[place].sku_id:
                self._refuse(place, field, _("%(code)s belongs to SKU %(sku)s.") % {"code": code, "sku": owner[1]})
            elif earlier != place:
                sku = self.drafts[earlier].code
                self._refuse(place, field, _("%(code)s belongs to SKU %(sku)s.") % {"code": code, "sku": sku})

    def _write_products(self) -> None:
        """Make the products that are missing, and change those of which the drafts say something new."""
        given: dict[str, dict[str, Any]] = {}
        names: dict[str, str] = {}
        for place, draft in self._accepted():
            code = self._product_code(place, draft)
            names.setdefault(code, draft.name or draft.code)
            given.setdefault(code, {}).update(_product_values(code, draft))
        known = {product.code: product for product in Product.objects.filter(code__in=given)}
        new = [
            (code, *_filled({"name": names[code], **values}), True, self.at, self.at)
            for code, values in given.items()
            if code not in known
        ]
        columns = ("code", *_PRODUCT_FIELDS, "is_active", "created_at", "updated_at")
        inserted = insert_rows(Product, columns, new, returning=("code", "id"))
        self.product_ids = {code: product.pk for code, product in known.items()} | dict(inserted)
        update_rows(
            Product,
            "id",
            (*_PRODUCT_FIELDS, "updated_at"),
            [
                (product.pk, *_filled({**_current(product, _PRODUCT_FIELDS), **given[code]}), self.at)
                for code, product in known.items()
                if changed_values(_current(product, _PRODUCT_FIELDS), given[code])
            ],
        )

    def _update_skus(self) -> None:
        rows = []
        for place, draft in self._accepted():
            sku = self.skus.get(place)
            if sku is None:
                continue
            current = _current(sku, (*SKU_FIELDS, "product_id"))
            given = {
                **draft.sku_values(empty=self.replace),
                "product_id": self.product_ids[self._product_code(place, draft)],
            }
            if changes := changed_values(current, given):
                self._note(place, changes)
                rows.append((sku.pk, *(current | given).values(), self.at))
        update_rows(Sku, "id", (*SKU_FIELDS, "product_id", "updated_at"), rows)

    def _insert_skus(self) -> None:
        new = {draft.code: place for place, draft in self._accepted() if place not in self.skus}
        rows = []
        for code, place in new.items():
            draft = self.drafts[place]
            values = {**_NEW_SKU, **draft.sku_values()}
            product_id = self.product_ids[self._product_code(place, draft)]
            rows.append((code, product_id, *(values[name] for name in SKU_FIELDS), self.at, self.at))
        columns = ("code", "product_id", *SKU_FIELDS, "created_at", "updated_at")
        for code, sku_id in insert_rows(Sku, columns, rows, returning=("code", "id")):
            self.outcomes[new[code]] = SkuOutcome(Upserted.CREATED, sku_id)

    def _insert_barcodes(self) -> None:
        rows = [(self.outcomes[place].sku_id, gtin) for place, gtin in self._barcodes()]
        columns = ("sku_id", "gtin")
        conflict = "ON CONFLICT (gtin) DO NOTHING"
        self._note_added("barcode", insert_rows(SkuBarcode, columns, rows, on_conflict=conflict, returning=columns))

    def _insert_aliases(self) -> None:
        rows = [(source, code, self.outcomes[place].sku_id) for place, source, code in self._aliases()]
        added = insert_rows(
            SkuAlias,
            ("source", "external_sku", "sku_id"),
            rows,
            on_conflict="ON CONFLICT (source, upper(external_sku)) DO NOTHING",
            returning=("sku_id", "external_sku"),
        )
        self._note_added("alias", added)

    def _note_added(self, field: str, added: Iterable[tuple[Any, ...]]) -> None:
        places = {self.outcomes[place].sku_id: place for place, _draft in self._accepted()}
        for sku_id, value in added:
            self._note(places[sku_id], {field: [None, value]})

    def _audit(self) -> None:
        rows = []
        for place, draft in self._accepted():
            outcome = self.outcomes[place]
            if outcome.result != Upserted.UNCHANGED:
                action = "created" if outcome.result == Upserted.CREATED else "changed"
                rows.append(
                    AuditRow(
                        f"inventory.sku_{action}",
                        self.actor,
                        "inventory.sku",
                        outcome.sku_id,
                        draft.code,
                        self.changes.get(place, {}),
                    )
                )
        record_many(rows)

    def _accepted(self) -> Iterator[tuple[int, SkuDraft]]:
        for place, draft in enumerate(self.drafts):
            if self.outcomes[place].result != Upserted.REFUSED:
                yield place, draft

    def _barcodes(self) -> list[tuple[int, str]]:
        return [(place, gtin) for place, draft in self._accepted() for gtin in dict.fromkeys(draft.barcodes)]

    def _aliases(self) -> list[tuple[int, str, str]]:
        return [
            (place, source, code) for place, draft in self._accepted() for source, code in dict.fromkeys(draft.aliases)
        ]

    def _product_code(self, place: int, draft: SkuDraft) -> str:
        if draft.product_code:
            return draft.product_code
        return self.skus[place].product.code if place in self.skus else draft.code

    def _refuse(self, place: int, field: str, message: str) -> None:
        outcome = self.outcomes[place]
        outcome.result = Upserted.REFUSED
        outcome.problems.append(FieldProblem(field, message))

    def _note(self, place: int, changes: Changes) -> None:
        self.changes.setdefault(place, {}).update(changes)
        if self.outcomes[place].result == Upserted.UNCHANGED:
            self.outcomes[place].result = Upserted.UPDATED


def _product_values(code: str, draft: SkuDraft) -> dict[str, Any]:
    """What a draft says of its product; a product that has the SKU's own code follows the SKU's name."""
    values = draft.product_values()
    if draft.name and code.casefold() == draft.code.casefold():
        values = {"name": draft.name, **values}
    return values


def _filled(values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(name, "") for name in _PRODUCT_FIELDS)


def _current(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields}


_BARCODE_OWNERS = """
SELECT w.code, w.source, s.id, s.code FROM unnest(%s::text[], %s::text[]) AS w(code, source)
  JOIN inventory_skubarcode b ON b.gtin = w.code JOIN inventory_sku s ON s.id = b.sku_id
"""
_ALIAS_OWNERS = """
SELECT w.code, w.source, s.id, s.code FROM unnest(%s::text[], %s::text[]) AS w(code, source)
  JOIN inventory_skualias a ON a.source = w.source AND upper(a.external_sku) = upper(w.code)
  JOIN inventory_sku s ON s.id = a.sku_id
"""
