"""Programs' requests pass by what is for people, and still get what every answer has."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from core.accounts.services.api_keys import create_api_key
from core.actor import SYSTEM
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db


@pytest.fixture
def token() -> str:
    make_channel("shop")
    return create_api_key(name="erp", actor=SYSTEM)[1]


def send(token: str, **headers: str) -> Any:
    return Client().post(
        "/api/v1/orders?channel=shop",
        json.dumps(order_payload("A-1")),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )


def test_an_answer_says_its_length_and_is_in_english(token: str) -> None:
    with translation.override("zh-hans"):  # what a page left behind in the thread
        answer = send(token, **{"Accept-Language": "zh-CN"})
        refusal = Client().post("/api/v1/orders", "{", content_type="application/json")
    assert (answer.status_code, answer["Content-Length"]) == (202, str(len(answer.content)))
    assert refusal.json()["error"]["message"].startswith("The API key is missing")
    assert not answer.has_header("Set-Cookie")
    assert not answer.has_header("Content-Language")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Content-Security-Policy"]


def test_people_s_machinery_is_not_asked(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "django.contrib.sessions.middleware.SessionMiddleware.process_request", lambda _self, request: seen.append(1)
    )
    assert send(token).status_code == 202
    assert Client().get("/api/v2/nothing").status_code == 404
    assert seen == []


def test_a_host_that_isn_t_ours_is_refused(token: str) -> None:
    assert send(token, Host="elsewhere.example").status_code == 400


def test_pages_below_the_same_paths_keep_their_language() -> None:
    page = Client().get("/api/docs", headers={"Accept-Language": "zh-CN"})
    assert page["Content-Language"] == "zh-hans"


def test_a_page_can_still_be_missing_below_hooks() -> None:
    assert Client().get("/hooks/nothing/at/all").status_code == 404
    assert Client().post("/hooks/sandbox/nobody").status_code == 404
