"""What purchasing can do about exceptions of other apps. They are known by their codes alone: apps beside each other
don't import each other."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.actor import Actor
from core.cases.models import Case
from core.cases.registry import Field, Resolution, add_resolution
from core.exceptions import DomainError
from core.ids import parse_id
from core.words import listed
from inventory.models import Sku
from inventory.selectors import warehouses_for
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.selectors import orders_for
from supply_chain.services import order_shortages


def register() -> None:
    """Called once from SupplyChainConfig.ready()."""
    add_resolution(
        "orders.out_of_stock",
        Resolution(
            "purchase",
            _("Create purchase orders"),
            "supply_chain.add_purchaseorder",
            _purchase,
            "primary",
            (Field("warehouse", _("Deliver to"), "choice", choices=_warehouses),),
            stays=_(
                "What was missing is on purchase orders now, as drafts. The exception ends by itself once the goods "
                "are there."
            ),
        ),
    )


def _warehouses(user: Any) -> list[tuple[str, str]]:
    found = warehouses_for(user).filter(is_active=True).order_by("name")
    return [(str(pk), name) for pk, name in found.values_list("pk", "name")]


def _purchase(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    """Draft purchase orders for what the case's order waits for: what all orders together lack of it."""
    user = User.objects.filter(pk=actor.user_id or 0).first()
    wanted = parse_id(str(params["warehouse"]))
    warehouse = warehouses_for(user).filter(pk=wanted, is_active=True).first() if user and wanted else None
    if warehouse is None:
        raise DomainError(_("You can't order for this warehouse."), field="warehouse")
    sku_ids = case.data.get("sku_ids", [])
    orders, unserved = order_shortages(sku_ids=sku_ids, warehouse=warehouse, actor=actor)
    if unserved:
        codes = listed(Sku.objects.filter(pk__in=unserved).order_by("code").values_list("code", flat=True))
        message = _("No supplier offers %(skus)s, so nothing was ordered. Add an offer on the SKU's page.")
        raise DomainError(message % {"skus": codes}, "unserved")
    if not orders:
        raise _enough(sku_ids, user)


def _enough(sku_ids: list[int], user: Any) -> DomainError:
    """Why there is nothing to order, with the purchase orders that bring the goods."""
    coming = orders_for(user).filter(lines__sku__in=sku_ids, status__in=PurchaseOrderStatus.OPEN)
    numbers = coming.exclude(status=PurchaseOrderStatus.RECEIVED).order_by("number").distinct()
    if not numbers:
        return DomainError(_("Enough is there or ordered."), "enough")
    message = _("Ordered already: %(orders)s. Let the exception wait until the goods are due.")
    return DomainError(message % {"orders": listed(order.number for order in numbers)}, "enough")
