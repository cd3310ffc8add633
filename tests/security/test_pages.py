"""What every page must hold and must not: a strict policy, nothing inline, no secret; and how browsers are guarded."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from logistics.models import Carrier
from orders.models import Channel
from tests.factories.accounts import PASSWORD, make_api_key, make_user
from tests.factories.orders import make_channel, make_order
from tests.security.routes import routes
from tests.security.test_urls import SECURITY_HEADERS, signed_in
from tests.security.world import FIRST, World

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
SECRETS = {"webhook": "Quagga-webhook-secret-71", "carrier": "Quagga-carrier-key-72"}
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>\s*\S|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
)
# Settings that protect browsers, as production must have them.
PRODUCTION = {
    "SESSION_COOKIE_SECURE": "True", "SESSION_COOKIE_HTTPONLY": "True", "SESSION_COOKIE_SAMESITE": "Lax",
    "CSRF_COOKIE_SECURE": "True", "SECURE_SSL_REDIRECT": "True", "SECURE_HSTS_INCLUDE_SUBDOMAINS": "True",
    "X_FRAME_OPTIONS": "DENY", "DEBUG": "False", "USE_X_FORWARDED_HOST": "False", "ALLOWED_HOSTS": "['c.example']",
}  # fmt: skip


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.MEDIA_ROOT = tmp_path
    world = World()
    Channel.objects.filter(pk=FIRST).update(webhook_secret=SECRETS["webhook"])
    Carrier.objects.filter(pk=FIRST).update(credentials={"key": SECRETS["carrier"], "secret": SECRETS["carrier"]})
    return world


def pages(world: World) -> Iterator[tuple[str, HttpResponse]]:
    """Every page there is, the administration's and those of visitors among them."""
    client = signed_in(world.owner)
    for route in routes():
        yield world.path(route), (Client() if route.name == "accounts:sign_in" else client).get(world.path(route))
    for model in (Carrier, Channel):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for url in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[FIRST])):
            if model in admin.site._registry:
                yield url, client.get(url)
    yield "/nowhere/", client.get("/nowhere/")
    yield "/orders/ by a stranger", signed_in(make_user()).get("/orders/")
    yield "a bad length", client.request(PATH_INFO="/orders/", REQUEST_METHOD="POST", CONTENT_LENGTH="x")


def test_every_page_is_strict_and_keeps_secrets(world, caplog):
    caplog.set_level(logging.INFO)
    key, token = make_api_key(name="Quagga")
    marks = [*SECRETS.values(), token.rpartition("_")[2], world.owner.password]
    lax, inline, told = [], [], []
    count = 0
    for url, response in pages(world):
        text = response.getvalue().decode("utf-8", "replace")
        told += [(url, mark) for mark in marks if mark in text]
        policy = response.get("Content-Security-Policy", "")
        if "unsafe" in policy or "frame-ancestors 'none'" not in policy or "default-src 'self'" not in policy:
            lax.append((url, policy))
        lax += [(url, header) for header, value in SECURITY_HEADERS.items() if response.get(header) != value]
        if "html" in response.get("Content-Type", ""):
            count += 1
            inline += [(url, found.group()[:80]) for found in [INLINE.search(text)] if found and "/admin/" not in url]
    assert count > 90
    assert (lax, inline, told) == ([], [], [])
    assert [mark for mark in marks if mark in caplog.text] == []
    assert key.pk


def test_secrets_are_nowhere_in_the_database_as_they_are(world):
    _key, token = make_api_key(name="Quagga")
    marks = [*SECRETS.values(), token.rpartition("_")[2], PASSWORD]
    credentials: Any = Carrier.objects.get(pk=FIRST).credentials
    assert credentials["key"] == SECRETS["carrier"]
    found = []
    with connection.cursor() as cursor:
        for model in filter(lambda model: model._meta.managed, apps.get_models()):
            for mark in marks:
                statement = f'SELECT count(*) FROM "{model._meta.db_table}" t WHERE t::text LIKE %s'  # noqa: S608
                cursor.execute(statement, [f"%{mark}%"])
                found += [(model._meta.label, mark)] if cursor.fetchone()[0] else []
    assert found == []


def test_the_page_for_our_own_faults_says_nothing_of_them(monkeypatch, world):
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(SECRETS["carrier"])

    monkeypatch.setattr("orders.views.orders.OrderList.get", fail)
    response = signed_in(world.owner).get("/orders/")
    assert response.status_code == 500
    text = response.content.decode()
    assert SECRETS["carrier"] not in text
    assert "Traceback" not in text
    assert "RuntimeError" not in text
    assert not INLINE.search(text)


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "x/y", ""])
def test_requests_for_other_hosts_are_refused(host):
    response = Client(raise_request_exception=False).get("/login/", headers={"host": host})
    assert response.status_code == 400
    assert host == "" or host not in response.content.decode()


def test_a_forwarded_host_is_not_believed():
    response = Client().get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in response["Location"]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_to_no_other_site(target):
    make_user(username="ann")
    response = Client().post(f"/login/?next={target}", {"username": "ann", "password": PASSWORD, "next": target})
    assert response.status_code == 302
    assert response["Location"].startswith("/")
    assert "evil" not in response["Location"]


def test_the_session_cookie_is_for_us_alone():
    make_user(username="ann")
    client = Client()
    client.post("/login/", {"username": "ann", "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["domain"]


def test_production_protects_browsers(tmp_path):
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "ecom_admin.settings", "ENVIRONMENT": "production",
        "ALLOWED_HOSTS": "c.example", "SECRET_KEY": "k" * 25 + "0123456789" * 3, "ECOM_DATA_DIR": str(tmp_path),
        "FIELD_ENCRYPTION_KEYS": "Zm9yLXRoZS1jaGVjay1vbmx5LTAxMjM0NTY3ODlhYmM=", "EMAIL_URL": "smtp://localhost",
        "DATABASE_URL": "postgresql://a:b@localhost/c", "REDIS_URL": "redis://localhost", "DEFAULT_FROM_EMAIL": "a@b.c",
        "PUBLIC_BASE_URL": "https://c.example",
    }  # fmt: skip
    script = f"from django.conf import settings as s; print({{n: str(getattr(s, n)) for n in {list(PRODUCTION)}}})"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(PRODUCTION), done.stderr


def test_the_tracking_page_does_the_same_work_for_unknown_numbers_and_wrong_contacts():
    """The same statements in the same form, so that neither the answer nor its time tells which numbers exist."""
    order = make_order(make_channel("shop"), ("A", 1))
    found = {}
    for number in (order.number, "SO99999999"):
        client = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = client.post(reverse("track:search"), {"number": number, "contact": "0000"})
        text = response.content.decode().replace(number, "NUMBER")
        text = re.sub(r'(name="csrfmiddlewaretoken" value|csrf-token" content)="[^"]+"', "", text)
        statements = [query["sql"].replace(number, "NUMBER").replace(f"#{number}", "#NUMBER") for query in queries]
        found[number] = response.status_code, text, statements
    known, unknown = found.values()
    assert known == unknown
