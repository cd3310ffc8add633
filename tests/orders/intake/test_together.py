"""Requests that arrive at once are taken in one transaction, and each is answered for what it brought."""

import json
from functools import partial
from typing import Any

import pytest
from django.test import Client

from core.accounts.services.api_keys import create_api_key
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from orders.enums import IntakeOutcome
from orders.models import IntakeMessage, Order
from tests.core.threads import raise_errors, run_together
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = 8


def send(key: str, number: int, payload: Any) -> Any:
    return Client().post(
        "/api/v1/orders",
        json.dumps(payload),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "X-Request-Id": f"request-{number}"},
    )


def send_all(payloads: list[Any]) -> list[Any]:
    channel = make_channel()
    _key, token = create_api_key(name="erp", actor=SYSTEM, scope_kind="channel", scope_object_id=channel.pk)
    calls = [partial(send, token, number, payload) for number, payload in enumerate(payloads)]
    return raise_errors(run_together(*calls))


def test_everyone_gets_their_own_answer_and_their_own_entry_in_the_trail() -> None:
    answers = send_all([order_payload(f"T-{number}") for number in range(SENDERS)])
    assert [answer.status_code for answer in answers] == [202] * SENDERS
    for number, answer in enumerate(answers):
        (result,) = answer.json()["results"]
        order = Order.objects.get(external_id=f"T-{number}")
        assert (result["index"], result["external_id"], result["order_number"]) == (0, f"T-{number}", order.number)
        assert AuditEntry.objects.get(subject_id=order.pk, action="orders.received").request_id == f"request-{number}"
    assert Order.objects.count() == SENDERS


def test_each_of_those_taken_together_counts_and_no_more_are_taken_than_fit(settings: Any, same_minute: None) -> None:
    settings.API_REQUESTS_PER_MINUTE = SENDERS - 2
    channel = make_channel()
    _key, token = create_api_key(name="erp", actor=SYSTEM, scope_kind="channel", scope_object_id=channel.pk)
    calls = [partial(send, token, 1, order_payload(f"T-{number}")) for number in range(SENDERS)]  # with one id for all
    answers = raise_errors(run_together(*calls))
    assert sorted(answer.status_code for answer in answers) == [202] * (SENDERS - 2) + [429] * 2
    assert Order.objects.count() == SENDERS - 2


def test_the_same_order_from_everyone_is_one_order() -> None:
    payload = order_payload("SAME")
    answers = send_all([payload] * SENDERS)
    outcomes = sorted(answer.json()["results"][0]["outcome"] for answer in answers)
    assert outcomes == [IntakeOutcome.ACCEPTED] + [IntakeOutcome.DUPLICATE] * (SENDERS - 1)
    assert Order.objects.get().lines.count() == len(payload["lines"])
    assert IntakeMessage.objects.get().seen_count == SENDERS


def test_a_refused_order_refuses_nobody_elses() -> None:
    payloads = [order_payload(f"T-{number}") for number in range(SENDERS)]
    payloads[3]["lines"] = []
    answers = send_all(payloads)
    outcomes = [answer.json()["results"][0]["outcome"] for answer in answers]
    assert outcomes.pop(3) == IntakeOutcome.REJECTED
    assert set(outcomes) == {IntakeOutcome.ACCEPTED}
    assert Order.objects.count() == SENDERS - 1
