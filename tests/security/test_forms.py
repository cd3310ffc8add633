"""Every form of every page with anything in it, found by looking at the pages themselves."""

import random
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import resolve

from tests.security.junk import VALUES
from tests.security.page_forms import PageForm, forms_of
from tests.security.routes import routes
from tests.security.test_urls import signed_in, writes
from tests.security.world import World

pytestmark = pytest.mark.django_db

ROUNDS = 6
# A NUL is refused at the door, before any form sees it: test_strange_input.
ODD = [value for value in VALUES if "\x00" not in str(value)]
FORM = "application/x-www-form-urlencoded"
# Pages whose form is for people who aren't signed in.
OUTSIDE = {"accounts:sign_in", "track:search", "track:order"}
# Answers of the forms themselves; everything else below 500 is a page of its own.
REASONS = ('role="alert"', "field-error", 'class="error"')


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.MEDIA_ROOT = tmp_path
    settings.AXES_ENABLED = False
    return World()


def forms(world: World, client: Client) -> dict[tuple[str, str, tuple[str, ...]], PageForm]:
    """The forms of all pages, by method, address and fields; those of the frame around every page once."""
    found = {}
    for route in routes():
        if route.path.startswith(("/api/", "/hooks/")):
            continue
        url = world.path(route)
        response = (Client() if route.name in OUTSIDE else client).get(url)
        page = response.getvalue()
        if response.status_code != 200 or "html" not in response["Content-Type"]:
            continue
        for form in forms_of(page.decode()):
            form.url = form.url or url
            found[form.method, _place(form.url), tuple(form.names)] = form
    return found


def _place(url: str) -> str:
    """What a form's address names; which of the stages to run again makes no difference."""
    path = url.partition("?")[0]
    return "stage" if resolve(path).view_name == "console:system_stage_retry" else path


def spoilt(form: PageForm, number: int, dice: random.Random) -> str:
    """The form's content as sent: everything odd, nothing at all, or a few fields odd."""
    fields: list[tuple[str, Any]] = []
    for name, value in form.fields:
        kind = dice.random()
        if number == 0 or kind < 0.4:
            fields.append((name, dice.choice(ODD)))
        elif number == 1:
            continue
        elif kind < 0.5:
            fields += [(name, value), (name, dice.choice(ODD))]
        elif kind < 0.9:
            fields.append((name, value))
    return urlencode([(name, str(value)) for name, value in fields], errors="surrogatepass")


def send(client: Client, form: PageForm, content: str) -> tuple[int, str, int]:
    """Status, page and rows written, undone afterwards; signing out, which is a form too, among it."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        before = writes()
        try:
            with transaction.atomic():
                if form.method == "post":
                    response = client.generic("POST", form.url, content, FORM)
                else:
                    response = client.get(f"{form.url.partition('?')[0]}?{content}")
            answer = response.status_code, response.getvalue().decode("utf-8", "replace"), writes() - before
        except DatabaseError as error:
            answer = 500, repr(error), 0
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)
    return answer


def test_no_form_breaks_and_every_refusal_says_why_and_changes_nothing(world):
    client, dice = signed_in(world.owner), random.Random(11)
    found = forms(world, client)
    assert sum(method == "post" for method, _url, _names in found) > 60
    broken, silent, half_done = [], [], []
    for form in found.values():
        for number in range(ROUNDS):
            content = spoilt(form, number, dice)
            status, page, written = send(client, form, content)
            case = (form.method, form.url, content[:300])
            if status >= 500:
                broken.append((*case, page[:300]))
            elif status == 422 and not any(reason in page for reason in REASONS):
                silent.append(case)
            if status >= 400 and written:
                half_done.append((status, written, *case))
    assert client.get("/profile/").status_code == 200, "signed out on the way: the rest was led to sign in"
    assert broken == []
    assert silent == []
    assert half_done == []
