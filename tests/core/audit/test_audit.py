"""The audit trail: append-only, free of personal data, tied to the request and to the transaction."""

import contextlib

import pytest
from django.db import IntegrityError, connection, transaction

from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.audit.selectors import actions_seen, subject_types_seen
from core.audit.services import AuditRow, record, record_many
from core.context import bind_request_id, unbind_request_id

pytestmark = pytest.mark.django_db


def row(number: int = 1, **fields) -> AuditRow:
    return AuditRow(**{"action": "x.done", "actor": SYSTEM, "subject_type": "x.thing", "subject_id": number, **fields})


def test_entry_holds_who_what_and_why():
    record(
        action="x.done",
        actor=Actor(user_id=5, label="Ann", kind="user"),
        subject_type="x.thing",
        subject_id=7,
        subject_label="T-7",
        changes={"state": ["a", "b"]},
        reason="因为",
    )
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.actor_label, entry.actor_kind) == (5, "Ann", "user")
    assert (entry.subject_id, entry.subject_label, entry.reason) == (7, "T-7", "因为")
    assert entry.changes == {"state": ["a", "b"]}


@pytest.mark.parametrize("count", [1, 500])
def test_any_number_of_entries_is_one_statement(django_assert_num_queries, count):
    with django_assert_num_queries(1):
        record_many([row(number) for number in range(count)])
    assert AuditEntry.objects.count() == count


def test_nothing_to_record_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        record_many([])


@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEntry.objects.update(reason="other"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.get().delete(),
        lambda: connection.cursor().execute("UPDATE audit_auditentry SET actor_label = 'x'"),
    ],
)
def test_database_refuses_to_change_or_delete(change):
    record_many([row()])
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()
    assert AuditEntry.objects.get().actor_label == "system"


@pytest.mark.django_db(transaction=True)
def test_entry_falls_with_the_change():
    with contextlib.suppress(RuntimeError), transaction.atomic():
        record_many([row()])
        raise RuntimeError
    assert not AuditEntry.objects.exists()


def test_personal_data_is_masked_and_secrets_are_not_kept():
    record_many(
        [
            row(
                changes={
                    "phone": ["+8613800138000", "+8613900139000"],
                    "shipping_address.street": ["1 High St", ""],
                    "address": [{"city": "Hangzhou", "name": "Li"}, None],
                    "password": ["old", "new"],
                    "credentials": [None, {"key": "k-123"}],
                    "quantity": [1, 2],
                }
            )
        ]
    )
    changes = AuditEntry.objects.get().changes
    assert changes == {
        "phone": ["+•••", "+•••"],
        "shipping_address.street": ["1•••", ""],
        "address": [{"city": "H•••", "name": "L•••"}, None],
        "password": "[hidden]",
        "credentials": "[hidden]",
        "quantity": [1, 2],
    }


def test_entry_carries_the_request_id():
    bind_request_id("request-4711")
    try:
        record_many([row()])
    finally:
        unbind_request_id()
    assert AuditEntry.objects.get().request_id == "request-4711"


def test_values_seen_are_found_without_reading_the_table(django_assert_num_queries):
    record_many([row(action="b.b"), row(action="a.a", subject_type="y.y"), row(action="b.b")])
    with django_assert_num_queries(2):
        assert actions_seen() == ["a.a", "b.b"]
        assert subject_types_seen() == ["x.thing", "y.y"]


def test_overlong_labels_are_cut_not_refused():
    record_many([row(subject_label="x" * 500)])
    assert len(AuditEntry.objects.get().subject_label) == 200
