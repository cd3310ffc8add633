"""A correction while the box is closed, or gone: nobody hands over a label that names somebody else, and somebody is
told of a box that has one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.cases.services import resolve
from core.exceptions import Conflict, DomainError
from core.outbox.models import OutboxEvent
from core.stages import drain
from logistics.carriers.base import CarrierUnavailable, TrackEvent, TrackResult
from logistics.carriers.kuaidi100.adapter import Kuaidi100Adapter
from logistics.codes import LABEL_REPLACED, LEFT_WITH_OLD_LABEL
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import Shipment, ShipmentLabel
from logistics.services.ingest import Arrival, ingest
from logistics.services.labels import label_batch
from logistics.services.problems import confirm_relabelled
from logistics.services.shipments import change_carrier, create_shipments, renew_shipments
from logistics.services.void_labels import report_left
from logistics.services.warehouse import hand_over_parcel
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder, Order
from orders.services.edit import edit_order
from orders.services.fulfilment import start_picking
from tests.core.threads import raise_errors, run_together
from tests.factories.accounts import make_superuser, make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_rule, pack

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus
STREET = {"ship_street": "科技路 99 号"}


def labelled(*, packed: bool = True) -> Shipment:
    """A parcel whose label is there to be printed, by a carrier that sells another one at once."""
    part = make_fulfilment()
    drain(only=["outbox.relay"])
    carrier = make_carrier(f"sf-{part.pk}")
    make_rule(carrier)
    parcel = Shipment.objects.get(fulfilment=part)
    put_label(parcel, carrier=carrier)
    if packed:
        pack(part)
    else:
        start_picking(fulfilment_id=part.pk, actor=SYSTEM)
    return parcel


def put_label(parcel: Shipment, **fields: Any) -> None:
    ShipmentLabel.objects.create(shipment=parcel, pdf=b"%PDF")
    known = FulfilmentOrder.objects.get(pk=parcel.fulfilment_id).readdressed_at
    values = {"status": S.LABEL_CREATED, "tracking_number": f"SF{parcel.pk}", "label_readdressed_at": known}
    Shipment.objects.filter(pk=parcel.pk).update(**values, label_due_at=None, label_created_at=timezone.now(), **fields)
    parcel.refresh_from_db()


def correct(parcel: Shipment, **more: Any) -> Order:
    return edit_order(order_id=parcel.order_id, changes=STREET, actor=SYSTEM, **more)


def newest(parcel: Shipment) -> Shipment:
    return Shipment.objects.filter(fulfilment=parcel.fulfilment_id).latest("pk")


def cases(code: str) -> list[tuple[int, bool]]:
    """(parcel, whether the case is open), oldest first."""
    return [(case.subject_id, case.is_open) for case in Case.objects.filter(type=code).order_by("pk")]


def scan(parcel: Shipment, status: ShipmentStatus = S.PICKED_UP) -> None:
    event = TrackEvent(timezone.now(), str(status), status, "深圳")
    ingest(
        [Arrival(parcel.pk, TrackResult(parcel.tracking_number, events=(event,)), EventSource.PUSH)], at=timezone.now()
    )


@pytest.mark.parametrize("replace", ["correction", "carrier"])
def test_a_closed_box_whose_label_was_replaced_is_a_case_until_it_is_handed_over(replace: str) -> None:
    parcel = labelled()
    if replace == "correction":
        correct(parcel)
        drain(only=["outbox.relay"])
    else:
        change_carrier(shipment_id=parcel.pk, carrier_id=make_carrier("other").pk, actor=SYSTEM)
    new = newest(parcel)
    assert cases(LABEL_REPLACED) == [(new.pk, True)]
    case = Case.objects.get()
    assert (case.role, case.summary_params) == (Role.WAREHOUSE_OPERATOR, {"number": parcel.fulfilment.number})
    put_label(new)
    hand_over_parcel(fulfilment_id=new.fulfilment_id, actor=SYSTEM)
    drain(only=["outbox.relay"])
    assert cases(LABEL_REPLACED) == [(new.pk, False)]
    assert not cases(LEFT_WITH_OLD_LABEL)


def test_a_carriers_scan_of_the_new_label_ends_the_case() -> None:
    parcel = labelled()
    correct(parcel)
    drain(only=["outbox.relay"])
    put_label(newest(parcel))
    scan(newest(parcel))
    assert cases(LABEL_REPLACED) == [(newest(parcel).pk, False)]


def test_a_box_that_is_open_or_never_had_a_label_is_no_case() -> None:
    being_picked, never = labelled(packed=False), labelled()
    ShipmentLabel.objects.filter(shipment=never).delete()
    for parcel in (being_picked, never):
        correct(parcel)
    drain(only=["outbox.relay"])
    assert newest(never).pk > never.pk
    assert newest(being_picked).pk > being_picked.pk
    assert not Case.objects.exists()


def test_a_label_replaced_twice_is_one_open_case() -> None:
    parcel = labelled()
    correct(parcel)
    drain(only=["outbox.relay"])
    second = newest(parcel)
    edit_order(order_id=parcel.order_id, changes={"ship_name": "王大明"}, actor=SYSTEM)
    drain(only=["outbox.relay"])
    assert cases(LABEL_REPLACED) == [(second.pk, False), (newest(parcel).pk, True)]


def test_who_stuck_the_new_label_on_says_so_once_there_is_one() -> None:
    parcel, person = labelled(), Actor.for_user(make_user(is_superuser=True))
    correct(parcel)
    drain(only=["outbox.relay"])
    case, new = Case.objects.get(), newest(parcel)
    with pytest.raises(DomainError, match="It has no label yet"):
        resolve(case_id=case.pk, resolution="relabelled", actor=person)
    put_label(new)
    resolve(case_id=case.pk, resolution="relabelled", actor=person)
    drain(only=["cases.verify"])
    assert Case.objects.get().status == "verified"


def test_nobody_hands_over_a_label_that_names_somebody_else() -> None:
    parcel = labelled()
    correct(parcel)
    with pytest.raises(DomainError, match="a new label is on its way") as refused:
        hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM)
    assert refused.value.code == "label_void"
    drain(only=["outbox.relay"])
    with pytest.raises(DomainError, match="It has no label yet"):
        hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM)
    put_label(newest(parcel))
    assert hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM).status == FulfilmentStatus.SHIPPED


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("corrected_first", [True, False])
def test_a_parcel_that_the_carrier_had_before_its_label_was_replaced_is_a_case(
    packed: bool, corrected_first: bool
) -> None:
    parcel = labelled(packed=packed)
    if corrected_first:
        correct(parcel)
        scan(parcel)
    else:
        scan(parcel)
        correct(parcel)
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    assert (newest(parcel), parcel.status) == (parcel, S.PICKED_UP)
    expected = [] if packed and not corrected_first else [(parcel.pk, True)]  # it had shipped: whoever corrects sees it
    assert cases(LEFT_WITH_OLD_LABEL) == expected
    assert not cases(LABEL_REPLACED)


def test_what_was_agreed_about_a_parcel_with_an_old_label_ends_its_case() -> None:
    parcel, person = labelled(packed=False), Actor.for_user(make_user(is_superuser=True))
    scan(parcel)
    correct(parcel)
    drain(only=["outbox.relay", "cases.recheck", "cases.verify"])
    assert cases(LEFT_WITH_OLD_LABEL) == [(parcel.pk, True)]
    params = {"reason": "the carrier sends it on"}
    resolve(case_id=Case.objects.get().pk, resolution="settle", actor=person, params=params)
    drain(only=["cases.verify"])
    assert Case.objects.get().status == "verified"


def test_a_label_that_was_given_back_and_is_scanned_all_the_same_is_a_case() -> None:
    parcel = labelled()
    correct(parcel)
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    assert parcel.status == S.CANCELLED
    scan(parcel, S.LABEL_CREATED)
    assert not cases(LEFT_WITH_OLD_LABEL)
    scan(parcel)
    assert cases(LEFT_WITH_OLD_LABEL) == [(parcel.pk, True)]
    Case.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    drain(only=["cases.recheck"])
    assert cases(LEFT_WITH_OLD_LABEL) == [(parcel.pk, True)]


@pytest.mark.parametrize("left", [False, True], ids=["here", "gone"])
def test_a_label_bought_after_the_correction_is_valid_however_late_the_release_was_heard_of(
    rule: Any, sandbox: Any, left: bool
) -> None:
    part = make_fulfilment()
    released, since = OutboxEvent.objects.get(name="orders.released"), timezone.now()
    edit_order(order_id=part.order_id, changes=STREET, actor=SYSTEM)
    if not left:  # the correction is heard of first, and finds no parcel
        renew_shipments(fulfilment_ids=[part.pk], choose_carrier=False, at=timezone.now())
    create_shipments(fulfilment_ids=released.payload["fulfilment_ids"], at=released.occurred_at)
    assert Shipment.objects.get().created_at < since
    assert label_batch(10) == 1
    pack(part)
    hand_over_parcel(fulfilment_id=part.pk, actor=SYSTEM)
    drain(only=["outbox.relay"])
    assert (Shipment.objects.count(), cases(LEFT_WITH_OLD_LABEL)) == (1, [])


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_label_for_an_address_read_before_the_correction_is_void_however_late_it_came(
    rule: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch, is_sure: bool
) -> None:
    part = make_fulfilment()
    create_shipments(fulfilment_ids=[part.pk])
    buy = Kuaidi100Adapter.create_label

    def buy_slowly(self: Any, request: Any) -> Any:
        label = buy(self, request)
        if not FulfilmentOrder.objects.get(pk=part.pk).readdressed_at:
            edit_order(order_id=part.order_id, changes=STREET, actor=SYSTEM)
            if not is_sure:
                raise CarrierUnavailable("no answer")
        return label

    monkeypatch.setattr(Kuaidi100Adapter, "create_label", buy_slowly)
    assert label_batch(10) == 1
    if not is_sure:
        Shipment.objects.update(label_due_at=timezone.now())
        assert label_batch(10) == 1
    assert Shipment.objects.get().status == S.LABEL_CREATED
    pack(part)
    with pytest.raises(DomainError) as refused:
        hand_over_parcel(fulfilment_id=part.pk, actor=SYSTEM)
    assert refused.value.code == "label_void"


def test_a_settled_void_label_stays_settled_whatever_is_scanned() -> None:
    parcel, person = labelled(), Actor.for_user(make_user(is_superuser=True))
    correct(parcel)
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    scan(parcel)
    case = Case.objects.get(type=LEFT_WITH_OLD_LABEL)
    resolve(case_id=case.pk, resolution="settle", actor=person, params={"reason": "the carrier sends it on"})
    drain(only=["cases.verify"])
    scan(parcel, S.IN_TRANSIT)
    case.refresh_from_db()
    assert (case.status, case.reopened_count) == ("verified", 0)
    Case.objects.filter(pk=case.pk).update(status="closed")
    scan(parcel, S.OUT_FOR_DELIVERY)
    assert cases(LEFT_WITH_OLD_LABEL) == [(parcel.pk, False)]


@pytest.mark.parametrize("is_void", [True, False])
def test_a_relabelled_box_whose_label_is_void_once_more_is_a_case_of_its_own(is_void: bool) -> None:
    parcel, person = labelled(), Actor.for_user(make_user(is_superuser=True))
    correct(parcel)
    drain(only=["outbox.relay"])
    second = newest(parcel)
    put_label(second)
    confirm_relabelled(shipment_id=second.pk, actor=person)
    if is_void:
        change_carrier(shipment_id=second.pk, carrier_id=make_carrier("other").pk, actor=SYSTEM)
        second.refresh_from_db()
        scan(second)
    else:
        FulfilmentOrder.objects.filter(pk=parcel.fulfilment_id).update(
            status=FulfilmentStatus.SHIPPED, readdressed_at=timezone.now()
        )
        report_left([parcel.fulfilment_id], at=timezone.now())
    Case.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    drain(only=["cases.recheck"])
    assert cases(LEFT_WITH_OLD_LABEL) == [(second.pk, True)]


def test_a_check_is_offered_where_the_carrier_can_be_asked_and_leaves_the_case_open(client: Any) -> None:
    parcel, user = labelled(packed=False), make_superuser()
    scan(parcel)
    correct(parcel)
    drain(only=["outbox.relay"])
    case = Case.objects.get()
    assert [action.label for action in resolution_actions(case, user)] == ["Settled with carrier", "Check now"]
    client.force_login(user)
    client.post(reverse("cases:case_resolve", args=[case.pk, "poll"]))
    assert cases(LEFT_WITH_OLD_LABEL) == [(parcel.pk, True)]
    scan(parcel, S.DELIVERED)
    assert [action.label for action in resolution_actions(case, user)] == ["Settled with carrier"]


def test_no_check_is_offered_of_a_label_that_was_given_back() -> None:
    parcel, user = labelled(), make_superuser()
    correct(parcel)
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    scan(parcel)
    case = Case.objects.get(type=LEFT_WITH_OLD_LABEL)
    assert [action.label for action in resolution_actions(case, user)] == ["Settled with carrier"]


def both(first: Callable[[], Any], second: Callable[[], Any]) -> list[bool]:
    """Run at once; which of them were done. Whatever is no refusal fails the test."""
    results = run_together(first, second)
    raise_errors([result for result in results if not isinstance(result, DomainError)])
    return [not isinstance(result, DomainError) for result in results]


@pytest.mark.parametrize("round_", range(4))
def test_of_a_correction_and_a_hand_over_one_is_refused(round_: int) -> None:
    parcel = labelled()
    corrected, handed_over = both(
        lambda: correct(parcel, left=0),
        lambda: hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM),
    )
    assert corrected != handed_over
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    street = Order.objects.get(pk=parcel.order_id).ship_street
    assert (street == STREET["ship_street"], parcel.status == S.CANCELLED) == (corrected, corrected)
    assert (parcel.handed_over_at is not None) == handed_over
    assert not cases(LEFT_WITH_OLD_LABEL)


@pytest.mark.parametrize("round_", range(4))
def test_of_another_carrier_and_a_hand_over_one_is_refused(round_: int) -> None:
    parcel, other = labelled(), make_carrier("other")
    changed, handed_over = both(
        lambda: change_carrier(shipment_id=parcel.pk, carrier_id=other.pk, actor=SYSTEM),
        lambda: hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM),
    )
    assert changed != handed_over
    part = FulfilmentOrder.objects.get(pk=parcel.fulfilment_id)
    assert (part.status == FulfilmentStatus.SHIPPED, newest(parcel) == parcel) == (handed_over, handed_over)


def test_a_correction_written_before_the_parcel_left_is_told_so_and_may_be_sent_again() -> None:
    parcel = labelled()
    hand_over_parcel(fulfilment_id=parcel.fulfilment_id, actor=SYSTEM)
    with pytest.raises(Conflict, match="A parcel has left in the meantime") as refused:
        correct(parcel, left=0)
    assert refused.value.details == {"left": 1}
    assert correct(parcel, left=1).ship_street == STREET["ship_street"]
    changes = {"buyer_email": "b@example.com"}
    assert edit_order(order_id=parcel.order_id, changes=changes, actor=SYSTEM, left=0).buyer_email == "b@example.com"
