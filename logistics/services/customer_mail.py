"""What a customer is told of a parcel: that it left, and that it arrived, each once, with the tracking link."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.notifications.enums import Audience
from core.notifications.registry import register_template
from core.notifications.services import send_email
from logistics.public import tracking_url
from orders.models import FulfilmentOrder

SHIPPED = "logistics.parcel_shipped"
DELIVERED = "logistics.parcel_delivered"

_PLACEHOLDERS = {"order": "SO00000042", "shop": "Web shop", "tracking_url": "https://shop.example/track/…/"}


def register() -> None:
    """Called once from LogisticsConfig.ready()."""
    register_template(
        SHIPPED,
        {
            "en": {
                "subject": "Your order {{ order }} is on its way",
                "body": "Your order {{ order }} from {{ shop }} has left our warehouse.\n\n"
                "See where it is: {{ tracking_url }}\n",
            },
            "zh-hans": {
                "subject": "您的订单 {{ order }} 已发货",
                "body": "您在 {{ shop }} 的订单 {{ order }} 已从仓库发出。\n\n查看物流：{{ tracking_url }}\n",
            },
        },
        label=_("To the customer: parcel shipped"),
        placeholders=_PLACEHOLDERS,
        audience=Audience.CUSTOMER,
    )
    register_template(
        DELIVERED,
        {
            "en": {
                "subject": "Your order {{ order }} has arrived",
                "body": "Your order {{ order }} from {{ shop }} has been delivered.\n\n"
                "Tell us how it went: {{ tracking_url }}\n",
            },
            "zh-hans": {
                "subject": "您的订单 {{ order }} 已送达",
                "body": "您在 {{ shop }} 的订单 {{ order }} 已送达。\n\n请告诉我们您的感受：{{ tracking_url }}\n",
            },
        },
        label=_("To the customer: parcel delivered"),
        placeholders=_PLACEHOLDERS,
        audience=Audience.CUSTOMER,
    )


def tell_customers(template: str, *, fulfilment_ids: Sequence[int]) -> int:
    """Queue the message for every customer with an e-mail address whose channel allows it; returns how many.

    A channel forbids it with "customer_mail": false in its settings, as marketplaces demand. Repeating it
    queues nothing: the key of a message is its fulfilment order.
    """
    parcels = FulfilmentOrder.objects.filter(pk__in=fulfilment_ids).select_related("order__channel")
    return sum(_tell(template, parcel) for parcel in parcels)


def _tell(template: str, parcel: FulfilmentOrder) -> bool:
    order = parcel.order
    if not order.buyer_email or order.channel.settings.get("customer_mail") is False:
        return False
    params = {"order": order.number, "shop": order.channel.name, "tracking_url": tracking_url(order.pk)}
    try:
        message_id = send_email(
            template=template,
            to=order.buyer_email,
            language="zh-hans" if order.ship_country == "CN" else "en",
            params=params,
            dedupe_key=f"{template}:{parcel.pk}",
        )
    except ValidationError:
        return False  # validation has said so at the door
    return message_id is not None
