"""A statement of a request that takes too long, or waits too long for others, is ended, and the person is told so."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.http import HttpResponse
from django.test import Client

from core.accounts.enums import Role
from core.accounts.services import create_api_key
from core.actor import SYSTEM
from core.connections import IDLE
from core.postgres import base
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, payload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections as a web process makes them, with less patience."""
    monkeypatch.setattr(base.DatabaseWrapper, "answers_requests", True)
    monkeypatch.setattr(base, "_FOR_REQUESTS", "-c lock_timeout=500ms -c statement_timeout=2s")
    _begin_anew()
    yield
    _begin_anew()


def _begin_anew() -> None:
    connection.close()
    while IDLE:
        IDLE.pop().close()


@pytest.fixture
def elsewhere() -> Iterator[Any]:
    """Another connection, in a transaction."""
    with closing(connection.copy()) as wrapper:
        wrapper.set_autocommit(False)
        yield wrapper
        wrapper.rollback()


def client_of(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, "core.accounts.backends.RoleBackend")
    return client


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The database didn't answer in time."), ("zh-hans", "数据库未能及时响应。")],
)
def test_a_page_whose_query_takes_too_long_says_so(language, words, impatient, monkeypatch):
    def get(*_args: object, **_kwargs: object) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")
        return HttpResponse("slept well")

    monkeypatch.setattr("orders.views.orders.OrderList.get", get)
    answer = client_of(make_user(Role.ORDER_CLERK, language=language)).get("/orders/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    page = answer.content.decode()
    assert words in page
    assert f'<html lang="{language}">' in page
    assert "pg_sleep" not in page
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_page_that_waits_for_a_lock_says_so(impatient, elsewhere):
    client, page = client_of(make_user(Role.ORDER_CLERK)), "/orders/?status=approved"
    with elsewhere.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
    answer = client.get(page)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    elsewhere.rollback()
    assert client.get(page).status_code == 200


def test_a_channel_whose_order_waits_for_a_lock_is_told_to_come_again(impatient, elsewhere):
    make_channel("shop")
    _key, token = create_api_key(name="test", actor=SYSTEM)
    headers = {"Authorization": f"Bearer {token}"}

    def send() -> Any:
        address = "/api/v1/orders?channel=shop"
        return Client().post(address, payload(("MUG", 1)), content_type="application/json", headers=headers)

    with elsewhere.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order IN EXCLUSIVE MODE")
    answer = send()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["code"] == "unavailable"
    elsewhere.rollback()
    assert not Order.objects.exists()
    assert send().json()["results"][0]["outcome"] == "accepted"


def test_what_is_wrong_with_us_stays_our_fault(impatient, monkeypatch):
    def get(*_args: object, **_kwargs: object) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")
        return HttpResponse()

    monkeypatch.setattr("orders.views.orders.OrderList.get", get)
    answer = client_of(make_user(Role.ORDER_CLERK)).get("/orders/")
    assert answer.status_code == 500
    assert "Retry-After" not in answer
    assert "Something failed on our side." in answer.content.decode()


def test_the_board_is_given_more_time(impatient, monkeypatch):
    """Its figures are of millions of rows."""

    def slow(*_args: object) -> list[object]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(3)")
        return []

    monkeypatch.setattr("analytics.views.five_pains", slow)
    assert client_of(make_user(Role.OPERATIONS_MANAGER)).get("/analytics/five-pains/").status_code == 200
