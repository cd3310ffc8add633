"""Customers hear of their parcels: once each, in their language, with a link that opens their order."""

import pytest
from django.core import mail

from core.actor import Actor
from core.notifications.models import OutgoingMessage
from core.stages import drain
from logistics.public import unsign
from logistics.services.customer_mail import DELIVERED, SHIPPED, tell_customers
from logistics.services.warehouse import pack_without_scanning
from orders.models import Channel, Order
from orders.services.fulfilment import record_delivery
from tests.factories.accounts import make_user
from tests.factories.logistics import make_fulfilment

pytestmark = pytest.mark.django_db


def test_a_customer_hears_of_shipping_and_delivery_once():
    fulfilment = make_fulfilment()
    pack_without_scanning(fulfilment_id=fulfilment.pk, actor=Actor.for_user(make_user()))
    record_delivery(fulfilment_ids=[fulfilment.pk])
    drain(only=["outbox.relay"])
    drain(only=["notifications.send"])
    tell_customers(SHIPPED, fulfilment_ids=[fulfilment.pk])
    drain(only=["notifications.send"])
    assert sorted(message.subject for message in mail.outbox) == sorted(
        [f"您的订单 {fulfilment.order.number} 已发货", f"您的订单 {fulfilment.order.number} 已送达"]
    )
    token = mail.outbox[0].body.split("/track/")[1].split("/")[0]
    assert unsign(token) == fulfilment.order_id
    assert fulfilment.order.ship_street not in mail.outbox[0].body


def test_abroad_it_is_english_and_a_channel_may_forbid_it():
    fulfilment = make_fulfilment()
    Order.objects.update(ship_country="DE")
    assert tell_customers(DELIVERED, fulfilment_ids=[fulfilment.pk]) == 1
    assert OutgoingMessage.objects.get().language == "en"
    Channel.objects.update(settings={"customer_mail": False})
    assert tell_customers(SHIPPED, fulfilment_ids=[fulfilment.pk]) == 0
