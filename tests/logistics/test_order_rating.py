"""What a customer said of a delivery, on the order's page."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from logistics.models import DeliveryRating, Shipment
from tests.factories.accounts import make_user
from tests.factories.logistics import make_shipment

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipment() -> Shipment:
    return make_shipment(None)


def page(client: Client, shipment: Shipment, role: Role) -> str:
    client.force_login(make_user(role))
    return client.get(reverse("orders:order_detail", args=[shipment.order_id])).content.decode()


def test_a_rating_stands_with_the_parcels(client, shipment):
    assert "of 5" not in page(client, shipment, Role.ORDER_CLERK)
    DeliveryRating.objects.create(order=shipment.order, stars=2, comment="Box was wet", created_at=timezone.now())
    shown = page(client, shipment, Role.ORDER_CLERK)
    assert 'aria-label="2 stars of 5"' in shown
    assert "★★☆☆☆" in shown
    assert "Box was wet" in shown


def test_what_the_customer_wrote_is_masked_without_the_right(client, shipment):
    DeliveryRating.objects.create(order=shipment.order, stars=4, comment="Ring at Ann's", created_at=timezone.now())
    shown = page(client, shipment, Role.ANALYST)
    assert "★★★★☆" in shown
    assert "Ring at Ann" not in shown


def test_an_order_that_arrived_without_a_parcel_shows_its_rating_too(client, shipment):
    order = shipment.order
    shipment.delete()
    type(order).objects.filter(pk=order.pk).update(delivered_at=timezone.now())
    DeliveryRating.objects.create(order=order, stars=1, comment="", created_at=timezone.now())
    client.force_login(make_user(Role.ORDER_CLERK))
    shown = client.get(reverse("orders:order_detail", args=[order.pk])).content.decode()
    assert 'aria-label="1 star of 5"' in shown
    assert "without a comment" in shown
