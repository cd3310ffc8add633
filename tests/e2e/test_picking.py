"""The pick screen where the connection is lost: it counts and refuses by itself, and the server stays the judge."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from core.accounts.enums import Role
from core.actor import Actor
from core.stages import drain
from core.ui.models import ScanReceipt
from inventory.models import SkuBarcode
from orders.models import FulfilmentOrder
from orders.services.fulfilment import start_picking
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, stock
from tests.factories.logistics import PIPELINE, make_warehouse_in_shenzhen
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fulfilment() -> FulfilmentOrder:
    warehouse = make_warehouse_in_shenzhen()
    skus = [make_sku("22632", name="Hand warmer"), make_sku("PICK-B", name="Lamp")]
    SkuBarcode.objects.create(sku=skus[1], gtin="04006381333931")
    for sku in skus:
        stock(warehouse, sku, 10)
    order = make_order(make_channel(duplicate_window_hours=0), ("22632", 5), ("PICK-B", 2))
    drain(only=PIPELINE)
    return order.fulfilments.get()


def scan(phone: Page, code: str) -> None:
    phone.get_by_label("Code").fill(code)
    phone.get_by_label("Code").press("Enter")


def refused(phone: Page, why: str) -> None:
    expect(phone.locator("#work-signal")).to_contain_text(why)
    phone.get_by_role("button", name="Understood").click()


def test_without_a_connection_the_page_counts_and_refuses_and_nothing_is_lost(
    open_page, log_in, fulfilment, page_errors
):
    phone = open_page(phone=True)
    log_in(phone, make_user(Role.WAREHOUSE_OPERATOR))
    phone.goto(reverse("logistics:pick", args=[fulfilment.pk]))
    mug, lamp = (phone.locator(".work-line").filter(has_text=name) for name in ("Hand warmer", "Lamp"))

    phone.context.set_offline(True)
    scan(phone, "22632")
    expect(mug).to_contain_text("1 / 5")
    expect(phone.locator("#work-count")).to_have_text("1 / 7")
    scan(phone, "NOPE")
    refused(phone, "it isn't part of this order")
    scan(phone, "5*22632")
    refused(phone, "Too many")
    mug.get_by_role("button", name="All 4").click()
    expect(mug).to_contain_text("5 / 5")
    expect(mug.get_by_role("button")).to_be_hidden()
    scan(phone, "22632")
    refused(phone, "There are enough")
    scan(phone, "4006381333931")
    expect(lamp).to_contain_text("1 / 2")
    expect(phone.locator("#work-count")).to_have_text("6 / 7")
    assert not ScanReceipt.objects.exists()

    phone.context.set_offline(False)
    for _attempt in range(300):
        if phone.evaluate("localStorage.getItem('scans')") == "[]":
            break
        phone.wait_for_timeout(100)
    expect(phone.locator("#work-count")).to_have_text("6 / 7")
    expect(phone.get_by_role("button", name="Understood")).to_be_hidden()
    assert ScanReceipt.objects.count() == 3
    assert sorted(fulfilment.lines.values_list("picked_quantity", flat=True)) == [1, 5]
    page_errors.clear()  # the refused connection, as the browser reports it


def test_who_scans_what_somebody_else_picks_is_led_to_the_next_order(open_page, log_in, fulfilment):
    phone = open_page(phone=True)
    log_in(phone, make_user(Role.WAREHOUSE_OPERATOR))
    phone.goto(reverse("logistics:pick", args=[fulfilment.pk]))
    other = Actor.for_user(make_user(Role.WAREHOUSE_OPERATOR, display_name="Wang Wei"))
    start_picking(fulfilment_id=fulfilment.pk, actor=other)
    scan(phone, "22632")
    expect(phone.locator("#work-signal")).to_contain_text("Wang Wei is picking this.")
    expect(phone.locator("#work-count")).to_have_text("0 / 7")
    phone.get_by_role("button", name="Next order").click()
    expect(phone.get_by_text("Nothing to pick")).to_be_visible()
