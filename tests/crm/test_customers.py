"""What people do to customers: change, merge, note."""

import pytest

from core.actor import Actor
from core.audit.models import AuditEntry
from core.exceptions import DomainError, NotFound
from core.outbox.models import OutboxEvent
from crm.exceptions import AlreadyMerged, EmailTaken, PhoneTaken, SameCustomer
from crm.models import Customer, CustomerAddress
from crm.services import add_note, edit_customer, merge_customers
from tests.factories.accounts import make_user
from tests.factories.crm import AT, SHANGHAI, draft, make_customer, match

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return Actor.for_user(make_user())


def edit(customer: Customer, actor: Actor, **changes: str) -> Customer:
    edit_customer(customer_id=customer.pk, changes=changes, actor=actor)
    customer.refresh_from_db()
    return customer


def test_an_edit_is_normalised_and_audited(actor):
    customer = edit(make_customer(country="CN"), actor, phone=" 138 0013 8000 ", email="Wang@Example.com")
    assert (customer.phone, customer.phone_e164) == ("138 0013 8000", "+8613800138000")
    assert (customer.email, customer.email_normalised) == ("Wang@Example.com", "wang@example.com")
    entry = AuditEntry.objects.get(action="crm.customer_changed")
    assert (entry.subject_type, entry.subject_id, entry.actor_id) == ("crm.customer", customer.pk, actor.user_id)
    assert set(entry.changes) == {"phone", "email"}
    assert "13800138000" not in str(entry.changes)


def test_what_people_write_about_a_customer_stays_out_of_the_trail(actor):
    edit(make_customer(name="Ann Lee"), actor, name="Anna Lee", note="Allergic to nuts")
    changes = AuditEntry.objects.get(action="crm.customer_changed").changes
    assert changes == {"customer_name": ["A•••", "A•••"], "note": ["", "A•••"]}


def test_an_edit_that_changes_nothing_leaves_no_trace(actor):
    customer = make_customer()
    edit(customer, actor, name=customer.name)
    assert not AuditEntry.objects.filter(subject_type="crm.customer").exists()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [({"phone": "12"}, "phone_invalid", "phone"), ({"email": "wang@"}, "email_invalid", "email")],
)
def test_impossible_contact_data_is_refused(actor, changes, code, field):
    customer = make_customer(country="CN")
    with pytest.raises(DomainError) as error:
        edit(customer, actor, **changes)
    assert (error.value.code, error.value.field) == (code, field)


def test_contact_data_of_somebody_else_is_refused(actor):
    make_customer(phone="07400123456", phone_e164="+447400123456")
    make_customer(email="ann@example.com", email_normalised="ann@example.com")
    customer = make_customer()
    with pytest.raises(PhoneTaken):
        edit(customer, actor, phone="07400 123456")
    with pytest.raises(EmailTaken):
        edit(customer, actor, email="ann@example.com")
    customer.refresh_from_db()
    assert (customer.phone, customer.email) == ("", "")


def test_a_missing_customer_is_not_found(actor):
    with pytest.raises(NotFound):
        edit_customer(customer_id=999_999, changes={"name": "x"}, actor=actor)


def test_a_merge_moves_identities_addresses_and_blanks(actor):
    survivor = make_customer(name="Ann", phone="", created_at=AT.replace(day=5))
    [merged_id] = match(
        draft(external_id="m", name="Anna", phone="13800138000", country="CN", address=SHANGHAI), source="other"
    )
    older = make_customer(merged_into_id=merged_id)
    merge_customers(customer_id=survivor.pk, merged_id=merged_id, actor=actor)
    survivor.refresh_from_db()
    older.refresh_from_db()
    merged = Customer.objects.get(pk=merged_id)
    assert merged.merged_into_id == older.merged_into_id == survivor.pk
    assert (survivor.name, survivor.phone_e164, survivor.created_at) == ("Ann", "+8613800138000", AT)
    assert set(survivor.identities.values_list("source", flat=True)) == {"shop", "other"}
    assert survivor.addresses.count() == 1
    assert match(draft(phone="13800138000", country="CN"), draft(external_id="m"))[0] == survivor.pk
    event = OutboxEvent.objects.get(name="crm.customer_merged")
    assert event.payload == {"customer_id": survivor.pk, "merged_id": merged_id}
    actions = AuditEntry.objects.filter(subject_type="crm.customer").values_list("action", "subject_id")
    assert set(actions) == {("crm.customer_merged", survivor.pk), ("crm.customer_merged_away", merged_id)}


def test_an_address_that_both_have_is_kept_once(actor):
    [first] = match(draft(external_id="1", address=SHANGHAI))
    [second] = match(draft(external_id="2", address=SHANGHAI))
    later = AT.replace(year=2027)
    CustomerAddress.objects.filter(customer=second).update(last_used_at=later)
    merge_customers(customer_id=first, merged_id=second, actor=actor)
    address = CustomerAddress.objects.get()
    assert (address.customer_id, address.first_used_at, address.last_used_at) == (first, AT, later)


def test_two_phones_of_a_merged_pair_both_lead_to_the_survivor(actor):
    [first] = match(draft(phone_e164="+8613800138001"))
    [second] = match(draft(phone_e164="+8613800138002"))
    merge_customers(customer_id=first, merged_id=second, actor=actor)
    assert match(draft(phone_e164="+8613800138001"), draft(phone_e164="+8613800138002")) == [first, first]


def test_what_can_not_be_merged(actor):
    customer, other = make_customer(), make_customer()
    with pytest.raises(SameCustomer):
        merge_customers(customer_id=customer.pk, merged_id=customer.pk, actor=actor)
    with pytest.raises(NotFound):
        merge_customers(customer_id=customer.pk, merged_id=999_999, actor=actor)
    merge_customers(customer_id=customer.pk, merged_id=other.pk, actor=actor)
    for pair in ((customer.pk, other.pk), (other.pk, customer.pk)):
        with pytest.raises(AlreadyMerged):
            merge_customers(customer_id=pair[0], merged_id=pair[1], actor=actor)
    assert OutboxEvent.objects.filter(name="crm.customer_merged").count() == 1


def test_notes(actor):
    customer = make_customer()
    add_note(customer_id=customer.pk, text=" Calls back on Monday ", actor=actor)
    assert AuditEntry.objects.get(action="crm.note").reason == "Calls back on Monday"
    with pytest.raises(DomainError):
        add_note(customer_id=customer.pk, text="  ", actor=actor)
