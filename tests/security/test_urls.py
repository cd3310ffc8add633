"""Every address against every kind of visitor: nobody reaches what isn't theirs, and a refusal changes nothing."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import make_superuser, make_user
from tests.security.routes import Route, routes

pytestmark = pytest.mark.django_db

# Open to the world, and why.
PUBLIC = {
    "accounts:sign_in": "the way in",
    "accounts:sign_out": "leaving twice does no harm",
    "accounts:set_language": "visitors choose their language",
    "healthz": "load balancers ask it",
}
PUBLIC_PREFIXES = {
    "/api/": "programs show a key; tested with the API",
    "/hooks/": "channels and carriers sign what they send; tested with the hooks",
    "/track/": "customers show number and phone; tested with the tracking page",
}
# Signed in is enough, and why.
FOR_EVERYBODY = {
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


def test_the_exceptions_exist():
    names = {route.name for route in ROUTES}
    assert PUBLIC.keys() <= names
    assert FOR_EVERYBODY.keys() | HIDDEN <= names


@pytest.mark.parametrize("route", PRIVATE, ids=str)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_visitors_are_led_to_sign_in_and_change_nothing(route: Route, method: str):
    client = Client()
    before = writes()
    response = getattr(client, method)(route.path)
    assert response.status_code == 302, route.path
    assert response["Location"].startswith("/login/"), response["Location"]
    assert writes() == before


@pytest.mark.parametrize("route", RESTRICTED, ids=str)
@pytest.mark.parametrize("method", ["get", "post"])
def test_people_without_the_right_are_refused_and_change_nothing(route: Route, method: str):
    client = signed_in(make_user())
    before = writes()
    response = getattr(client, method)(route.path)
    refused = 404 if route.name in HIDDEN else 403
    assert response.status_code in (refused, 405), f"{method} {route.path} answered {response.status_code}"
    assert writes() == before


@pytest.mark.parametrize("route", RESTRICTED, ids=str)
def test_every_restricted_address_refuses_one_method_at_least(route: Route):
    """405 to everything would make the test above empty."""
    client = signed_in(make_user())
    refused = 404 if route.name in HIDDEN else 403
    assert refused in {client.get(route.path).status_code, client.post(route.path).status_code}


@pytest.mark.parametrize("route", PRIVATE, ids=str)
def test_nothing_breaks_for_somebody_who_may_everything(route: Route):
    """Also where the thing named by the address doesn't exist."""
    client = signed_in(make_superuser())
    assert client.get(route.path).status_code in (200, 302, 404, 405), route.path


@pytest.mark.parametrize("route", PRIVATE, ids=str)
def test_posts_from_other_sites_are_refused(route: Route):
    client = signed_in(make_superuser(), enforce_csrf_checks=True)
    before = writes()
    assert client.post(route.path).status_code == 403
    assert writes() == before


def test_only_addresses_without_cookies_do_without_csrf_token():
    exempt = [route for route in ROUTES if getattr(route.view, "csrf_exempt", False)]
    assert not [route.name for route in exempt if not route.path.startswith(WITHOUT_CSRF_TOKEN)]


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
@pytest.mark.parametrize("page", ["changelist", "add", "change", "delete", "history"])
def test_admin_site_is_closed_to_visitors_and_to_roles_without_it(model, page):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    url = reverse(name, args=[] if page in ("changelist", "add") else ["1"])
    visitor, clerk = Client(), signed_in(make_user())
    before = writes()
    for client in (visitor, clerk):
        for response in (client.get(url), client.post(url, {"post": "yes"})):
            assert response.status_code == 302
            assert response["Location"].startswith(("/login/", "/admin/login/"))
    assert writes() == before


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
