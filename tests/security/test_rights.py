"""Who may do what, address by address, written down in rights.txt: a change of rights shows as a change of the table.

After a wanted change: UPDATE_RIGHTS=1 pytest tests/security/test_rights.py, and look at the difference.
"""

import difflib
import os
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.template.backends.django import Template
from django.test import Client

from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.services import set_scopes
from core.actor import SYSTEM
from tests.factories.accounts import make_user
from tests.factories.inventory import make_warehouse
from tests.factories.orders import make_channel
from tests.security.routes import routes
from tests.security.test_urls import PUBLIC_PREFIXES, call, signed_in
from tests.security.world import World

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("rights.txt")
HEAD = """\
What visitors, people without a role and each role are answered, by address and method. Made by test_rights.py.
yes: answered, or refused for what was sent (nothing was). login: led to sign in. no: 403. hidden: 404.
-: the address knows no such method. "elsewhere" is an operations manager limited to another channel and warehouse.
"""
FOR_MACHINES = {"healthz", "metrics", "readyz"}
WORDS = {403: "no", 404: "hidden", 405: "-"}


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.MEDIA_ROOT = tmp_path
    return World()


@pytest.fixture
def people(world) -> dict[str, Client]:
    clients = {"visitor": Client(raise_request_exception=False), "no role": signed_in(make_user())}
    clients |= {role.value: signed_in(make_user(role)) for role in Role}
    return clients | {"elsewhere": signed_in(_manager_elsewhere())}


def _manager_elsewhere() -> User:
    """Limited to a channel and a warehouse that nothing in the world belongs to."""
    manager = make_user(Role.OPERATIONS_MANAGER)
    for kind, place in (("channel", make_channel("elsewhere")), ("warehouse", make_warehouse("ELSE"))):
        set_scopes(user=manager, kind=kind, object_ids=[place.pk], actor=SYSTEM)
    return User.objects.get(pk=manager.pk)


def word(client: Client, method: str, url: str) -> str:
    cookies = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    response, _written = call(client, method, url)
    client.cookies = cookies  # what was done is undone, so signing out must be too
    if response.status_code == 302 and response["Location"].startswith("/login/"):
        return "login"
    assert response.status_code < 500, (method, url)
    return WORDS.get(response.status_code, "yes")


def table(people: dict[str, Client], world: World) -> str:
    rows = [("address", "method", *people)]
    for route in routes():
        if route.path.startswith(tuple(PUBLIC_PREFIXES)) or route.name in FOR_MACHINES:
            continue
        for method in ("get", "post"):
            words = [word(client, method, world.path(route)) for client in people.values()]
            if set(words) - {"-", "login"}:
                rows.append((route.name, method.upper(), *words))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return HEAD + "\n" + "\n".join(lines) + "\n"


def test_rights_are_as_written_down(people, world, monkeypatch):
    monkeypatch.setattr(Template, "render", lambda *_args, **_kwargs: "")  # who is let in is known before
    now = table(people, world)
    if os.environ.get("UPDATE_RIGHTS"):
        TABLE.write_text(now)
    before = TABLE.read_text().splitlines()
    assert list(difflib.unified_diff(before, now.splitlines(), "written down", "now", lineterm="")) == []
