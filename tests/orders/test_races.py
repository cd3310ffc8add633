"""Several at once on the real database: one order of events wins, and what is left agrees with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.cases.models import Case
from core.cases.services import resolve
from core.exceptions import Conflict, DomainError
from core.stages import drain
from inventory.locks import lock_levels
from inventory.models import StockLevel
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.importing.mapping import FileMapping
from orders.models import FulfilmentLine, Hold, ImportMapping, Order
from orders.services.allocate import allocate_batch
from orders.services.cancel import cancel_order, request_cancellation
from orders.services.channels import save_mapping, update_channel
from orders.services.edit import edit_order
from orders.services.fulfilment import start_picking
from orders.services.holds import hold_order, release_hold
from orders.services.release import release_batch
from tests.core.threads import lock_around, raise_errors, run_together
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, stock
from tests.factories.orders import AT, make_order, payload, send

pytestmark = pytest.mark.django_db(transaction=True)

TO_RELEASE = ["orders.validate", "orders.allocate"]
ROUNDS = 4
NINGBO = {"ship_city": "宁波市", "ship_district": "海曙区"}  # as right as where the order went first


def person() -> Actor:
    return Actor.for_user(make_user(Role.OPERATIONS_MANAGER))


def refused(results: list[Any], kind: type[Exception] = DomainError) -> int:
    """How many were refused in this way; any other exception fails the test."""
    raise_errors([result for result in results if not isinstance(result, kind)])
    return sum(isinstance(result, kind) for result in results)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_hold_placed_while_the_release_runs_stops_it_or_comes_too_late(channel, sku, round_):
    order, clerk = make_order(channel, ("MUG", 1)), person()
    drain(only=TO_RELEASE)
    results = run_together(
        lambda: hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=clerk), lambda: release_batch(10)
    )
    too_late = refused(results)
    release_batch(10)
    order.refresh_from_db()
    status = order.fulfilments.get().status
    assert status == (FulfilmentStatus.RELEASED if too_late else FulfilmentStatus.ALLOCATED)
    assert (order.released_at is not None, order.open_hold_count) == (bool(too_late), 1 - too_late)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_cancelled_order_is_not_in_the_warehouse(channel, sku, round_):
    order, clerk = make_order(channel, ("MUG", 3)), person()
    drain(only=TO_RELEASE)
    raise_errors(
        run_together(
            lambda: cancel_order(order_id=order.pk, actor=clerk, reason="changed their mind"), lambda: release_batch(10)
        )
    )
    assert release_batch(10) == 0
    order.refresh_from_db()
    assert (order.status, order.fulfilments.get().status) == (OrderStatus.CANCELLED, FulfilmentStatus.CANCELLED)
    assert StockLevel.objects.get(sku=sku).reserved == 0
    call_command("reconcile_stock")


def test_two_holds_released_at_once_let_the_order_go_on_once(channel, sku):
    order = make_order(channel, ("MUG", 1))
    for reason in (HoldReason.MANUAL, HoldReason.FRAUD_RISK):
        hold_order(order_id=order.pk, reason=reason, actor=person())
    drain(only=["orders.validate"])
    holds, clerks = Hold.objects.values_list("pk", flat=True), (person(), person())
    releases = [
        lambda pk=pk, clerk=clerk: release_hold(hold_id=pk, actor=clerk)
        for pk, clerk in zip(holds, clerks, strict=True)
    ]
    raise_errors(run_together(*releases))
    order.refresh_from_db()
    assert (order.open_hold_count, order.status) == (0, OrderStatus.APPROVED)
    assert order.history.filter(to_status=OrderStatus.APPROVED).count() == 1


def allocate_all() -> None:
    while Order.objects.filter(allocate_due_at__isnull=False).exists():
        allocate_batch(3)


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_on_a_hot_sku_allocate_what_there_is(channel, warehouse, workers):
    units, buyers = 25, 40
    sku = make_sku("HOT", unit_price="10.00", currency="CNY")
    stock(warehouse, sku, units)
    send(channel, *[payload(("HOT", 1)) for _ in range(buyers)])
    drain(only=["orders.validate"])
    raise_errors(run_together(*[allocate_all] * workers))
    lines = FulfilmentLine.objects.values_list("fulfilment__status", flat=True)
    assert sorted(lines) == ["allocated"] * units + ["backordered"] * (buyers - units)
    level = StockLevel.objects.get(sku=sku)
    assert (level.on_hand, level.reserved, level.available) == (units, units, 0)
    call_command("reconcile_stock")


def test_of_two_edits_of_the_same_version_one_is_refused(channel, sku):
    order = make_order(channel, ("MUG", 1))

    def edit(name: str, actor: Actor) -> Callable[[], Order]:
        return lambda: edit_order(order_id=order.pk, changes={"ship_name": name}, actor=actor, version=order.version)

    results = run_together(edit("李雷", person()), edit("韩梅梅", person()))
    assert refused(results, Conflict) == 1
    winner = next(result for result in results if isinstance(result, Order))
    order.refresh_from_db()
    assert (order.ship_name, order.version) == (winner.ship_name, winner.version)


def test_of_two_pickers_one_gets_the_order(channel, sku):
    order, pickers = make_order(channel, ("MUG", 1)), [person(), person()]
    drain(only=[*TO_RELEASE, "orders.release"])
    part = order.fulfilments.get()
    results = run_together(*[lambda a=a: start_picking(fulfilment_id=part.pk, actor=a) for a in pickers])
    assert refused(results) == 1
    part.refresh_from_db()
    winner = next(actor for actor, result in zip(pickers, results, strict=True) if not isinstance(result, Exception))
    assert part.picker_id == winner.user_id
    assert order.history.filter(to_status=FulfilmentStatus.PICKING).count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_another_place_while_the_picker_comes_is_picked_or_allocated_anew(channel, warehouse, sku, round_):
    order, picker, clerk = make_order(channel, ("MUG", 1)), person(), person()
    drain(only=[*TO_RELEASE, "orders.release"])
    part = order.fulfilments.get()
    edit, picked = run_together(
        lambda: edit_order(order_id=order.pk, changes=NINGBO, actor=clerk),
        lambda: start_picking(fulfilment_id=part.pk, actor=picker),
    )
    raise_errors([edit])
    came_too_late = refused([picked])
    part.refresh_from_db()
    assert part.status == (FulfilmentStatus.CANCELLED if came_too_late else FulfilmentStatus.PICKING)
    drain(only=[*TO_RELEASE, "orders.release"])
    assert order.fulfilments.exclude(status=FulfilmentStatus.CANCELLED).count() == 1
    assert list(StockLevel.objects.values_list("on_hand", "reserved")) == [(10, 1)]
    call_command("reconcile_stock", verbosity=0)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_deciding_a_case_while_its_cause_goes_away_is_no_deadlock(channel, warehouse, sku, round_):
    """A decision locks the order before the case, as everything does that clears cases."""
    order = make_order(channel, ("MUG", 12))
    drain(only=[*TO_RELEASE])
    case = Case.objects.get(subject_id=order.pk)
    stock(warehouse, sku, 5)
    clerk = person()
    Order.objects.filter(pk=order.pk).update(allocate_due_at=order.received_at)
    results = run_together(
        lambda: resolve(case_id=case.pk, resolution="cancel", actor=SYSTEM, params={"reason": "sold out"}),
        lambda: allocate_batch(10),
        lambda: request_cancellation(order_id=order.pk, at=order.received_at, actor=clerk, reason="too slow"),
    )
    refused(results)
    order.refresh_from_db()
    case.refresh_from_db()
    assert (order.status, case.is_open) == (OrderStatus.CANCELLED, False)
    assert StockLevel.objects.get(sku=sku).reserved == 0


def test_a_channel_that_cancels_several_orders_gives_stock_back_without_a_deadlock(channel, warehouse):
    """Whoever allocates has the first level and wants the second; the cancellations begin with the second."""
    skus = [make_sku(code, unit_price="10.00", currency="CNY") for code in ("FIRST", "SECOND")]
    for sku in skus:
        stock(warehouse, sku, 1)
    bodies = [payload(("SECOND", 1)), payload(("FIRST", 1))]
    send(channel, *bodies)
    drain(only=TO_RELEASE)
    off = [body | {"cancelled_at": AT.isoformat()} for body in bodies]
    pairs = [(warehouse.pk, sku.pk) for sku in skus]
    raise_errors(lock_around(lambda pair: lock_levels([pair]), pairs, lambda: send(channel, *off)))
    assert set(Order.objects.values_list("status", flat=True)) == {OrderStatus.CANCELLED}
    assert set(StockLevel.objects.values_list("reserved", flat=True)) == {0}


def test_two_who_hold_for_the_same_reason_hold_once(channel, sku):
    order, clerks = make_order(channel, ("MUG", 1)), [person(), person(), person()]
    drain(only=["orders.validate"])
    holds = [lambda a=a: hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=a) for a in clerks]
    assert refused(run_together(*holds)) == 2
    order.refresh_from_db()
    assert (Hold.objects.filter(order=order, released_at=None).count(), order.open_hold_count) == (1, 1)


def test_changes_of_a_channel_follow_each_other(channel):
    """The trail says of each what it replaced."""
    calls = [
        lambda name=name, actor=actor: update_channel(channel_id=channel.pk, values={"name": name}, actor=actor)
        for name, actor in [("one", person()), ("two", person()), ("three", person())]
    ]
    raise_errors(run_together(*calls))
    entries = AuditEntry.objects.filter(action="orders.channel_changed").order_by("pk")
    steps = [entry.changes["name"] for entry in entries]
    assert [old for old, _new in steps] == [channel.name, *(new for _old, new in steps[:-1])]
    channel.refresh_from_db()
    assert channel.name == steps[-1][1]


@pytest.mark.parametrize("round_", range(3))
def test_of_mappings_saved_at_once_one_is_the_default(channel, round_):
    clerk, mapping = person(), FileMapping({"external_id": "order"})
    names = [f"file {number}" for number in range(4)]
    raise_errors(
        run_together(*[lambda n=n: save_mapping(channel=channel, name=n, mapping=mapping, actor=clerk) for n in names])
    )
    saved = ImportMapping.objects.filter(channel=channel)
    assert (saved.count(), saved.filter(is_default=True).count()) == (4, 1)
