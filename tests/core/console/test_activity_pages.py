"""The activity log."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.audit.services import AuditRow, record_many
from tests.core.console.counting import count_queries
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

LOG = "/settings/activity/"


@pytest.fixture
def manager(client) -> Client:
    client.force_login(make_user(Role.OPERATIONS_MANAGER, username="boss"), "core.accounts.backends.RoleBackend")
    return client


def entry(label: str, **fields) -> AuditRow:
    defaults = {"action": "x.thing_done", "actor": SYSTEM, "subject_type": "x.thing", "subject_id": 1}
    return AuditRow(**{**defaults, "subject_label": label, **fields})


def labels(response) -> set[str]:
    return {
        label
        for label in AuditEntry.objects.values_list("subject_label", flat=True)
        if label and label.startswith("T-") and label in response.content.decode()
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"T-1", "T-2", "T-3"}),
        ({"actor_kind": "user"}, {"T-2"}),
        ({"action": "x.other"}, {"T-3"}),
        ({"subject_type": "x.thing", "subject_id": "1"}, {"T-1", "T-2"}),
        ({"at_after": "2999-01-01"}, set()),
    ],
)
def test_log_is_filtered_by_person_action_subject_and_date(manager, query, expected):
    ann = make_user(display_name="Ann")
    record_many(
        [
            entry("T-1"),
            entry("T-2", actor=Actor.for_user(ann)),
            entry("T-3", action="x.other", subject_id=2),
        ]
    )
    assert labels(manager.get(LOG, query)) == expected


def test_log_is_filtered_by_person(manager):
    ann = make_user(display_name="Ann")
    record_many([entry("T-1"), entry("T-2", actor=Actor.for_user(ann))])
    assert labels(manager.get(LOG, {"actor_id": str(ann.pk)})) == {"T-2"}


def test_entry_shows_before_and_after(manager):
    record_many([entry("T-1", changes={"state": ["held", "released"], "phone": ["+861380", ""]}, reason="Paid")])
    row = AuditEntry.objects.get(subject_label="T-1")
    page = manager.get(reverse("console:activity_entry", args=[row.pk])).content.decode()
    for shown in ("Thing done", "held", "released", "Paid", "+•••"):
        assert shown in page
    assert "+861380" not in page


def test_others_do_not_see_the_log():
    clerk = Client()
    clerk.force_login(make_user(Role.ORDER_CLERK), "core.accounts.backends.RoleBackend")
    record_many([entry("T-1")])
    row = AuditEntry.objects.get(subject_label="T-1")
    assert clerk.get(LOG).status_code == 403
    assert clerk.get(reverse("console:activity_entry", args=[row.pk])).status_code == 403


def test_log_costs_the_same_for_one_and_for_fifty(manager):
    record_many([entry("T-1")])
    one = count_queries(manager, LOG)
    record_many([entry(f"T-{number}") for number in range(50)])
    assert count_queries(manager, LOG) == one
