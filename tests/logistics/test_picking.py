"""The pick screen: whose order is scanned, and what a short pick takes out of the stock."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import SYSTEM, Actor
from core.stages import drain
from inventory.models import Sku, SkuAlias, SkuBarcode, StockLevel, Warehouse
from inventory.selectors import codes_of_skus
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder
from orders.services.cancel import cancel_order
from orders.services.fulfilment import start_picking
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, stock
from tests.factories.logistics import PIPELINE, make_carrier, make_rule, make_shipment, make_warehouse_in_shenzhen
from tests.factories.orders import make_channel, make_order


@pytest.fixture
def warehouse(db: None) -> Warehouse:
    return make_warehouse_in_shenzhen()


@pytest.fixture
def skus(warehouse: Warehouse) -> list[Sku]:
    """Two articles, the first in the bin that is walked past first."""
    skus = [make_sku("PICK-A", bin_location="A-01"), make_sku("PICK-B", bin_location="B-01")]
    for sku in skus:
        stock(warehouse, sku, 10)
    return skus


@pytest.fixture
def picker(db: None) -> User:
    return make_user(Role.WAREHOUSE_OPERATOR)


@pytest.fixture
def browser(client: Client, picker: User) -> Client:
    client.force_login(picker)
    return client


def released(*lines: tuple[str, int]) -> FulfilmentOrder:
    order = make_order(make_channel(duplicate_window_hours=0), *lines)
    drain(only=PIPELINE)
    return order.fulfilments.get()


def scan(browser: Client, address: str, code: str) -> dict[str, object]:
    answer: dict[str, object] = browser.post(address, {"code": code, "key": str(uuid4())}).json()
    return answer


def on_hand(sku: Sku) -> int:
    return StockLevel.objects.get(sku=sku).on_hand


def test_the_next_pick_has_the_address_of_its_order(browser, skus):
    first = released(("PICK-A", 1))
    released(("PICK-B", 1))
    assert browser.get(reverse("logistics:pick_next")).url == reverse("logistics:pick", args=[first.pk])


def test_a_scan_on_a_screen_whose_order_was_taken_counts_for_no_other(browser, skus):
    seen, other = released(("PICK-A", 1)), released(("PICK-A", 1))
    screen = reverse("logistics:pick", args=[seen.pk])
    colleague = Client()
    colleague.force_login(make_user(Role.WAREHOUSE_OPERATOR, display_name="Li Na"))
    assert scan(colleague, screen, "PICK-A")["outcome"] == "done"
    assert scan(browser, screen, "PICK-A") | {"progress": None} == {
        "outcome": "wrong", "title": "Li Na is picking this.", "message": "Put this back on the shelf.", "html": "",
        "next": reverse("logistics:pick_next"), "progress": None,
    }  # fmt: skip
    assert other.lines.get().picked_quantity == 0


def test_a_pick_that_somebody_else_has_begun_says_who_and_leads_on(browser, skus):
    mine = released(("PICK-A", 1))
    address = reverse("logistics:pick", args=[mine.pk])
    assert b'data-codes="' in browser.get(address).content
    other = make_user(Role.WAREHOUSE_OPERATOR, display_name="Wang Wei")
    start_picking(fulfilment_id=mine.pk, actor=Actor.for_user(other))

    answer = scan(browser, address, "PICK-A")
    assert (answer["outcome"], answer["title"]) == ("wrong", "Wang Wei is picking this.")
    assert answer["next"] == reverse("logistics:pick_next")
    page = browser.get(address).content.decode()
    assert "Wang Wei is picking this." in page
    assert f'href="{reverse("logistics:pick_next")}"' in page
    assert "data-scan-url" not in page
    assert f'action="{reverse("logistics:pick_stop", args=[mine.pk])}"' in page


def test_the_page_knows_every_code_of_its_lines(browser, skus):
    """What it counts without a connection, the server takes; another channel's code isn't among them."""
    SkuBarcode.objects.create(sku=skus[0], gtin="04006381333931")
    for source, code in (("", "Every"), ("elsewhere", "Other")):
        SkuAlias.objects.create(sku=skus[0], source=source, external_sku=code)
    mine = released(("PICK-A", 3))
    codes = codes_of_skus(mine.order.channel.code, [skus[0].pk])[skus[0].pk]
    assert codes == ["04006381333931", "EVERY", "PICK-A"]
    for code in codes:
        assert scan(browser, reverse("logistics:pick", args=[mine.pk]), code)["outcome"] in ("ok", "done")


def test_what_should_have_left_is_marked_with_word_icon_and_colour(browser, skus):
    released(("PICK-A", 1))
    addresses = (reverse("logistics:fulfilment_list") + "?status=released&status=shipped", reverse("ui:today"))

    def marked(**fields):
        FulfilmentOrder.objects.update(**fields)
        pages = [browser.get(address).content.decode() for address in addresses]
        return [re.search(r'pill-danger"><svg.*?</svg>Overdue<', page, re.DOTALL) is not None for page in pages]

    hour = timedelta(hours=1)
    assert marked(ship_before=timezone.now() - hour) == [True, True]
    assert marked(ship_before=timezone.now() + hour) == [False, False]
    assert marked(ship_before=None) == [False, False]
    assert marked(ship_before=timezone.now() - hour, status=FulfilmentStatus.SHIPPED) == [False, False]


def test_who_holds_the_goods_hears_that_the_order_was_cancelled(browser, skus):
    fulfilment = released(("PICK-A", 1))
    pick, pack = (reverse(f"logistics:{name}", args=[fulfilment.pk]) for name in ("pick", "pack"))
    cancel_order(order_id=fulfilment.order_id, actor=SYSTEM, reason="customer")
    assert scan(browser, pick, "PICK-A")["title"] == f"{fulfilment.number} was cancelled."
    for address in (pick, pack):
        assert "Put its goods back on the shelf." in browser.get(address).content.decode()


def test_a_closed_parcel_without_a_carrier_says_what_it_waits_for(browser, skus):
    fulfilment = released(("PICK-A", 1))
    parcel = make_shipment(None, fulfilment, status=ShipmentStatus.PENDING)
    pick, pack = (reverse(f"logistics:{name}", args=[fulfilment.pk]) for name in ("pick", "pack"))
    for address in (pick, pack):
        scan(browser, address, "PICK-A")
    browser.post(reverse("logistics:pack_close", args=[fulfilment.pk]), {"weight_g": 100})
    assert "No carrier takes this parcel yet." in browser.get(pack).content.decode()
    carrier = make_carrier("sf", name="SF", is_active=False)
    make_rule(carrier)
    page = browser.get(pack).content.decode()
    assert "Every carrier that could take this parcel is switched off." in page
    assert "<p>SF</p>" in page
    Shipment.objects.filter(pk=parcel.pk).update(label_due_at=timezone.now())
    assert "The label is on its way." in browser.get(pack).content.decode()


def test_a_weight_that_can_t_be_names_the_parcel_and_what_would_be_right(browser, skus):
    fulfilment = released(("PICK-A", 1))
    pick, pack = (reverse(f"logistics:{name}", args=[fulfilment.pk]) for name in ("pick", "pack"))
    for address in (pick, pack):
        scan(browser, address, "PICK-A")
    for weight in ("-1", "999999", "heavy"):
        answer = browser.post(reverse("logistics:pack_close", args=[fulfilment.pk]), {"weight_g": weight})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f"Close parcel: {fulfilment.number}" in page
        assert "Give the weight in whole grams, from 0 to 100,000." in page
        assert f'href="{pack}" data-leave' in page


def test_an_empty_shelf_takes_only_its_own_line_out_of_the_stock(browser, skus):
    part = released(("PICK-A", 2), ("PICK-B", 3))
    line = part.lines.get(sku=skus[0])
    address = reverse("logistics:pick_short", args=[part.pk])
    form = browser.get(address).context["form"]
    assert [(field.label, field.initial) for field in form] == [
        (f"A-01 · PICK-A · {skus[0].name}", 0),
        (f"B-01 · PICK-B · {skus[1].name}", 3),
    ]

    found = {field.html_name: field.initial for field in form}
    assert browser.post(address, found).url == reverse("logistics:pick_next")
    part.refresh_from_db()
    assert part.status == FulfilmentStatus.CANCELLED
    assert (on_hand(skus[0]), on_hand(skus[1])) == (10 - line.quantity, 10)


def test_nothing_leaves_the_stock_when_nothing_is_missing(browser, skus):
    part = released(("PICK-A", 2))
    line = part.lines.get()
    response = browser.post(reverse("logistics:pick_short", args=[part.pk]), {f"found_{line.pk}": "2"})
    assert response.status_code == 422
    assert "Everything is there by these numbers." in response.content.decode()
    part.refresh_from_db()
    assert (part.status, on_hand(skus[0])) == (FulfilmentStatus.RELEASED, 10)


def test_what_somebody_else_picks_is_not_reported_short(browser, skus):
    part = released(("PICK-A", 2))
    colleague = Client()
    colleague.force_login(make_user(Role.WAREHOUSE_OPERATOR))
    scan(colleague, reverse("logistics:pick", args=[part.pk]), "PICK-A")
    response = browser.post(reverse("logistics:pick_short", args=[part.pk]), {f"found_{part.lines.get().pk}": "0"})
    assert response.status_code == 422
    assert on_hand(skus[0]) == 10
