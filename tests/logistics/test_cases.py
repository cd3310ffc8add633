"""Exceptions of parcels: found, shown to the right people, resolved with one click, verified."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import Actor
from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.cases.registry import case_type
from core.cases.services import open_cases, resolve
from core.cases.words import summary_of
from core.exceptions import DomainError
from core.stages import drain
from core.ui.formats import absolute_text
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.case_facts import facts_of_parcel_case
from logistics.codes import (
    ATTEMPT_FAILED,
    LABEL,
    LABEL_FAILED,
    LABEL_REPLACED,
    LEFT_WITH_OLD_LABEL,
    NO_CARRIER,
    NO_MOVEMENT,
    PARCEL_EXCEPTION,
    POLL,
)
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import Carrier, CarrierRule, Shipment
from logistics.services.consequences import seed
from logistics.services.ingest import Arrival, ingest
from orders.services.fulfilment import record_shipped
from tests.factories.accounts import make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_rule, make_shipment, pack

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus
TYPES = (
    NO_CARRIER, LABEL_FAILED, NO_MOVEMENT, ATTEMPT_FAILED, PARCEL_EXCEPTION, LABEL_REPLACED, LEFT_WITH_OLD_LABEL,
)  # fmt: skip


@pytest.fixture
def manager():
    return Actor.for_user(make_user(is_superuser=True))


def opened(shipment, code, summary="", **params):
    (case_id,) = open_cases([seed(shipment, code, summary, channel_id=None, cause_at=timezone.now(), **params)])
    return Case.objects.get(pk=case_id)


def quiet(shipment, **ago):
    Shipment.objects.filter(pk=shipment.pk).update(last_event_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize("code", TYPES)
def test_every_type_says_what_to_do_and_offers_a_way_out(code):
    found = case_type(code)
    assert len(str(found.procedure)) > 80
    assert found.resolutions
    assert all(resolution.permission == "logistics.handle_shipment" for resolution in found.resolutions)
    assert found.subject_url(7).endswith("/7/") or "7" in found.subject_url(7)


def test_parcels_that_stand_still_are_found_by_state_and_clock():
    carrier = make_carrier()
    fast = make_carrier("fast", time_scale=1440)
    fresh = make_shipment(carrier, make_fulfilment())
    still = make_shipment(carrier, make_fulfilment())
    out = make_shipment(carrier, make_fulfilment(), status=S.OUT_FOR_DELIVERY)
    arrived = make_shipment(carrier, make_fulfilment(), status=S.DELIVERED, tracking_number="D1")
    sped_up = make_shipment(fast, make_fulfilment())
    quiet(fresh, days=2)
    quiet(still, days=4)
    quiet(out, days=2, hours=1)
    quiet(arrived, days=30)
    quiet(sped_up, minutes=5)
    detector = case_type(NO_MOVEMENT).detector
    assert detector
    found = {seed.subject_id for seed in detector()}
    assert found == {still.pk, out.pk, sped_up.pk}
    assert case_type(NO_MOVEMENT).still_true([fresh.pk, still.pk]) == {still.pk}


def test_a_parcel_that_stands_still_is_checked_with_one_click_and_the_case_ends(carrier, sandbox, manager):
    number = sandbox.parcel(hours=200, outcome="normal")
    parcel = make_shipment(carrier, make_fulfilment(), tracking_number=number)
    quiet(parcel, days=5)
    case = opened(parcel, NO_MOVEMENT, "still", since="Monday")
    resolve(case_id=case.pk, resolution="poll", actor=manager)
    drain(only=[POLL])
    parcel.refresh_from_db()
    case.refresh_from_db()
    assert parcel.status == S.DELIVERED
    assert case.status in ("resolved", "verified")
    assert case_type(NO_MOVEMENT).still_true([parcel.pk]) == set()


def test_a_carrier_is_chosen_with_one_click(carrier, sandbox, manager):
    parcel = make_shipment(None, make_fulfilment(), status=S.PENDING)
    case = opened(parcel, NO_CARRIER, "none", weight="1", country="CN")
    with pytest.raises(DomainError, match="Known: sf"):
        resolve(case_id=case.pk, resolution="choose", actor=manager, params={"carrier": "nobody"})
    resolve(case_id=case.pk, resolution="choose", actor=manager, params={"carrier": "SF"})
    drain(only=[LABEL])
    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.status) == (carrier, S.LABEL_CREATED)
    assert case_type(NO_CARRIER).still_true([parcel.pk]) == set()


def test_a_problem_stays_true_until_somebody_settles_it(manager):
    parcel = make_shipment(make_carrier(), make_fulfilment(), status=S.RETURNED, tracking_number="R1")
    case = opened(parcel, PARCEL_EXCEPTION, str(S.RETURNED))
    assert case_type(PARCEL_EXCEPTION).still_true([parcel.pk]) == {parcel.pk}
    resolve(case_id=case.pk, resolution="settle", actor=manager, params={"reason": "refunded"})
    assert case_type(PARCEL_EXCEPTION).still_true([parcel.pk]) == set()


def test_a_returned_parcel_is_sent_again_with_one_click(carrier, sandbox, manager):
    part = make_fulfilment()
    parcel = make_shipment(carrier, part, status=S.RETURNED, tracking_number="R1")
    case = opened(parcel, PARCEL_EXCEPTION, str(S.RETURNED))
    resolve(case_id=case.pk, resolution="ship_again", actor=manager)
    drain(only=[LABEL])
    assert part.shipments.get(status=S.LABEL_CREATED).tracking_number != "R1"
    assert case_type(PARCEL_EXCEPTION).still_true([parcel.pk]) == set()


OFFERED = {
    S.EXCEPTION: ["settle", "replace", "write_off", "poll"],
    S.RETURNING: ["settle", "poll"],
    S.RETURNED: ["ship_again", "settle", "write_off"],
    S.LOST: ["replace", "settle", "write_off", "poll"],
    S.EXPIRED: ["replace", "settle", "write_off", "poll"],
}


@pytest.mark.parametrize("state", OFFERED)
def test_only_what_can_work_is_offered_the_likely_right_first(state, carrier, sandbox, manager):
    """Every button that a problem parcel's case shows does its work."""
    assert set(case_type(PARCEL_EXCEPTION).summaries) == {str(known) for known in OFFERED}
    for code in OFFERED[state]:
        part = make_fulfilment()
        pack(part)
        record_shipped(fulfilment_ids=[part.pk])
        parcel = make_shipment(carrier, part, status=state, tracking_number=sandbox.parcel())
        case = opened(parcel, PARCEL_EXCEPTION, str(state))
        buttons = resolution_actions(case, User.objects.get(pk=manager.user_id))
        assert [button.url.strip("/").split("/")[-1] for button in buttons] == OFFERED[state]
        assert [button.style for button in buttons].index("primary") == 0
        assert sum(button.style == "primary" for button in buttons) == 1
        resolve(case_id=case.pk, resolution=code, actor=manager, params={"reason": "agreed"})


def test_a_case_says_what_the_parcel_has_come_to(manager):
    part = make_fulfilment()
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    parcel = make_shipment(make_carrier(), part)
    for hours, status in ((3, S.EXCEPTION), (2, S.RETURNING), (1, S.RETURNED)):
        event = TrackEvent(timezone.now() - timedelta(hours=hours), str(status), status)
        result = TrackResult(parcel.tracking_number, events=(event,))
        ingest([Arrival(parcel.pk, result, EventSource.POLL)], at=timezone.now())
        assert Case.objects.get(type=PARCEL_EXCEPTION).summary_code == str(status)


def test_a_label_is_retried_with_one_click(carrier, sandbox, manager):
    parcel = make_shipment(carrier, make_fulfilment(), status=S.PENDING, label_error="no")
    case = opened(parcel, LABEL_FAILED, "failed", carrier="SF", reason="no")
    assert case_type(LABEL_FAILED).still_true([parcel.pk]) == {parcel.pk}
    resolve(case_id=case.pk, resolution="retry", actor=manager)
    drain(only=[LABEL])
    parcel.refresh_from_db()
    assert parcel.status == S.LABEL_CREATED
    assert case_type(LABEL_FAILED).still_true([parcel.pk]) == set()


def test_a_new_try_ends_the_case_only_once_the_label_is_there(carrier, sandbox, manager):
    parcel = make_shipment(carrier, make_fulfilment(), status=S.PENDING, label_error="no")
    case = opened(parcel, LABEL_FAILED, "failed", carrier="SF", reason="no")
    resolve(case_id=case.pk, resolution="retry", actor=manager)
    assert case_type(LABEL_FAILED).still_true([parcel.pk]) == {parcel.pk}
    case.refresh_from_db()
    assert (case.is_open, case.resolved_at) == (True, None)
    drain(only=[LABEL])
    case.refresh_from_db()
    assert (case.status, case.reopened_count) == ("verified", 0)


def test_a_failed_attempt_that_was_agreed_upon_is_no_longer_a_cause(manager):
    parcel = make_shipment(make_carrier(), make_fulfilment(), status=S.ATTEMPT_FAILED)
    case = opened(parcel, ATTEMPT_FAILED, str(S.ATTEMPT_FAILED))
    assert case_type(ATTEMPT_FAILED).still_true([parcel.pk]) == {parcel.pk}
    resolve(case_id=case.pk, resolution="settle", actor=manager, params={"reason": "tomorrow at six"})
    assert case_type(ATTEMPT_FAILED).still_true([parcel.pk]) == set()


def test_what_is_wrong_is_told_in_the_reader_s_language_and_zone():
    parcel = make_shipment(None, make_fulfilment(), status=S.PENDING)
    assert summary_of(opened(parcel, NO_CARRIER, "none", weight="94.38", country="US")).endswith("to United States")
    moving = make_shipment(make_carrier(), make_fulfilment())
    heard_at = datetime(2026, 3, 1, 17, 43, tzinfo=UTC)
    Shipment.objects.filter(pk=moving.pk).update(last_event_at=heard_at)
    [found] = case_type(NO_MOVEMENT).detector()
    open_cases([found])
    with timezone.override("Asia/Shanghai"):
        assert summary_of(Case.objects.get(type=NO_MOVEMENT)) == f"No news since {absolute_text(heard_at)}"
        assert "2 Mar 2026" in absolute_text(heard_at)
    Case.objects.update(summary_params={"since": "2026-03-01 17:43 UTC"})
    assert summary_of(Case.objects.get(type=NO_MOVEMENT)) == "No news since 2026-03-01 17:43 UTC"


def test_carriers_that_are_switched_off_are_named_and_linked_for_those_who_may_switch(client, sandbox):
    light, other = make_carrier("sf", name="SF", name_zh="顺丰"), make_carrier("yto", name="YTO")
    make_rule(light)
    make_rule(light)  # named once
    make_rule(other, countries=["US"])
    parcel = make_shipment(None, make_fulfilment(), status=S.PENDING)

    def report():
        Shipment.objects.filter(pk=parcel.pk).update(label_due_at=timezone.now())
        drain(only=[LABEL])
        return Case.objects.get(type=NO_CARRIER)

    Carrier.objects.update(is_active=False)
    case = report()
    assert summary_of(case).endswith("is switched off: SF")
    with translation.override("zh-hans"):
        assert "顺丰" in summary_of(case)
    switched = reverse("admin:logistics_carrier_change", args=[light.pk])
    told = {fact.text: fact.url for fact in facts_of_parcel_case(case, make_user(is_superuser=True))}
    assert told["SF"] == switched
    assert "YTO" not in told
    clerk = make_user(Role.CUSTOMER_SERVICE)
    assert {fact.text: fact.url for fact in facts_of_parcel_case(case, clerk)}["SF"] == ""
    CarrierRule.objects.all().delete()
    assert summary_of(report()).startswith("No rule takes")


def test_the_carriers_are_offered_by_name_and_no_other_is_taken(client, carrier):
    make_carrier("old", name="Old", is_active=False)
    case = opened(
        make_shipment(None, make_fulfilment(), status=S.PENDING), NO_CARRIER, "none", weight="1", country="CN"
    )
    client.force_login(make_user(is_superuser=True))
    url = reverse("cases:case_resolve", args=[case.pk, "choose"])
    page = client.get(url).content.decode()
    assert f'<option value="{carrier.code}">{carrier.name}</option>' in page
    assert 'value="old"' not in page
    refused = client.post(url, {"carrier": "old"})
    assert refused.status_code == 422
    assert "old is not one of the available choices" in refused.content.decode()
