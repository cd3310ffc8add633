from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from django import forms

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import Actor
from core.jobs import registry
from core.ui import lists
from core.ui.actions import BulkAction, RowOutcome
from core.ui.columns import Column
from core.ui.views import ListPage
from tests.factories.accounts import make_user


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def kinds() -> Iterator[dict[str, Any]]:
    """Kinds of job that a test adds are forgotten afterwards."""
    before = dict(registry._kinds)
    yield registry._kinds
    registry._kinds.clear()
    registry._kinds.update(before)


@pytest.fixture
def person(db) -> User:
    return make_user(Role.ORDER_CLERK, display_name="Ann Lee")


@pytest.fixture
def actor(person) -> Actor:
    return Actor.for_user(person)


GREETED: list[list[int]] = []


def greet(ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterable[RowOutcome]:
    GREETED.append(list(ids))
    for person in User.objects.filter(pk__in=ids):
        if person.username.startswith("bad"):
            yield RowOutcome(person.pk, "error", "doesn't listen", field="ear")
        elif person.username.startswith("off"):
            yield RowOutcome(person.pk, "skipped")
        else:
            User.objects.filter(pk=person.pk).update(last_name=f"{params['word']}")
            yield RowOutcome(person.pk)


@pytest.fixture
def people_page() -> Iterator[type[ListPage[User]]]:
    """A list of people with a bulk action."""

    class PeopleList(ListPage[User]):
        key = "test.people"
        title = "People"
        model = User
        permission = "accounts.view_personal_data"
        url_name = "jobs:job_list"
        columns = (
            Column("username", "Name"),
            Column("first_name", "First name"),
            Column("date_joined", "Since", cell="when"),
            Column("email", "Mail", permission="accounts.manage_api_keys"),
        )
        actions = (
            BulkAction(
                code="greet",
                label="Greet",
                permission="accounts.view_personal_data",
                run=greet,
                fields={"word": forms.CharField(max_length=10)},
                chunk_size=2,
            ),
        )

        def get_queryset(self, user: Any) -> Any:
            return User.objects.exclude(username__startswith="secret")

        def row_label(self, row: User) -> str:
            return row.username

    yield PeopleList
    lists._pages.pop("test.people")
    GREETED.clear()
