"""Programs' requests pass by what is for people, and still get what every answer has."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.accounts.services.api_keys import create_api_key
from core.actor import SYSTEM
from core.exceptions import DomainError
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


def test_an_answer_has_what_every_answer_has(token: str) -> None:
    answer = send(token, **{"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer["Content-Length"]) == (202, str(len(answer.content)))
    assert not answer.has_header("Set-Cookie")
    assert not answer.has_header("Content-Language")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Content-Security-Policy"]


def test_a_reason_is_given_in_english_whatever_a_page_left_behind(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def switched_off(*_args: Any, **_options: Any) -> None:
        raise DomainError(_("This channel is switched off."), "channel_inactive")

    monkeypatch.setattr("orders.api.views.receive_together", switched_off)
    with translation.override("zh-hans"):
        refusal = send(token)
        assert str(_("This channel is switched off.")) != "This channel is switched off."
    assert refusal.json()["error"]["message"] == "This channel is switched off."


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


def test_what_is_missing_below_hooks_is_said_in_the_language_of_who_asks() -> None:
    page = Client().get("/hooks/nothing/at/all", headers={"Accept-Language": "zh-CN"})
    assert (page.status_code, page["Content-Language"]) == (404, "zh-hans")
    with translation.override("zh-hans"):
        answer = Client().post("/hooks/kuaidi100/nobody")
    assert answer.status_code == 404
    assert b'lang="en"' in answer.content
    assert answer["Content-Length"] == str(len(answer.content))
