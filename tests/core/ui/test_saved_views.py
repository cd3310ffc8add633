"""Saved views: own and shared ones, the default of a role, and who may change what."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.ui import lists
from core.ui.models import SavedView
from core.ui.saved_views import save_view
from tests.core.threads import lock_around, raise_errors, run_together
from tests.core.ui.pages import KEY
from tests.factories.accounts import make_superuser

SAVE = f"/ui/lists/{KEY}/views/"


def test_a_view_keeps_filters_sort_and_columns(pages, sign, boss):
    browser = sign(boss)

    response = browser.post(
        SAVE, {"name": "Mine", "query": "actor_kind=system&sort=-action&after=xyz&q=&columns=reason,action"}
    )

    view = SavedView.objects.get()
    assert view.query == "actor_kind=system&sort=-action"
    assert view.columns == ["reason", "action"]
    page = browser.get(response.headers["Location"])
    assert [column.key for column in page.context["columns"]] == ["reason", "action"]
    assert [tab.label for tab in page.context["tabs"] if tab.active] == ["Mine"]
    assert not any(tab.changed for tab in page.context["tabs"])


def test_changed_filters_are_marked_at_the_tab(pages, sign, boss):
    browser = sign(boss)
    browser.post(SAVE, {"name": "Mine", "query": "actor_kind=system"})
    view = SavedView.objects.get()

    page = browser.get(f"/entries/?actor_kind=user&view={view.pk}")

    assert [tab.changed for tab in page.context["tabs"] if tab.active] == [True]


def test_the_same_name_again_replaces_ones_view(pages, sign, boss):
    browser = sign(boss)
    browser.post(SAVE, {"name": "Mine", "query": "actor_kind=system"})
    browser.post(SAVE, {"name": "Mine", "query": "actor_kind=user"})

    assert [view.query for view in SavedView.objects.all()] == ["actor_kind=user"]


def test_own_views_are_ones_own_and_shared_views_everybodys(pages, sign, boss, manager):
    browser = sign(boss)
    browser.post(SAVE, {"name": "Mine", "query": ""})
    browser.post(SAVE, {"name": "Ours", "query": "", "shared": "1"})

    page = sign(manager).get("/entries/?view=all")

    assert [str(tab.label) for tab in page.context["tabs"]] == ["All", "By the system", "Ours"]


def test_a_roles_default_opens_the_list(pages, sign, boss, manager):
    sign(boss).post(SAVE, {"name": "Start", "query": "actor_kind=user", "role": Role.OPERATIONS_MANAGER})
    view = SavedView.objects.get()
    assert view.is_shared

    response = sign(manager).get("/entries/")

    assert response.status_code == 302
    assert response.headers["Location"] == f"/entries/?actor_kind=user&view={view.pk}"


def test_a_role_has_one_default(pages, sign, boss):
    browser = sign(boss)
    for name in ("First", "Second"):
        browser.post(SAVE, {"name": name, "query": "", "role": Role.BUYER})

    assert [view.name for view in SavedView.objects.filter(default_for=Role.BUYER)] == ["Second"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_several_who_set_a_roles_default_at_once_the_latest_does(pages, round_):
    def save(client):
        return client.post(SAVE, {"name": "Start", "query": "actor_kind=user", "role": Role.OPERATIONS_MANAGER})

    clients = [Client() for _number in range(4)]
    for client in clients:
        client.force_login(make_superuser(), backend="core.accounts.backends.RoleBackend")
    answers = raise_errors(run_together(*(partial(save, client) for client in clients)))

    assert [answer.status_code for answer in answers] == [302] * 4
    assert SavedView.objects.count() == 4
    assert SavedView.objects.filter(default_for=Role.OPERATIONS_MANAGER).count() == 1


def make_views(count: int, **fields: object) -> list[SavedView]:
    owner = make_superuser()
    return [
        SavedView.objects.create(page="orders.order", owner=owner, name=f"View {n}", is_shared=True, **fields)
        for n in range(count)
    ]


@pytest.mark.django_db
def test_the_database_refuses_a_second_default_of_a_role():
    one, other = make_views(2)
    SavedView.objects.filter(pk=one.pk).update(default_for=Role.BUYER)
    with pytest.raises(IntegrityError, match="ui_view_one_default_per_role"), transaction.atomic():
        SavedView.objects.filter(pk=other.pk).update(default_for=Role.BUYER)
    assert SavedView.objects.get(default_for=Role.BUYER) == one


def make_default_in_the_admin(view: SavedView) -> Any:
    client = Client()
    client.force_login(make_superuser(), backend="core.accounts.backends.RoleBackend")
    values = {"page": view.page, "name": view.name, "owner": view.owner_id, "is_shared": "on", "columns": "[]"}
    address = reverse("admin:ui_savedview_change", args=[view.pk])
    return client.post(address, {**values, "query": "", "default_for": str(Role.BUYER)})


@pytest.mark.django_db(transaction=True)
def test_a_manager_who_makes_a_roles_default_while_a_list_does_is_told_why_not():
    (view,), page, boss = make_views(1), lists.get("orders.order"), make_superuser()

    def save_and_wait(name: str) -> None:
        if name:
            save_view(page=page, user=boss, name=name, query="", shared=True, role=Role.BUYER.value)

    _saved, answer = raise_errors(
        lock_around(save_and_wait, ["Start", ""], partial(make_default_in_the_admin, view)),
    )
    assert answer.status_code == 200
    assert "The role has another default for this list." in answer.content.decode()
    assert SavedView.objects.get(default_for=Role.BUYER).name == "Start"


@pytest.mark.django_db(transaction=True)
def test_a_list_that_makes_a_roles_default_while_a_manager_does_takes_its_place():
    (view,), page, boss = make_views(1), lists.get("orders.order"), make_superuser()

    def manage_and_wait(wanted: SavedView | None) -> None:
        if wanted is not None:
            assert make_default_in_the_admin(wanted).status_code == 302

    save = partial(save_view, page=page, user=boss, name="Start", query="", shared=True, role=Role.BUYER.value)
    raise_errors(lock_around(manage_and_wait, [view, None], save))
    assert SavedView.objects.get(default_for=Role.BUYER).name == "Start"


def test_sharing_needs_the_right_and_a_refused_attempt_changes_nothing(pages, sign, clerk_who_sees):
    response = sign(clerk_who_sees).post(SAVE, {"name": "Ours", "query": "", "shared": "1"})

    assert response.status_code == 403
    assert not SavedView.objects.exists()


def test_anothers_view_cant_be_removed(pages, sign, boss, clerk_who_sees):
    sign(boss).post(SAVE, {"name": "Ours", "query": "", "shared": "1"})
    view = SavedView.objects.get()

    assert sign(clerk_who_sees).post(f"{SAVE}{view.pk}/delete/").status_code == 404
    assert SavedView.objects.filter(pk=view.pk).exists()
    assert sign(boss).post(f"{SAVE}{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_views_of_an_unknown_or_hidden_list_are_404(pages, sign, clerk):
    browser = sign(clerk)

    assert browser.post("/ui/lists/none.such/views/", {"name": "x"}).status_code == 404
    assert browser.post(SAVE, {"name": "x"}).status_code == 404
    assert not SavedView.objects.exists()
