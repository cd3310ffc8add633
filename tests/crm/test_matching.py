import random
import string
import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Customer, CustomerAddress, CustomerIdentity
from crm.rules.matching import Profile
from crm.selectors import possible_duplicates
from crm.services import CustomerDraft, match_customers
from crm.services.matching import _redirect_new
from tests.factories.crm import AT, SHANGHAI, draft, make_customer, match

pytestmark = pytest.mark.django_db


def test_a_new_customer_is_written_with_identity_and_address():
    [customer_id] = match(
        draft(external_id="7", name="王小明", email=" Wang@Example.COM ", phone="'138 0013 8000",
              country="CN", address=SHANGHAI)
    )  # fmt: skip
    customer = Customer.objects.get(pk=customer_id)
    assert (customer.name, customer.country) == ("王小明", "CN")
    assert (customer.email, customer.email_normalised) == ("Wang@Example.COM", "wang@example.com")
    assert (customer.phone, customer.phone_e164) == ("'138 0013 8000", "+8613800138000")
    assert list(customer.identities.values_list("source", "external_id")) == [("shop", "7")]
    address = customer.addresses.get()
    assert (address.district, address.first_used_at, address.last_used_at) == ("浦东新区", AT, AT)


@pytest.mark.parametrize(
    "again",
    [
        draft(external_id="7"),
        draft(phone="+86 138-0013-8000", country="CN"),
        draft(phone="１３８００１３８０００", country="CN"),
        draft(phone_e164="+8613800138000"),
        draft(email="WANG@example.com"),
    ],
    ids=["identity", "phone", "full-width phone", "e164", "email"],
)
def test_each_key_leads_to_the_known_customer(again):
    first = match(draft(external_id="7", email="wang@example.com", phone="13800138000", country="CN"))
    assert match(again) == first
    assert Customer.objects.count() == 1


def test_identity_goes_before_phone_and_phone_before_email():
    by_identity = match(draft(external_id="1", phone_e164="+8613800138001"))
    by_phone = match(draft(phone_e164="+8613800138002", email="two@example.com"))
    by_email = match(draft(email="three@example.com"))
    everything = {"phone_e164": "+8613800138002", "email": "three@example.com"}
    assert match(draft(external_id="1", **everything)) == by_identity
    assert match(draft(**everything)) == by_phone
    assert match(draft(email="three@example.com", phone_e164="+8613800138009")) == by_email


def test_an_identity_belongs_to_its_channel():
    assert match(draft(external_id="1"), source="a") != match(draft(external_id="1"), source="b")


def test_a_known_customer_gains_the_identity_of_another_channel():
    first = match(draft(external_id="1", email="ann@example.com"), source="a")
    assert match(draft(external_id="x", email="ann@example.com"), source="b") == first
    assert match(draft(external_id="x"), source="b") == first


def test_drafts_of_one_batch_that_are_the_same_person_become_one_customer():
    ids = match(
        draft(external_id="1", phone_e164="+8613800138001"),
        draft(email="ann@example.com"),
        draft(phone_e164="+8613800138001", email="ann2@example.com"),
        draft(email="ANN2@example.com"),
        draft(external_id="1"),
    )
    assert [ids.index(customer_id) for customer_id in ids] == [0, 1, 0, 0, 0]
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    "nobody",
    [
        draft(),
        draft(name="Guest"),
        draft(phone="138****8000", country="CN"),
        draft(email="w***@qq.com"),
        draft(phone="13800138000-1234", country="CN"),
        draft(phone="12", email="none"),
    ],
    ids=["empty", "name only", "masked phone", "masked e-mail", "virtual number", "rubbish"],
)
def test_a_draft_that_identifies_nobody_becomes_a_customer_of_its_own(nobody):
    ids = match(nobody, nobody)
    assert len({*ids, *match(nobody)}) == 3


def test_blanks_are_filled_and_nothing_is_overwritten():
    [customer_id] = match(draft(external_id="1", name="Ann"))
    match(draft(external_id="1", name="Other", email="ann@example.com", phone="07400123456", country="GB"))
    match(draft(external_id="1", email="new@example.com", phone="07400123457", country="GB"))
    customer = Customer.objects.get(pk=customer_id)
    assert (customer.name, customer.email, customer.country) == ("Ann", "ann@example.com", "GB")
    assert customer.phone_e164 == "+447400123456"


def test_a_blank_is_not_filled_with_a_phone_that_leads_to_somebody_else():
    [other] = match(draft(phone_e164="+8613800138001"))
    [customer_id] = match(draft(external_id="1"))
    assert match(draft(external_id="1", phone_e164="+8613800138001")) == [customer_id]
    assert Customer.objects.get(pk=customer_id).phone_e164 == ""
    assert match(draft(phone_e164="+8613800138001")) == [other]


def test_keys_of_a_merged_customer_lead_to_the_one_that_took_it_in():
    survivor = make_customer(phone_e164="+447400123456", source="")
    keys = {"phone_e164": "+447400123457", "email_normalised": "old@example.com"}
    merged = make_customer(**keys, merged_into=survivor)
    identity = merged.identities.get()
    assert match(
        draft(external_id=identity.external_id),
        draft(phone_e164="+447400123457"),
        draft(email="old@example.com"),
    ) == [survivor.pk] * 3  # fmt: skip


def test_an_address_is_kept_once_with_the_times_of_its_use():
    later = AT.replace(year=2027)
    respelt = replace(SHANGHAI, street="世纪大道 １００号")
    [customer_id] = match(draft(external_id="1", address=SHANGHAI))
    match_customers("shop", [CustomerDraft(external_id="1", address=respelt)] * 2, at=later)
    match_customers("shop", [CustomerDraft(external_id="1", address=SHANGHAI)], at=AT)
    address = CustomerAddress.objects.get(customer_id=customer_id)
    assert (address.first_used_at, address.last_used_at) == (AT, later)


def test_a_country_alone_is_no_address():
    match(draft(external_id="1", address=replace(SHANGHAI, province="", city="", district="", street="",
                                                 postal_code="")))  # fmt: skip
    assert not CustomerAddress.objects.exists()


def test_texts_that_no_column_takes_are_cut():
    long = "x" * 2000
    [customer_id] = match(
        draft(external_id=long, name="A\x00" + long, phone=long, email=long + "@example.com",
              address=replace(SHANGHAI, street=long))
    )  # fmt: skip
    assert Customer.objects.get(pk=customer_id).name == "A" + "x" * 254


def _statements(drafts: list[CustomerDraft]) -> int:
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        match(*drafts)
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_batch():
    def drafts(first: int, last: int) -> list[CustomerDraft]:
        return [
            draft(external_id=str(n), phone_e164=f"+86138{n:08}", email=f"{n}@example.com", address=SHANGHAI)
            for n in range(first, last)
        ]

    assert _statements(drafts(0, 1)) == _statements(drafts(1, 501)) <= 6
    assert _statements(drafts(0, 1)) == _statements(drafts(1, 501)) <= 3


KEYS = st.sampled_from(["", *string.ascii_lowercase[:4]])
DRAFTS = st.builds(
    lambda identity, phone, email: draft(
        external_id=identity,
        phone_e164=f"+861380013800{ord(phone) % 10}" if phone else "",
        email=f"{email}@example.com" if email else "",
    ),
    KEYS, KEYS, KEYS,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.lists(DRAFTS, max_size=4), batch=st.lists(DRAFTS, max_size=10))
def test_a_batch_gives_what_one_by_one_gives(known, batch):
    def outcome(*, at_once: bool) -> tuple[list[int], list[tuple]]:
        with transaction.atomic():
            for one in known:
                match(one)
            ids = match(*batch) if at_once else [match(one)[0] for one in batch]
            order = {customer_id: place for place, customer_id in enumerate(dict.fromkeys(ids))}
            fields = ("id", "phone_e164", "email_normalised")
            stored = sorted(
                (order[pk], phone, email) for pk, phone, email in Customer.objects.values_list(*fields)
                if pk in order
            )  # fmt: skip
            transaction.set_rollback(True)
        return [order[customer_id] for customer_id in ids], stored

    assert outcome(at_once=True) == outcome(at_once=False)


def test_a_customer_that_turns_out_to_be_another_points_to_who_is_left_of_it():
    """The owner of the identity was merged between the look at it and the pointer to it."""
    survivor, new = make_customer(), make_customer(source="")
    owner = make_customer(merged_into=survivor)
    profile = Profile(new.pk, new.name, "", "", "", "", "", is_new=True)
    _redirect_new({profile: owner.pk})
    new.refresh_from_db()
    assert new.merged_into_id == profile.id == survivor.pk


@pytest.mark.django_db(transaction=True)
def test_batches_that_overlap_in_every_way_neither_fail_nor_double_a_phone():
    threads, errors = 6, []

    def intake(seed: int) -> None:
        choose = random.Random(seed)  # reproducible, not secret
        try:
            for _ in range(10):
                match(*(_random_draft(choose) for _ in range(choose.choice([1, 20, 60]))))
        except Exception as error:  # noqa: BLE001  # whatever it is, the test must see it
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=intake, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert errors == []
    phones = Customer.objects.filter(merged_into=None).exclude(phone_e164="").values_list("phone_e164", flat=True)
    assert len(phones) == len(set(phones)) > 0


def _random_draft(choose: random.Random) -> CustomerDraft:
    identity, phone, email = (choose.randrange(150) for _ in range(3))
    return draft(
        external_id=choose.choice(["", f"buyer-{identity}"]),
        phone_e164=choose.choice(["", f"+86138001{phone:05}"]),
        email=choose.choice(["", f"{email}@example.com"]),
        address=choose.choice([None, SHANGHAI]),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "keys", [("phone_e164",), ("email",), ("external_id",), ("external_id", "phone_e164", "email")]
)
def test_intakes_that_bring_the_same_new_customers_at_once_make_each_once(keys):
    threads, customers = 8, 20
    values = {"phone_e164": "+86138001380{:02}", "email": "{}@example.com", "external_id": "buyer-{}"}
    drafts = [draft(**{key: values[key].format(n) for key in keys}) for n in range(customers)]
    start = threading.Barrier(threads)
    results: list[list[int]] = []

    def intake(number: int) -> None:
        turned = drafts[number:] + drafts[:number]  # every thread in another order
        try:
            start.wait(timeout=20)
            ids = match_customers("shop", turned, at=AT)
            results.append(ids[customers - number :] + ids[: customers - number])
        finally:
            connection.close()

    workers = [threading.Thread(target=intake, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(results) == threads
    assert results == [results[0]] * threads
    assert len(set(results[0])) == customers
    assert Customer.objects.filter(merged_into=None).count() == customers
    assert CustomerIdentity.objects.count() == (customers if "external_id" in keys else 0)


def test_who_has_the_same_address_is_found_by_its_index():
    """Without it a customer's page would walk all customers."""
    customer = make_customer(email_normalised="ann@example.com")
    with CaptureQueriesContext(connection) as queries:
        assert possible_duplicates(Customer.objects.all(), customer) == []
    (by_email,) = [row["sql"] for row in queries if "ann@example.com" in row["sql"]][:1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {by_email}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "customer_by_email" in plan
