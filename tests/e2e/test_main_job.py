"""The main job, as people see it: real PostgreSQL, Redis, Celery worker and beat, carrier sandbox, Chromium."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from core.accounts.enums import Role
from core.cases.models import Case
from core.notifications.models import Notification
from inventory.models import Warehouse
from logistics.models import Shipment
from logistics.sandbox.server import Sandbox, serving
from orders.models import Channel, Order
from tests.factories.accounts import make_api_key, make_user
from tests.factories.inventory import make_sku, stock
from tests.factories.logistics import make_carrier, make_rule, make_warehouse_in_shenzhen
from tests.factories.orders import make_channel, payload

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400  # the carriers' clock: a day of theirs is a second of ours
PATIENCE = 60.0


@dataclass
class House:
    """A running house: its address, a channel with its key, and a warehouse with mugs."""

    address: str
    channel: Channel
    key: str
    warehouse: Warehouse
    worker_log: Path

    def eventually(self, check: Callable[[], Any], what: str) -> Any:
        """Wait for the workers until `check()` is true; returns its value."""
        give_up_at = time.monotonic() + PATIENCE
        while time.monotonic() < give_up_at:
            value = check()
            if value:
                return value
            time.sleep(0.2)
        pytest.fail(f"waited {PATIENCE:.0f} s in vain for {what}\n{self.worker_log.read_text()[-4000:]}")

    def send(self, order: dict[str, Any]) -> dict[str, Any]:
        """POST one order to the API; returns its result."""
        request = urllib.request.Request(
            f"{self.address}/api/v1/orders",
            data=json.dumps(order).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202
            result: dict[str, Any] = json.loads(answer.read())["results"][0]
            return result


@pytest.fixture
def house(live_server: Any, child_environment: dict[str, str], tmp_path: Path, settings: Any) -> Iterator[House]:
    sandbox = Sandbox(speed=DAY, rates={"normal": 1.0})
    with serving(sandbox, port=0) as port:
        environment = child_environment | {
            "ECOM_TEST_OUTGOING_HOSTS": f"127.0.0.1:{port}",
            "ECOM_TEST_PUBLIC_BASE_URL": live_server.url,
        }
        settings.PUBLIC_BASE_URL = live_server.url
        warehouse = make_warehouse_in_shenzhen()
        stock(warehouse, make_sku("MUG", name="Stoneware mug", unit_price="10.00", currency="CNY"), 10)
        make_rule(make_carrier(base_url=f"http://127.0.0.1:{port}", time_scale=DAY, supports_push=True))
        channel = make_channel("shop")
        _key, text = make_api_key(scope_kind="channel", scope_object_id=channel.pk)
        with celery(environment, tmp_path) as log:
            yield House(live_server.url, channel, text, warehouse, log)


@contextmanager
def celery(environment: dict[str, str], folder: Path) -> Iterator[Path]:
    """A Celery worker with beat, in processes of their own; gives its log."""
    command = [
        sys.executable, "-m", "celery", "-A", "ecom_admin", "worker", "--beat", "--concurrency=1",
        "--without-mingle", "--without-gossip", "--loglevel=info",
    ]  # fmt: skip
    path = folder / "worker.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield path
        finally:
            process.terminate()
            process.wait(timeout=20)
            with suppress(ProcessLookupError):  # beat is a child of its own, and outlived its parent once
                os.killpg(process.pid, signal.SIGKILL)


def test_an_order_from_the_api_to_the_tracking_page(
    house: House, open_page: Callable[..., Page], log_in: Callable[[Page, Any], None], page_errors: list[str]
) -> None:
    sent = payload(("MUG", 2))
    assert house.send(sent)["outcome"] == "accepted"
    order = house.eventually(lambda: Order.objects.filter(released_at__isnull=False).first(), "the release")

    customer = open_page(phone=True)
    customer_finds_the_order(customer, order)
    page_errors.clear()  # Chromium notes the two answers of 422
    expect(customer.get_by_role("heading", level=1)).to_have_text("Being prepared")

    operator = open_page(phone=True)
    log_in(operator, make_user(Role.WAREHOUSE_OPERATOR))
    operator_picks_and_packs(operator)
    shipment = house.eventually(lambda: Shipment.objects.exclude(tracking_number="").first(), "the label")
    operator.reload()
    expect(operator.get_by_text(shipment.tracking_number)).to_be_visible()
    operator.get_by_role("button", name="Hand over to carrier").click()
    expect(operator.get_by_text("has left the warehouse")).to_be_visible()

    # The carrier's clock runs; polls and pushes bring the parcel home.
    house.eventually(lambda: Order.objects.filter(pk=order.pk, status="delivered").exists(), "the delivery")
    customer.reload()
    expect(customer.get_by_role("heading", level=1)).to_have_text("Delivered")
    assert "13800138000" not in customer.content()
    assert "文三路" not in customer.content()
    customer.locator("label[for=star5]").click()
    customer.get_by_role("button", name="Send rating").click()
    expect(customer.get_by_role("status")).to_have_text("Thank you for your rating.")

    clerk = open_page()
    log_in(clerk, make_user(Role.ORDER_CLERK))
    clerk.goto("/orders/")
    clerk.keyboard.press("/")
    clerk.keyboard.type(order.number.lower())
    clerk.get_by_role("option", name=order.number).first.click()
    expect(clerk.get_by_role("heading", level=1)).to_contain_text(order.number)
    expect(clerk.locator(".timeline")).to_contain_text("Delivered")
    expect(clerk.get_by_text(shipment.tracking_number).first).to_be_visible()


def customer_finds_the_order(customer: Page, order: Order) -> None:
    """A wrong contact and a wrong number read the same; the channel's number and four digits open the page."""
    customer.goto("/track/")
    for number, contact in ((order.number, "9999"), ("SO99999999", "8000")):
        customer.get_by_label("Order or tracking number").fill(number)
        customer.get_by_label("last 4 digits").fill(contact)
        customer.get_by_role("button", name="Show my order").click()
        expect(customer.get_by_role("alert")).to_have_text("No order fits this number and contact. Check both.")
    customer.get_by_label("Order or tracking number").fill(order.external_id)
    customer.get_by_label("last 4 digits").fill("8000")
    customer.get_by_role("button", name="Show my order").click()


def operator_picks_and_packs(operator: Page) -> None:
    """With a scanner: a wrong code blocks until acknowledged, "2*MUG" takes two; then the parcel is closed."""
    operator.goto("/warehouse/pick/")
    code = operator.get_by_label("Code")
    code.fill("TEAPOT")
    code.press("Enter")
    expect(operator.locator("#work-signal")).to_contain_text("Unknown code: TEAPOT")
    operator.get_by_role("button", name="Understood").click()
    code.fill("2*MUG")
    code.press("Enter")
    operator.wait_for_url("**/pack/")
    operator.get_by_role("button", name="All 2").click()
    operator.get_by_label("Weight (g)").fill("760")
    operator.get_by_role("button", name="Close parcel").click()


def test_an_exception_from_alert_to_verified(
    house: House, open_page: Callable[..., Page], log_in: Callable[[Page, Any], None]
) -> None:
    clerk_user = make_user(Role.ORDER_CLERK)
    address = payload(("MUG", 1))["shipping_address"] | {"city": "杭洲市"}
    house.send(payload(("MUG", 1), shipping_address=address))
    case = house.eventually(lambda: Case.objects.filter(type="orders.validation_failed").first(), "the case")

    clerk = open_page()
    log_in(clerk, clerk_user)
    house.eventually(Notification.objects.filter(user=clerk_user).exists, "the alert")
    clerk.goto("/")
    clerk.get_by_role("link", name="Exceptions").first.click()
    clerk.get_by_role("link", name=case.subject_label).first.click()
    expect(clerk.get_by_text("The recipient or address isn't right").first).to_be_visible()

    # On the order's page the suggested fix is one button; the order goes on by itself.
    clerk.goto(f"/orders/{case.subject_id}/")
    expect(clerk.get_by_text("On hold: Address")).to_be_visible()
    clerk.get_by_role("button", name="Apply fix").click()
    house.eventually(
        lambda: Order.objects.filter(pk=case.subject_id, released_at__isnull=False).exists(), "the release"
    )
    house.eventually(
        lambda: Case.objects.filter(pk=case.pk, status__in=("verified", "closed")).exists(), "the verification"
    )
    clerk.reload()
    expect(clerk.get_by_text("On hold: Address")).to_have_count(0)
    expect(clerk.locator(".timeline")).to_contain_text("Hold released")
