from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.cases.models import Case
from core.exceptions import DomainError
from core.outbox.models import OutboxEvent
from crm.models import Customer, CustomerIdentity
from inventory.rules.catalogue import SkuDraft
from inventory.services import upsert_skus
from orders.codes import CHANNEL_CHANGE, CUSTOMER_CANCELLATION
from orders.enums import IntakeOutcome, IntakeSource
from orders.models import Channel, IntakeMessage, Order, OrderHistory, OrderLine
from orders.services import intake_write
from orders.services.intake import IntakeResult, receive, receive_prepared, replay_message
from orders.services.intake_entries import defaults_of, prepare
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def channel() -> Channel:
    return make_channel()


def send(channel: Channel, *payloads: Any, **options: Any) -> list[IntakeResult]:
    return receive(channel, payloads, **{"source": IntakeSource.API, "actor": SYSTEM, "received_at": AT, **options})


def outcomes(results: list[IntakeResult]) -> list[str]:
    return [result.outcome.value for result in results]


def test_everything_of_an_order_is_written(channel: Channel) -> None:
    upsert_skus([SkuDraft("SKU-1", name="Mug")])
    (result,) = send(channel, order_payload("A", shipping_fee="10.00", buyer_note="Hi", tags=["vip"]))
    order = Order.objects.get()
    assert result == IntakeResult(0, "A", IntakeOutcome.ACCEPTED, order.number, [], order.pk)
    assert order.number == f"SO{order.pk:08d}"
    assert (order.status, order.payment_status) == ("pending_review", "paid")
    assert (order.items_total, order.shipping_fee, order.total) == (Decimal("37.50"), Decimal(10), Decimal("47.50"))
    assert (order.line_count, order.unit_count, order.tags) == (2, 3, ["vip"])
    assert (order.ship_phone_e164, order.ship_city) == ("+8613800138000", "深圳市")
    assert order.validate_due_at == order.received_at == AT
    assert [(line.position, line.external_sku, line.sku and line.sku.code) for line in order.lines.all()] == [
        (1, "SKU-1", "SKU-1"),
        (2, "SKU-2", None),
    ]
    assert list(OrderHistory.objects.values_list("from_status", "to_status")) == [("", "pending_review")]
    assert AuditEntry.objects.get(action="orders.received").subject_id == order.pk
    assert OutboxEvent.objects.get(name="orders.received").payload == {"order_ids": [order.pk]}
    message = IntakeMessage.objects.get()
    assert (message.order_id, message.outcome, message.raw["external_id"]) == (order.pk, "accepted", "A")


def test_the_same_content_again_is_counted_and_adds_nothing(channel: Channel) -> None:
    payload = order_payload("A")
    send(channel, payload)
    assert outcomes(send(channel, payload)) == ["duplicate"]
    assert (Order.objects.count(), OrderLine.objects.count(), Customer.objects.count()) == (1, 2, 1)
    assert IntakeMessage.objects.get().seen_count == 2
    assert IntakeMessage.objects.get().outcome == "accepted"


def test_one_batch_with_the_same_order_several_times(channel: Channel) -> None:
    first = order_payload("A")
    changed = {**first, "buyer_note": "second"}
    results = send(channel, first, first, changed, changed, first)
    assert outcomes(results) == ["accepted", "duplicate", "updated", "duplicate", "duplicate"]
    assert {result.order_number for result in results} == {Order.objects.get().number}
    assert Order.objects.get().buyer_note == ""  # the last one in the batch counts


def test_the_newest_by_the_channels_clock_counts(channel: Channel) -> None:
    first = order_payload("A", updated_at="2025-03-01T10:00:00Z", buyer_note="old")
    newer = {**first, "updated_at": "2025-03-01T11:00:00Z", "buyer_note": "new"}
    send(channel, newer, first)
    assert Order.objects.get().buyer_note == "new"
    (result,) = send(channel, first)
    assert (result.outcome, result.errors[0]["code"]) == ("duplicate", "outdated")
    assert Order.objects.get().buyer_note == "new"


def test_two_channels_may_use_one_number(channel: Channel) -> None:
    send(channel, order_payload("A"))
    assert outcomes(send(make_channel("other"), order_payload("A"))) == ["accepted"]
    assert Order.objects.count() == 2


def test_a_rejected_order_is_kept_with_its_reasons(channel: Channel) -> None:
    (result,) = send(channel, order_payload("A") | {"lines": []})
    message = IntakeMessage.objects.get()
    assert (message.external_id, message.outcome, message.order_id) == ("A", "rejected", None)
    assert message.errors == result.errors
    assert message.errors[0]["field"] == "lines"


def test_replay_after_the_cause_is_gone(channel: Channel) -> None:
    payload = order_payload("A")
    payload["shipping_address"] = {"city": "Nowhere", "country": "Atlantis"}
    send(channel, payload)
    message = IntakeMessage.objects.get()
    assert message.outcome == "rejected"
    assert replay_message(message_id=message.pk, actor=SYSTEM).outcome == "rejected"
    message.refresh_from_db()
    assert message.seen_count == 2
    message.raw["shipping_address"]["country"] = "CN"
    message.save()
    result = replay_message(message_id=message.pk, actor=SYSTEM)
    assert (result.outcome, result.order_number) == ("accepted", Order.objects.get().number)


def test_garbage_stops_nobody_else(channel: Channel) -> None:
    results = send(channel, None, order_payload("A"), "x\x00", [1], {"external_id": "bad\x00"}, order_payload("B"))
    assert outcomes(results) == ["rejected", "accepted", "rejected", "rejected", "rejected", "accepted"]
    assert IntakeMessage.objects.count() == 6


def test_an_inactive_channel_takes_nothing(channel: Channel) -> None:
    channel.is_active = False
    with pytest.raises(DomainError, match="switched off"):
        send(channel, order_payload())


def test_an_order_that_comes_cancelled_is_never_worked_on(channel: Channel) -> None:
    send(channel, order_payload("A", cancelled_at="2025-03-01T10:00:00Z"))
    send(channel, order_payload("B", payment={"status": "voided"}))
    for order in Order.objects.all():
        assert (order.status, order.validate_due_at) == ("cancelled", None)
        assert order.cancelled_at is not None


def test_unpaid_by_default_only_where_payment_is_required(channel: Channel) -> None:
    send(channel, order_payload("A", payment=None))
    send(make_channel("b2b", requires_payment=False), order_payload("B", payment=None))
    assert dict(Order.objects.values_list("external_id", "payment_status")) == {"A": "unpaid", "B": "invoiced"}


def test_one_customer_by_channel_identity(channel: Channel) -> None:
    customer = {"external_id": "u-1", "name": "Li"}
    send(channel, order_payload("A", customer=customer), order_payload("B", customer=customer))
    assert CustomerIdentity.objects.count() == 1
    assert Order.objects.values("customer").distinct().count() == 1


def test_raw_can_be_left_out(channel: Channel) -> None:
    payload = order_payload("A")
    send(channel, payload, keep_raw=False)
    assert IntakeMessage.objects.get().raw == {}
    send(channel, payload)
    assert IntakeMessage.objects.get().raw["external_id"] == "A"


# What a channel changes


def test_an_update_replaces_lines_and_totals(channel: Channel) -> None:
    payload = order_payload("A")
    send(channel, payload)
    order = Order.objects.get()
    Order.objects.update(validate_due_at=None, status="approved", validated_at=AT)
    changed = {**payload, "lines": [{"sku": "NEW", "quantity": 5, "unit_price": "2"}]}
    assert outcomes(send(channel, changed)) == ["updated"]
    order.refresh_from_db()
    assert (order.items_total, order.total, order.unit_count, order.line_count) == (Decimal(10), Decimal(10), 5, 1)
    assert [line.external_sku for line in order.lines.all()] == ["NEW"]
    assert (order.status, order.validate_due_at, order.version) == ("pending_review", AT, 2)
    entry = AuditEntry.objects.get(action="orders.changed_by_channel")
    assert entry.changes["lines"][1] == "5 × NEW @ 2"


def test_a_correction_made_here_survives_an_update_of_something_else(channel: Channel) -> None:
    payload = order_payload("A", payment={"status": "unpaid"})
    send(channel, payload)
    Order.objects.update(ship_street="Corrected 7")
    send(channel, {**payload, "payment": {"status": "paid"}})
    order = Order.objects.get()
    assert (order.ship_street, order.payment_status) == ("Corrected 7", "paid")


def test_back_to_the_first_content_is_an_update_again(channel: Channel) -> None:
    first = order_payload("A", buyer_note="one")
    for payload in (first, {**first, "buyer_note": "two"}, first):
        send(channel, payload)
    assert Order.objects.get().buyer_note == "one"
    assert IntakeMessage.objects.count() == 2


def test_a_change_after_release_opens_one_case_and_leaves_the_order(channel: Channel) -> None:
    payload = order_payload("A")
    send(channel, payload)
    Order.objects.update(status="approved", released_at=AT)
    changed = {**payload, "shipping_address": {**payload["shipping_address"], "street": "Elsewhere 1"}}
    (result,) = send(channel, changed)
    assert (result.outcome, result.errors[0]["code"]) == ("updated", "after_release")
    assert outcomes(send(channel, changed)) == ["duplicate"]
    order = Order.objects.get()
    assert order.ship_street == payload["shipping_address"]["street"]
    case = Case.objects.get(type=CHANNEL_CHANGE)
    assert (case.subject_id, list(case.data["changes"])) == (order.pk, ["shipping_address.street"])


def test_payment_after_release_is_taken_over_without_a_case(channel: Channel) -> None:
    payload = order_payload("A", payment={"status": "cod"})
    send(channel, payload)
    Order.objects.update(status="shipped", released_at=AT)
    (result,) = send(channel, {**payload, "payment": {"status": "paid"}})
    assert (result.outcome, result.errors) == ("updated", [])
    assert Order.objects.get().payment_status == "paid"
    assert not Case.objects.exists()


def test_a_cancellation_cancels_before_release_and_asks_after_it(channel: Channel) -> None:
    early, late = order_payload("A"), order_payload("B")
    send(channel, early, late)
    Order.objects.filter(external_id="B").update(status="approved", released_at=AT)
    off = "2025-03-01T13:00:00Z"
    results = send(channel, {**early, "cancelled_at": off}, {**late, "cancelled_at": off})
    assert outcomes(results) == ["updated", "updated"]
    assert results[1].errors[0]["code"] == "cancellation_requested"
    assert dict(Order.objects.values_list("external_id", "status")) == {"A": "cancelled", "B": "approved"}
    assert Case.objects.get().type == CUSTOMER_CANCELLATION


NEWS = order_payload("A", buyer_note="news")


@pytest.mark.parametrize(
    "payloads", [[NEWS, order_payload("B")], [NEWS], [order_payload("C", lines=[])]], ids=["new", "known", "refused"]
)
def test_nothing_that_others_may_wait_for_is_written_before_it_caught_up(channel: Channel, payloads: list[Any]) -> None:
    send(channel, order_payload("A"))

    def written() -> tuple[list[Any], ...]:
        kinds = (Customer, Order, IntakeMessage, OutboxEvent)
        return tuple(list(kind.objects.order_by("pk").values()) for kind in kinds)

    before, found = written(), []

    def catch_up() -> bool:
        found.append(written())
        return True

    entries = prepare(payloads, None, defaults=defaults_of(channel), keep_raw=True)
    receive_prepared(channel, entries, source=IntakeSource.FILE, actor=SYSTEM, received_at=AT, catch_up=catch_up)
    assert found[0] == before != written()


# Cost


def statements(channel: Channel, *payloads: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert "rejected" not in outcomes(send(channel, *payloads, received_at=timezone.now()))
    return len(captured)


def test_statements_for_one_order_and_for_fifty(channel: Channel) -> None:
    one = statements(channel, order_payload())
    assert one == statements(channel, *(order_payload() for _ in range(50)))
    assert one <= 15


def test_statements_for_duplicates_and_updates_dont_grow(channel: Channel) -> None:
    payloads = [order_payload() for _ in range(20)]
    send(channel, *payloads)
    assert statements(channel, payloads[0]) == statements(channel, *payloads) <= 8
    changed = [{**payload, "lines": [{"sku": "N", "quantity": 1, "unit_price": "1"}]} for payload in payloads]
    assert statements(channel, changed[0]) == statements(channel, *changed[1:])


def test_many_lines_are_copied_as_they_would_be_inserted(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    upsert_skus([SkuDraft("SKU-1", name="Mug")])
    names = ["\\N", "C:\\new\\table", 'a "quoted", {braced} name', "", "茶杯 😀", "N\u2028B", "'"]
    lines = [
        {"external_id": f"L{n}", "sku": f"SKU-{n}", "name": name, "quantity": n, "unit_price": "12.5", "tax": "1.2"}
        for n, name in enumerate(names, start=1)
    ]
    fields = [field.attname for field in OrderLine._meta.fields if field.attname not in {"id", "order_id"}]
    written = []
    for external_id, copied_from in (("inserted", 1000), ("copied", 1)):
        monkeypatch.setattr(intake_write, "COPY_FROM_LINES", copied_from)
        send(channel, order_payload(external_id, lines=lines), order_payload(f"{external_id}-2", lines=lines[:1]))
        found = OrderLine.objects.filter(order__external_id=external_id).order_by("position")
        written.append(list(found.values_list(*fields)))
        assert OrderLine.objects.filter(order__external_id=f"{external_id}-2").count() == 1
    assert written[0] == written[1]
    assert [row[fields.index("name")] for row in written[1]] == names
