"""Generated orders: every state is there and the books agree."""

import pytest
from django.core.management import CommandError, call_command

from core.cases.models import Case
from inventory.selectors import stock_differences
from logistics.models import Shipment, TrackingEvent
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order, OrderLine

pytestmark = pytest.mark.django_db


def test_generated_orders_have_every_state_and_consistent_stock() -> None:
    call_command("generate", "--orders=1200", verbosity=0)

    assert Order.objects.count() == 1200
    assert set(Order.objects.values_list("status", flat=True)) == {
        *(set(OrderStatus) - {OrderStatus.DRAFT, OrderStatus.PARTIALLY_SHIPPED})
    }
    assert set(FulfilmentOrder.objects.values_list("status", flat=True)) == {
        *(set(FulfilmentStatus) - {FulfilmentStatus.PLANNED, FulfilmentStatus.SHORT, FulfilmentStatus.CANCELLED})
    }
    assert Shipment.objects.filter(next_poll_at__isnull=False).exists()
    assert TrackingEvent.objects.filter(status="delivered").exists()
    assert Case.objects.filter(subject_type="orders.order").exists()
    assert stock_differences() == []


def test_generating_again_adds_orders_and_keeps_the_books() -> None:
    call_command("generate", "--orders=50", verbosity=0)
    call_command("generate", "--orders=50", "--moving-share=1", verbosity=0)

    assert Order.objects.count() == 100
    assert OrderLine.objects.values("order").distinct().count() == 100
    assert Order.objects.filter(status=OrderStatus.SHIPPED).count() >= 50
    assert stock_differences() == []


def test_nonsense_is_refused() -> None:
    with pytest.raises(CommandError, match="must be positive"):
        call_command("generate", "--orders=0")
    assert not Order.objects.exists()
