"""Every address against every kind of visitor: nobody reaches what isn't theirs, and a refusal changes nothing."""

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from tests.factories.accounts import make_superuser, make_user
from tests.security.routes import Route, routes

pytestmark = pytest.mark.django_db

# Open to the world, and why.
PUBLIC = {
    "accounts:sign_in": "the way in",
    "accounts:sign_out": "leaving twice does no harm",
    "accounts:set_language": "visitors choose their language",
    "healthz": "load balancers ask it",
    "metrics": "Prometheus shows a token; tested with the metrics",
    "readyz": "monitoring asks it; names of stages and figures only",
}
PUBLIC_PREFIXES = {
    "/api/": "programs show a key; tested with the API",
    "/hooks/": "channels and carriers sign what they send; tested with the hooks",
    "/track/": "customers show number and phone; tested with the tracking page",
}
# Signed in is enough, and why.
FOR_EVERYBODY = {
    "accounts:email": "one's own",
    "accounts:password": "one's own",
    "accounts:preferences": "one's own",
    "accounts:profile": "one's own",
    "accounts:recovery_codes": "one's own",
    "accounts:two_factor_disable": "one's own",
    "accounts:two_factor_set_up": "one's own",
    "accounts:two_factor_verify": "one's own",
    "crm:address_parse": "splits the text that was sent, reads nothing",
    "jobs:job_list": "one's own, unless one may see all",
    "jobs:panel": "one's own",
    "notifications:list": "one's own",
    "notifications:panel": "one's own",
    "notifications:preferences": "one's own",
    "notifications:read_all": "one's own",
    "ui:counts": "counts only what the person may see",
    "ui:search": "finds only what the person may see",
    "ui:settings": "links only to what the person may see",
    "ui:today": "shows only what the person may see",
}
# Whoever may not see the thing is told that it doesn't exist: other people's jobs, lists of another role.
HIDDEN = {
    "jobs:bulk",
    "jobs:export",
    "jobs:job_cancel",
    "jobs:job_detail",
    "jobs:job_failed_rows",
    "jobs:job_input",
    "jobs:job_output",
    "jobs:job_progress",
    "jobs:job_retry",
    "notifications:open",
    "ui:bulk_confirm",
    "ui:columns",
    "ui:view_delete",
    "ui:view_save",
}
# Need no token against cross-site requests, because they look at no cookie.
WITHOUT_CSRF_TOKEN = tuple(PUBLIC_PREFIXES)

ROUTES = routes()
PRIVATE = [route for route in ROUTES if route.name not in PUBLIC and not route.path.startswith(tuple(PUBLIC_PREFIXES))]
RESTRICTED = [route for route in PRIVATE if route.name not in FOR_EVERYBODY]


def writes() -> int:
    """Rows inserted, updated and deleted in this test's transaction, sessions apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'django_session'"
        )
        return int(cursor.fetchone()[0])


def signed_in(user, **options) -> Client:
    client = Client(raise_request_exception=False, **options)
    client.force_login(user, "core.accounts.backends.RoleBackend")
    return client


def call(client: Client, method: str, path: str, data: dict[str, str] | None = None) -> tuple[HttpResponse, int]:
    """The answer and how many rows were written meanwhile; undone, so that one failure doesn't spoil the next call."""
    with transaction.atomic():
        before = writes()
        try:
            with transaction.atomic():
                response = getattr(client, method)(path, data)
                response.getvalue()  # a file that is sent is closed after its end
            written = writes() - before
        except DatabaseError:
            response, written = HttpResponse(status=500), 0
        transaction.set_rollback(True)
    return response, written


def refusal(route: Route) -> int:
    return 404 if route.name in HIDDEN else 403


def test_the_exceptions_exist():
    names = {route.name for route in ROUTES}
    assert PUBLIC.keys() <= names
    assert FOR_EVERYBODY.keys() | HIDDEN <= names


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_visitors_are_led_to_sign_in_and_change_nothing(method):
    wrong = []
    for route in PRIVATE:
        response, written = call(Client(), method, route.path)
        led = response.status_code == 302 and response["Location"].startswith("/login/")
        if not led or written:
            wrong.append((route.path, response.status_code, written))
    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_people_without_the_right_are_refused_and_change_nothing(method):
    client = signed_in(make_user())
    wrong = []
    for route in RESTRICTED:
        response, written = call(client, method, route.path)
        if response.status_code not in (refusal(route), 405) or written:
            wrong.append((route.path, response.status_code, written))
    assert wrong == []


def test_every_restricted_address_refuses_one_method_at_least():
    """405 to everything would make the test above empty."""
    client = signed_in(make_user())
    refused = {
        route.path: {call(client, method, route.path)[0].status_code for method in ("get", "post")}
        for route in RESTRICTED
    }
    assert [route.path for route in RESTRICTED if refusal(route) not in refused[route.path]] == []


def test_nothing_breaks_for_somebody_who_may_everything():
    """Also where the thing named by the address doesn't exist."""
    client = signed_in(make_superuser())
    answers = {route.path: call(client, "get", route.path)[0].status_code for route in PRIVATE}
    assert {path: status for path, status in answers.items() if status not in (200, 302, 404, 405)} == {}


def test_posts_from_other_sites_are_refused():
    client = signed_in(make_superuser(), enforce_csrf_checks=True)
    wrong = []
    for route in PRIVATE:
        response, written = call(client, "post", route.path)
        if response.status_code != 403 or written:
            wrong.append((route.path, response.status_code, written))
    assert wrong == []


def test_only_addresses_without_cookies_do_without_csrf_token():
    exempt = [route for route in ROUTES if getattr(route.view, "csrf_exempt", False)]
    assert [route.name for route in exempt if not route.path.startswith(WITHOUT_CSRF_TOKEN)] == []


def admin_urls() -> list[str]:
    return [
        reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}",
            args=["1"] if page == "change" else [],
        )
        for model in admin.site._registry
        for page in ("changelist", "change")
    ]


@pytest.mark.parametrize("who", ["visitor", "clerk"])
def test_admin_site_is_closed_to_visitors_and_to_roles_without_it(who):
    client = Client() if who == "visitor" else signed_in(make_user(Role.ORDER_CLERK))
    wrong = []
    for url in admin_urls():
        for method in ("get", "post"):
            response, written = call(client, method, url)
            led = response.status_code == 302 and response["Location"].startswith(("/login/", "/admin/login/"))
            if not led or written:
                wrong.append((url, response.status_code, written))
    assert wrong == []


def test_the_test_sees_writes_and_errors():
    client = signed_in(make_superuser())
    _response, written = call(client, "post", reverse("accounts:sign_out"))
    assert written == 1, "the audit entry of signing out"


SECURITY_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/login/", "/profile/", "/", "/admin/"])
def test_pages_carry_security_headers(path):
    response = signed_in(make_superuser()).get(path, follow=True)
    for header, value in SECURITY_HEADERS.items():
        assert response[header] == value
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
