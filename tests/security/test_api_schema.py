"""The orders API against its own description: every operation, valid and invalid, on the real WSGI application."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.accounts.services.api_keys import create_api_key, note_api_key_use
from core.actor import SYSTEM
from ecom_admin.wsgi import application
from orders.enums import IntakeOutcome
from orders.models import Order
from tests.factories.orders_intake import make_channel, order_payload
from tests.security.test_urls import writes

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = {"POST /api/v1/orders", "GET /api/v1/orders/{external_id}"}
# Reasons that JSON Schema has no words for: which codes exist, which years, amounts together, blank text.
BEYOND_A_SCHEMA = {"unknown_currency", "unsupported_currency", "unknown_country", "out_of_range", "exceeds_amount",
                   "too_large", "too_precise", "required"}  # fmt: skip


@pytest.fixture
def one_transaction(db: None) -> Iterator[None]:
    """The WSGI application closes connections that are in a transaction; Django's test client does this too."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api(one_transaction: None) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", application)


@pytest.fixture
def headers(db: None) -> dict[str, str]:
    key, token = create_api_key(name="erp", actor=SYSTEM, scope_kind="channel", scope_object_id=make_channel("shop").pk)
    note_api_key_use(key)  # once a minute; so that what is written below is what the call itself did
    return {"Authorization": f"Bearer {token}"}


def try_every_operation(api: Any, mode: GenerationMode, check: Callable[[Case], None]) -> set[str]:
    """Run `check` on generated calls of every operation, each undone afterwards; returns the operations."""
    labels = set()
    for found in api.get_all_operations():
        operation = found.ok()
        labels.add(operation.label)

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Case) -> None:
            with transaction.atomic():
                check(case)
                transaction.set_rollback(True)

        one()
    return labels


def call(case: Case, headers: dict[str, str]) -> Any:
    """The answer, which has the form that the description says and changes only what it says that it changed."""
    before = writes(), Order.objects.count()
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
    results = response.json().get("results", []) if response.status_code == 202 else []
    accepted = {result["order_number"] for result in results if result["outcome"] == IntakeOutcome.ACCEPTED}
    assert Order.objects.count() - before[1] == len(accepted)
    assert all(result["errors"] for result in results if result["outcome"] == IntakeOutcome.REJECTED)
    if response.status_code != 202:
        assert writes() == before[0]
    return response


def test_whatever_the_description_allows_is_answered_as_described(api, headers):
    seen: Counter[str] = Counter()

    def check(case: Case) -> None:
        if "channel" in case.query:
            case.query["channel"] = "shop"
        response = call(case, headers)
        assert response.status_code in (202, 404)
        for result in response.json().get("results", []):
            seen[result["outcome"]] += 1
            assert {error["code"] for error in result["errors"]} <= BEYOND_A_SCHEMA, result["errors"]

    assert try_every_operation(api, GenerationMode.POSITIVE, check) == OPERATIONS
    assert seen[IntakeOutcome.ACCEPTED] > 0


def test_whatever_it_forbids_is_refused_as_described(api, headers):
    statuses: Counter[int] = Counter()

    def check(case: Case) -> None:
        statuses[call(case, headers).status_code] += 1

    assert try_every_operation(api, GenerationMode.NEGATIVE, check) == OPERATIONS
    assert {202, 403, 404} <= statuses.keys()


def test_a_known_order_is_answered_as_described(api, headers):
    send = api["/api/v1/orders"]["POST"].Case(body=order_payload("K-1"), media_type="application/json")
    assert call(send, headers).json()["results"][0]["outcome"] == IntakeOutcome.ACCEPTED
    ask = api["/api/v1/orders/{external_id}"]["GET"].Case(path_parameters={"external_id": "K-1"})
    assert call(ask, headers).json()["external_id"] == "K-1"


@pytest.mark.parametrize("path", ["/api/", "/api/v1/orders/", "/api/v1/orders/a%0Ab", "/api/v2/orders", "/api/v1/x%00"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_programs_get_no_page_for_an_answer(path, method):
    response = getattr(Client(), method)(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ('{"external_id": "A", "external_id": "B"}', "duplicate_key", "external_id"),
        ('[{"lines": [{"sku": "A", "quantity": 1, "quantity": 100}]}]', "duplicate_key", "quantity"),
        ('{"a": -Infinity}', "malformed_json", ""),
        ('{"a": 1e99999999999999999999}', "malformed_json", ""),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "malformed_json", ""),
        ('{"a": 1} {"b": 2}', "malformed_json", ""),
        ('{"a": "\x00"}', "malformed_json", ""),
        ("null", "not_an_order", ""),
    ],
)
def test_odd_json_is_refused_as_a_whole(headers, body, code, field):
    before = writes()
    response = Client().post("/api/v1/orders", body, "application/json", headers=headers)
    assert response.status_code in (400, 422)
    error = response.json()["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert writes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", "1" + "0" * 400),
        ("total", "1e400"),
        ("total", "1e-400"),
        ("total", "1e9999999"),
        ("tags", "[" * 200 + "]" * 200),
        ("external_id", '"A\\u0000B"'),
        ("external_id", '"\\ud800"'),
        ("placed_at", '"9999-12-31T23:59:59-23:59"'),
        ("placed_at", '"0001-01-01T00:00:00+23:59"'),
        ("placed_at", "1e308"),
        ("currency", "true"),
        ("lines", '{"0": 1}'),
    ],
)
def test_odd_values_are_refused_with_field_and_reason(headers, field, value):
    payload = json.dumps(order_payload("A") | {field: "VALUE"}).replace('"VALUE"', value)
    response = Client().post("/api/v1/orders", payload, "application/json", headers=headers)
    assert response.status_code == 202
    (result,) = response.json()["results"]
    assert result["outcome"] == IntakeOutcome.REJECTED
    assert all(error["field"].startswith(field) and error["reason"] for error in result["errors"])
    assert not Order.objects.exists()
