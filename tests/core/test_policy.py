"""Every answer has the policy of the settings; one that asks for another, or for a nonce, gets it from django-csp."""

from collections.abc import Callable

import pytest
from csp.decorators import csp_exempt, csp_update
from csp.exceptions import CSPNonceError
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from core.middleware import PolicyMiddleware, _constant_policy

HEADER = "Content-Security-Policy"
View = Callable[[HttpRequest], HttpResponseBase]


def _plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _with_nonce(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.csp_nonce}"[:0])  # type: ignore[attr-defined]


def _own(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={HEADER: "default-src 'none'"})


VIEWS: list[View] = [
    _plain, _with_nonce, _own, csp_exempt()(_plain), csp_update({"img-src": ["https://example.com"]})(_plain)
]  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_policies_are_those_of_django_csp(view):
    ours, theirs = (
        set(middleware(view)(RequestFactory().get("/")).headers.get(HEADER, "").split("; "))
        for middleware in (PolicyMiddleware, CSPMiddleware)
    )
    assert ours == theirs


def test_a_nonce_that_comes_too_late_is_refused():
    request = RequestFactory().get("/")
    PolicyMiddleware(_plain)(request)
    with pytest.raises(CSPNonceError):
        str(request.csp_nonce)  # type: ignore[attr-defined]


def test_a_report_only_policy_is_not_lost(settings):
    settings.CONTENT_SECURITY_POLICY_REPORT_ONLY = {"DIRECTIVES": {"default-src": ["'none'"]}}
    _constant_policy.cache_clear()
    try:
        assert "Content-Security-Policy-Report-Only" in PolicyMiddleware(_plain)(RequestFactory().get("/")).headers
    finally:
        _constant_policy.cache_clear()
