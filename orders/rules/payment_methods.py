"""Means of payment by the words that people use; a channel may send any text."""

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

_NAMES = {
    "alipay": _("Alipay"),
    "bank_transfer": _("Bank transfer"),
    "card": _("Card"),
    "cash": _("Cash"),
    "cod": _("Cash on delivery"),
    "credit_card": _("Card"),
    "paypal": "PayPal",
    "wechat": _("WeChat Pay"),
    "wechat_pay": _("WeChat Pay"),
}


def payment_method_name(method: str) -> str:
    """The name of a usual means of payment in the active language; any other as the channel wrote it."""
    return str(_NAMES.get(method.strip().lower(), capfirst(method)))
