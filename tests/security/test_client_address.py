"""Whose tries are counted: the visitor's own behind a proxy, and nobody's invention."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.middleware import ClientAddressMiddleware


def seen(proxies: int, header: str | None, settings) -> str:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1")
    if header is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = header
    ClientAddressMiddleware(lambda request: HttpResponse())(request)
    return str(request.META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.9", "10.0.0.1"),  # no proxy: anybody can write the header
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the visitor wrote the first one
        (2, "198.51.100.1, 203.0.113.9, 192.0.2.5", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),  # past one of the proxies
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "unknown", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, None, "10.0.0.1"),
    ],
)
def test_the_address_is_what_the_trusted_proxies_saw(proxies, header, address, settings):
    assert seen(proxies, header, settings) == address


@pytest.mark.django_db
def test_a_lock_out_behind_a_proxy_is_the_guesser_s_alone(settings):
    settings.TRUSTED_PROXIES = 1
    form = {"username": "ann", "password": "wrong"}
    guesser = {"X-Forwarded-For": "203.0.113.9"}
    answers = [Client().post("/login/", form, headers=guesser).status_code for _ in range(5)]
    assert answers[-1] == 429
    assert Client().post("/login/", form, headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 422
