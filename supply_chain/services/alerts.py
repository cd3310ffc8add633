"""Telling people that a purchase order needs them."""

from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import users_with_permission
from core.notifications.enums import Level
from core.notifications.registry import register_template
from core.notifications.services import notify
from supply_chain.models import PurchaseOrder
from supply_chain.selectors import orders_for

APPROVAL_WANTED = "supply_chain.approval_wanted"


def register_messages() -> None:
    """Called from SupplyChainConfig.ready()."""
    register_template(
        APPROVAL_WANTED,
        {
            "en": {
                "subject": "To approve: {{ number }}, {{ supplier }}",
                "body": "{{ who }} asks you to approve {{ number }} to {{ supplier }}, {{ total }}.\n\n{{ link }}\n",
            },
            "zh-hans": {
                "subject": "待审核：{{ number }}，{{ supplier }}",
                "body": "{{ who }} 请你审核采购单 {{ number }}（{{ supplier }}，{{ total }}）。\n\n{{ link }}\n",
            },
        },
        label=_("Purchase order to approve"),
        placeholders={"number": "PO00000042", "supplier": "Yiwu Ceramics", "total": "1,200.00 CNY", "who": "Li Na"},
    )


def ask_for_approval(order: PurchaseOrder, *, asked_by_id: int, asked_by: str) -> None:
    """Tell everybody who may approve the order and may see it, but who wrote it or asks."""
    own = {pk for pk in (order.created_by_id, asked_by_id) if pk is not None}
    able = users_with_permission("supply_chain.approve_purchaseorder").exclude(pk__in=own)
    user_ids = [user.pk for user in able if orders_for(user).filter(pk=order.pk).exists()]
    notify(
        code=APPROVAL_WANTED,
        user_ids=user_ids,
        params={
            "number": order.number,
            "supplier": order.supplier.name,
            "total": f"{order.total:,.2f} {order.currency}",
            "who": asked_by,
        },
        url=order.get_absolute_url(),
        level=Level.INFO,
    )
