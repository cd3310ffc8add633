"""Each figure of the board against the same figure worked out by hand from the raw rows."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from statistics import median

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from analytics.rules.figures import Period
from analytics.selectors import Scope
from analytics.selectors.board import five_pains
from analytics.templatetags.figures import BASES
from core.accounts.enums import Role
from core.actor import SYSTEM
from core.cases.models import Case
from core.cases.services import CaseSeed, open_cases, reopen
from orders.enums import DataErrorSource
from orders.models import DataError, Hold, Order
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WEEK = Period.days_until(NOW, 7)


def figures(scope: Scope | None = None) -> dict:
    return {figure.code: figure for pain in five_pains(WEEK, scope or Scope()) for figure in pain.figures}


def test_every_figure_says_what_it_counts(db):
    shown = {figure.code: BASES[figure.basis_of](2) for figure in figures().values()}
    assert shown["release_median"] == "from %(count)s released orders"
    assert shown["eta_error_median"] == "from %(count)s delivered parcels"
    assert shown["response_rate"] == "from %(count)s delivered orders"


@pytest.fixture
def orders(db) -> list[Order]:
    """Ten orders received an hour apart; the n-th was released after n hours and shipped after 2n."""
    stock(make_warehouse(), make_sku("MUG"), 100)
    channel = make_channel("shop")
    made = [make_order(channel, ("MUG", 1)) for _ in range(10)]
    for number, order in enumerate(made, 1):
        received = NOW - timedelta(days=2) + timedelta(hours=number)
        Order.objects.filter(pk=order.pk).update(
            received_at=received,
            placed_at=received,
            released_at=received + timedelta(hours=number),
            shipped_at=received + timedelta(hours=2 * number),
            status="shipped",
        )
    return made


def test_handling_time_is_the_clock_from_received_to_released_and_shipped(orders):
    Order.objects.filter(pk=orders[0].pk).update(status="cancelled")
    found = figures()
    hours = range(2, 11)
    assert found["release_median"].value == median(hours) * 3600
    assert found["release_median"].basis == 9
    assert found["ship_median"].value == median(2 * h for h in hours) * 3600
    assert found["release_p90"].value == pytest.approx(9.2 * 3600)


def test_touchless_counts_what_nobody_touched_before_release(orders):
    first, second = orders[:2]
    Order.objects.filter(pk=first.pk).update(first_touched_at=WEEK.start)
    Order.objects.filter(pk=second.pk).update(first_touched_at=NOW)  # after its release
    assert figures()["touchless"].value == 0.9


def test_escape_rate_counts_orders_not_errors(orders):
    for field in ("ship_city", "ship_street"):
        DataError.objects.create(order=orders[0], source=DataErrorSource.CORRECTED, field=field, found_at=NOW)
    assert figures()["escape_rate"].value == 0.1


@pytest.mark.parametrize(
    ("holds", "share"),
    [
        ([("address", False)], 0.1),
        ([("address", True)], 0.0),
        ([("address", False), ("price", True)], 0.0),
        ([("address", False), ("price", None)], 0.0),  # the second is still open
        ([("payment", False)], 0.0),
    ],
)
def test_false_hold_rate(orders, holds, share):
    for reason, changed in holds:
        released_at = None if changed is None else NOW
        Hold.objects.create(
            order=orders[0], reason=reason, placed_at=NOW, released_at=released_at, value_changed=changed
        )
    assert figures()["false_hold_rate"].value == share


def test_cases_on_time_and_reopened(orders):
    seeds = [
        CaseSeed("orders.out_of_stock", "orders.order", order.pk, order.number, cause_at=NOW - timedelta(hours=30))
        for order in orders[:4]
    ]
    open_cases(seeds)
    cases = list(Case.objects.order_by("id"))
    due = NOW - timedelta(hours=2)
    for number, case in enumerate(cases):
        Case.objects.filter(pk=case.pk).update(
            opened_at=NOW - timedelta(hours=29), resolve_by=due,
            resolved_at=due - timedelta(hours=2 - number), reopened_count=int(number == 0),
        )  # fmt: skip
    found = figures()
    assert found["on_time"].value == 0.5  # the first was reopened, the last came an hour late
    assert found["notice_median"].value == 3600
    assert found["reopened_share"].value == 0.25
    assert found["resolve_median"].value == 26.5 * 3600


def test_a_case_that_is_reopened_counts_where_it_had_been_due_and_resolved(orders, monkeypatch):
    """Reopening takes the resolution back and gives a fresh deadline: the failure stays in its period."""
    monkeypatch.setattr(timezone, "now", lambda: NOW - timedelta(days=2))
    open_cases([CaseSeed("orders.out_of_stock", "orders.order", order.pk, order.number) for order in orders[:4]])
    cases = list(Case.objects.order_by("id"))
    Case.objects.update(resolve_by=NOW - timedelta(hours=30))
    Case.objects.update(status="resolved", resolved_at=NOW - timedelta(hours=40))
    monkeypatch.setattr(timezone, "now", lambda: NOW - timedelta(hours=1))
    for case in cases[:2]:
        reopen(case_id=case.pk, actor=SYSTEM, note="It still leaks.")
    Case.objects.filter(pk=cases[1].pk).update(status="resolved", resolved_at=NOW + timedelta(hours=1))
    still_open, done_again = Case.objects.filter(pk__in=[cases[0].pk, cases[1].pk]).order_by("id")
    assert (still_open.resolved_at, still_open.resolve_by > NOW) == (None, True)
    assert done_again.resolved_at <= done_again.resolve_by
    found = figures()
    assert (found["reopened_share"].value, found["reopened_share"].basis) == (0.5, 4)
    assert (found["on_time"].value, found["on_time"].basis) == (0.5, 4)


def test_open_without_an_owner_counts_the_rows_that_it_leads_to(client, orders):
    open_cases([CaseSeed("orders.out_of_stock", "orders.order", order.pk, order.number) for order in orders[:3]])
    unowned = Case.objects.order_by("id").first()
    Case.objects.filter(pk=unowned.pk).update(role="")
    figure = figures()["unowned"]
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    page = client.get(figure.rows_url)
    assert figure.value == 1
    assert [row["id"] for row in page.context["rows"]] == [unowned.pk]


def test_the_period_before_is_measured_beside(orders):
    Order.objects.filter(pk=orders[9].pk).update(
        received_at=NOW - timedelta(days=9), released_at=NOW - timedelta(days=9) + timedelta(hours=2)
    )
    release = figures()["release_median"]
    assert release.previous == 7200
    assert release.change == pytest.approx(5 / 2 - 1)


def test_a_scope_counts_only_its_channels(orders):
    assert figures(Scope(channels=frozenset()))["release_median"].value is None
    assert figures(Scope(channels={orders[0].channel_id}))["release_median"].basis == 10
    assert figures(Scope(warehouses={0}))["release_median"].basis == 0


def test_the_report_says_the_same_as_the_board(orders):
    out = StringIO()
    call_command("report", "five-pains", "--json", stdout=out)
    pains = json.loads(out.getvalue())["pains"]
    assert [pain["code"] for pain in pains] == ["handling", "data", "tracking", "exceptions", "use"]
    text = StringIO()
    call_command("report", "five-pains", stdout=text)
    assert "Received to released, median" in text.getvalue()


def test_the_board_is_for_those_with_the_right(client, orders):
    url = reverse("analytics:five_pains")
    client.force_login(make_user(Role.WAREHOUSE_OPERATOR))
    assert client.get(url).status_code == 403
    client.force_login(make_user(Role.ANALYST))
    assert client.get(url).status_code == 200


def test_the_board_draws_the_days_in_minutes_and_loads_what_draws_them(client, orders):
    client.force_login(make_user(Role.ANALYST))
    now = timezone.now()
    for position, order in enumerate(Order.objects.order_by("pk")[:2]):
        received = now - timedelta(days=2 + position)
        Order.objects.filter(pk=order.pk).update(received_at=received, released_at=received + timedelta(minutes=3))
    page = client.get(reverse("analytics:five_pains"))
    assert page.context["chart"]["series"][0]["values"] == [3.0, 3.0]
    assert "echarts.min" in page.text
    assert "js/charts" in page.text
