"""Suppliers and what they offer."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core.actor import Actor
from core.audit.services import record
from core.taken import refused_if_taken
from inventory.models import Sku
from supply_chain.models import Supplier, SupplierSku


def save_supplier(*, supplier: Supplier, before: Mapping[str, Any], actor: Actor) -> Supplier:
    """Save a supplier that a form has filled, with audit; `before` is empty for a new one. Raises Taken."""
    with transaction.atomic():
        with refused_if_taken(supplier):
            supplier.save()
        after = {name: getattr(supplier, name) for name in before}
        changes = {name: [old, after[name]] for name, old in before.items() if after[name] != old}
        _record("created" if not before else "changed", supplier, actor, changes)
    return supplier


def save_offer(*, supplier_id: int, sku_id: int, values: Mapping[str, Any], actor: Actor) -> SupplierSku:
    """Add or change a supplier's offer of a SKU; being preferred passes from another supplier to this one."""
    with transaction.atomic():
        supplier = Supplier.objects.get(pk=supplier_id)
        # The SKU, not the supplier: two suppliers may be made the preferred one at once.
        Sku.objects.select_for_update(no_key=True).get(pk=sku_id)
        if values.get("is_preferred"):
            SupplierSku.objects.filter(sku_id=sku_id, is_preferred=True).update(is_preferred=False)
        offer, _created = SupplierSku.objects.update_or_create(supplier=supplier, sku_id=sku_id, defaults=dict(values))
        _record("changed", supplier, actor, {f"offer {offer.sku.code}": [None, str(offer.unit_cost)]})
    return offer


def remove_offer(*, offer: SupplierSku, actor: Actor) -> None:
    """Forget an offer; purchase orders keep their prices."""
    with transaction.atomic():
        _record("changed", offer.supplier, actor, {f"offer {offer.sku.code}": [str(offer.unit_cost), None]})
        offer.delete()


def _record(action: str, supplier: Supplier, actor: Actor, changes: Mapping[str, Any]) -> None:
    record(
        action=f"supply_chain.supplier_{action}",
        actor=actor,
        subject_type="supply_chain.supplier",
        subject_id=supplier.pk,
        subject_label=supplier.name,
        changes=changes,
    )
