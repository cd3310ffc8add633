"""The order list and the order page: rights by row, queries that don't grow, problems on top."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.audit.models import AuditEntry
from core.jobs import files
from core.jobs.models import Job
from core.jobs.running import run_job
from core.stages import drain
from core.ui import lists
from core.ui.search import search_all
from orders.enums import HoldReason, OrderStatus
from orders.models import Hold, Order
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order, payload

pytestmark = pytest.mark.django_db

LIST = "orders:order_list"
PIPELINE = ["orders.validate", "orders.allocate", "orders.release"]
# Session, person, rights: what every page costs before it begins.
FRAME = ("django_session", "accounts_user", "auth_permission")


def page_of(order: Order) -> str:
    return reverse("orders:order_detail", args=[order.pk])


def queries_of(client: Client, url: str) -> list[str]:
    """The page's own statements; the first visit fills what is kept between requests."""
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [q["sql"] for q in captured.captured_queries if not any(table in q["sql"] for table in FRAME)]


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user(Role.ORDER_CLERK))
    return client


# Queries


def test_the_order_page_costs_the_same_for_1_and_30_lines(clerk, channel, warehouse):
    for number in range(30):
        stock(warehouse, make_sku(f"S{number}", unit_price="10.00", currency="CNY"), 100)
    orders = [make_order(channel, *[(f"S{n}", 1) for n in range(size)]) for size in (1, 30)]
    drain()
    small, large = (queries_of(clerk, page_of(order)) for order in orders)
    assert len(small) == len(large), large
    assert len(large) <= 8, large


def test_the_order_page_costs_the_same_for_1_and_8_parts_holds_and_cases(clerk, channel):
    def waiting(skus: list[str]) -> Order:
        for code in skus:
            stock(make_warehouse(city="杭州市"), make_sku(code, unit_price="10.00", currency="CNY"), 1)
        order = make_order(channel, *[(code, 2) for code in skus])
        drain()
        return order

    small, large = waiting(["A"]), waiting([f"B{n}" for n in range(8)])
    assert (small.fulfilments.count(), large.fulfilments.count()) == (2, 9)
    assert len(queries_of(clerk, page_of(small))) == len(queries_of(clerk, page_of(large)))
    wrong = payload()["shipping_address"] | {"city": "杭洲"}
    held = make_order(channel, ("A", 1), total="99.00", shipping_address=wrong)
    drain()
    assert held.holds.filter(released_at=None).count() == 2
    assert len(queries_of(clerk, page_of(held))) <= 9, "one more for the holds"


@pytest.mark.parametrize("query", ["?sort=-id", "?on_hold=true", "?q=SO", "?status=approved&sort=placed_at"])
def test_the_list_costs_the_same_for_1_and_3_rows(clerk, channel, sku, query):
    def order() -> None:
        make_order(channel, ("MUG", 1), total="99.00")
        make_order(channel, ("MUG", 1))
        drain(only=PIPELINE)

    order()
    one = queries_of(clerk, reverse(LIST) + query)
    order()
    order()
    assert len(queries_of(clerk, reverse(LIST) + query)) == len(one)


def test_the_list_reads_each_table_once_and_counts_its_tabs_in_one_statement(clerk, channel, sku):
    make_order(channel, ("MUG", 1), total="99.00")
    drain(only=PIPELINE)
    tables = ("orders_order", "orders_hold", "orders_channel", "ui_listpreference", "ui_savedview")

    def tables_read(query: str) -> list[list[str]]:
        found = [[t for t in tables if f'FROM "{t}"' in sql] for sql in queries_of(clerk, reverse(LIST) + query)]
        return sorted(filter(None, found))

    assert tables_read("?sort=-id") == sorted([table] for table in tables)
    assert tables_read("?counts=1") == [["orders_order"], ["ui_savedview"]]


# What a person sees


def test_holds_and_cases_stand_on_top_once_each(clerk, channel, sku):
    held = make_order(channel, ("MUG", 1), total="99.00")
    short = make_order(channel, ("MUG", 12))
    drain()
    banners = {order: clerk.get(page_of(order)).context["banners"] for order in (held, short)}
    (hold, actions) = banners[held][0]
    assert (len(banners[held]), str(hold.title)) == (1, "On hold: Price or totals")
    assert [str(action.label) for action in actions] == ["Release hold"]
    ((case, actions),) = banners[short]
    assert "Units without stock: 2, on order lines: 1" in str(case.body)
    assert [str(action.label) for action in actions] == ["Try again now", "Cancel order", "Open exception"]
    assert actions[0].params == {"next": page_of(short)}


def test_the_menu_leaves_out_what_the_button_does(clerk, channel, sku):
    address = payload()["shipping_address"] | {"city": "杭洲市"}
    order = make_order(channel, ("MUG", 1), shipping_address=address, payment={"status": "invoiced"})
    drain(only=PIPELINE)
    header = clerk.get(page_of(order)).context["header"]
    assert str(header.primary.label) == "Correct order"
    assert [str(entry.label) for entry in header.menu] == ["Hold order", "Record payment", "Cancel order"]


def test_a_finding_shows_its_suggestion(clerk, channel, sku):
    address = payload()["shipping_address"] | {"city": "杭洲市"}
    order = make_order(channel, ("MUG", 1), shipping_address=address)
    drain(only=PIPELINE)
    finding = order.findings.exclude(suggestion=None).get()
    apply = reverse("orders:suggestion_apply", args=[order.pk, finding.pk])
    assert apply in clerk.get(page_of(order)).content.decode()
    clerk.post(apply)
    drain(only=PIPELINE)
    order.refresh_from_db()
    assert (order.ship_city, order.status) == ("杭州市", OrderStatus.APPROVED)


def test_the_page_after_a_correction_shows_what_came_of_it(
    clerk, channel, sku, django_capture_on_commit_callbacks: Callable[..., Any]
):
    address = payload()["shipping_address"] | {"city": "杭洲市"}
    order = make_order(channel, ("MUG", 1), shipping_address=address)
    drain(only=["orders.validate"])
    finding = order.findings.exclude(suggestion=None).get()
    with django_capture_on_commit_callbacks(execute=True):  # no stage runs
        clerk.post(reverse("orders:suggestion_apply", args=[order.pk, finding.pk]))
    page = clerk.get(page_of(order))
    assert page.context["banners"] == []
    assert page.context["object"].status == OrderStatus.APPROVED


# Scopes: one channel of two, one warehouse of two

Limit = Callable[[Role], tuple[User, Order, Order]]


@pytest.fixture(params=["channel", "warehouse"])
def limited(request: pytest.FixtureRequest, sku: Any, warehouse: Any) -> Limit:
    """A person in a role, an order within their scope and one outside it."""

    def make(role: Role) -> tuple[User, Order, Order]:
        kind, user = request.param, make_user(role)
        north = make_warehouse("BJ", country="CN", province="北京市", city="北京市")
        stock(north, make_sku("CUP", unit_price="10.00", currency="CNY"), 10)
        mine = make_order(make_channel("mine"), ("MUG", 1))
        theirs = make_order(make_channel("theirs"), ("CUP", 1))
        drain(only=["orders.validate", "orders.allocate"])
        assert theirs.fulfilments.get().warehouse == north
        scope = mine.channel_id if kind == "channel" else warehouse.pk
        AccessScope.objects.create(user=user, kind=kind, object_id=scope)
        return user, mine, theirs

    return make


def test_list_search_export_and_by_id_show_the_same_rows(client, limited):
    user, mine, theirs = limited(Role.ORDER_CLERK)
    client.force_login(user)
    html = client.get(reverse(LIST), {"sort": "-id"}).content.decode()
    assert mine.number in html
    assert theirs.number not in html
    assert client.get(page_of(mine)).status_code == 200
    assert client.get(page_of(theirs)).status_code == 404
    hits = [hit.title for group in search_all(user=user, query="X-") for hit in group.hits]
    assert hits == [mine.number]
    rows = lists.get("orders.order").queryset_for(user, QueryDict(""))
    assert list(rows) == [mine]


def test_an_export_holds_only_ones_own_rows(client, limited, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    user, mine, theirs = limited(Role.ORDER_CLERK)
    client.force_login(user)
    client.post(reverse("jobs:export"), {"list": "orders.order", "format": "csv", "query": ""})
    job = Job.objects.get()
    run_job(job.pk)
    job.refresh_from_db()
    text = files.path_of(job.output_file).read_text(encoding="utf-8-sig")
    assert mine.number in text
    assert theirs.number not in text


@pytest.mark.parametrize("action", ["hold", "cancel"])
def test_a_bulk_action_leaves_others_rows_alone(client, limited, settings, tmp_path, action):
    settings.MEDIA_ROOT = tmp_path
    user, mine, theirs = limited(Role.ORDER_CLERK)
    client.force_login(user)
    fields = {"param-note": "call first", "param-reason": "sold out"}
    data = {"list": "orders.order", "action": action, "ids": [mine.pk, theirs.pk], "query": "", **fields}
    client.post(reverse("jobs:bulk"), data)
    job = Job.objects.get()
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (1, 1)
    touched = {"hold": Order.objects.filter(open_hold_count=1), "cancel": Order.objects.filter(status="cancelled")}
    assert list(touched[action]) == [mine]


def test_a_denied_change_changes_nothing(client, limited):
    user, _mine, theirs = limited(Role.ORDER_CLERK)
    client.force_login(user)
    hold = Hold.objects.create(order=theirs, reason=HoldReason.MANUAL, placed_at=theirs.received_at)
    changes = {
        reverse("orders:order_edit", args=[theirs.pk]): {"ship_name": "X"},
        reverse("orders:line_edit", args=[theirs.pk, theirs.lines.get().pk]): {"quantity": "5"},
        reverse("orders:order_hold", args=[theirs.pk]): {"reason": "manual", "note": "X"},
        reverse("orders:order_cancel", args=[theirs.pk]): {"reason": "X"},
        reverse("orders:order_unapprove", args=[theirs.pk]): {"reason": "X"},
        reverse("orders:order_payment", args=[theirs.pk]): {"status": "cod"},
        reverse("orders:order_approve", args=[theirs.pk]): {},
        reverse("orders:hold_release", args=[hold.pk]): {"note": "X"},
        page_of(theirs): {"note": "X"},
    }
    before = (Order.objects.filter(pk=theirs.pk).values().get(), Hold.objects.filter(pk=hold.pk).values().get())
    entries = AuditEntry.objects.filter(subject_type="orders.order").count()
    assert {url: client.post(url, data).status_code for url, data in changes.items()} == dict.fromkeys(changes, 404)
    client.force_login(make_user(Role.ANALYST))
    assert {url: client.post(url, data).status_code for url, data in changes.items()} == dict.fromkeys(changes, 403)
    assert before == (
        Order.objects.filter(pk=theirs.pk).values().get(),
        Hold.objects.filter(pk=hold.pk).values().get(),
    )
    assert AuditEntry.objects.filter(subject_type="orders.order").count() == entries
