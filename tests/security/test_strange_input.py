"""Input that no page sends: it is refused or ignored, and never an error of ours."""

import pytest
from django.urls import reverse

from core.ui import lists
from tests.factories.accounts import make_superuser
from tests.security.routes import routes
from tests.security.test_urls import PRIVATE, call, signed_in

pytestmark = pytest.mark.django_db

STRANGE = ["ab\x00c", "²", "9" * 30, "-1", "é\udce9".encode("utf-8", "surrogateescape").decode("latin-1"), "%s'\"<>"]
NAMES = ["q", "after", "before", "sort", "view", "columns", "panel", "timeline", "days", "case", "outcome", "days",
         "status", "channel", "warehouse", "supplier", "created_at_after", "sku", "rows", "number"]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE)
def test_query_strings(value):
    client = signed_in(make_superuser())
    query = dict.fromkeys(NAMES, value)
    broken = []
    for route in PRIVATE:
        for headers in ({}, {"HX-Request": "true", "HX-Target": "list"}):
            response = client.get(route.path, query, headers=headers)
            if response.status_code >= 500:
                broken.append((route.path, headers))
    assert broken == []


@pytest.mark.parametrize("value", STRANGE)
def test_posts(value):
    client = signed_in(make_superuser())
    names = [*NAMES, "note", "code", "name", "query", "role", "shared", "text", "next", "ids", "action", "list",
             "format", "comment", "stars", "contact", "language", "theme", "reason"]  # fmt: skip
    form = dict.fromkeys(names, value) | {"key": "6f6d3f0e-9d0e-4c8e-8d3f-7a5a4f1f0001"}
    broken = []
    for route in routes():
        response, _written = call(client, "post", route.path, form)
        if response.status_code >= 500:
            broken.append(route.path)
    assert broken == []


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("key", lists.keys())
def test_small_actions_of_lists(key, value):
    client = signed_in(make_superuser())
    page = lists.get(key)
    action = next(iter(page.actions), None)
    forms = [
        (reverse("ui:view_save", args=[key]), {"name": value, "query": f"q={value}", "role": value}),
        (reverse("ui:columns", args=[key]), {"columns": value}),
        (reverse("jobs:export"), {"list": key, "format": "csv", "query": value, "columns": value}),
    ]
    if action is not None:
        bulk = {"action": action.code, "ids": value, "query": value, "list": key}
        forms += [(reverse("ui:bulk_confirm", args=[key]), bulk), (reverse("jobs:bulk"), bulk)]
    broken = [url for url, form in forms if call(client, "post", url, form)[0].status_code >= 500]
    assert broken == []
