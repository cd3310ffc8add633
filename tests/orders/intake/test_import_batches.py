"""Batches of a file follow each other, each whole or not at all, however an import ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from core.actor import SYSTEM
from core.jobs.models import Job, JobRow
from core.jobs.running import run_job
from orders.importing.mapping import FileMapping
from orders.importing.presets import PRESETS
from orders.models import IntakeMessage, Order, OrderLine
from orders.services import import_orders as import_module
from orders.services import intake_write
from orders.services.import_start import start_import
from tests.factories.orders_intake import make_channel
from tests.orders.intake.files import UCI, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Job:
    """An import in batches of two orders that hasn't begun."""
    monkeypatch.setattr(import_module, "MAX_BATCH_ORDERS", 2)
    return start_import(
        channel=make_channel(requires_payment=False),
        path=write(UCI),
        name="orders.csv",
        mapping=PRESETS["uci"].mapping,
        actor=SYSTEM,
    )


def test_a_job_that_starts_over_keeps_the_first_result_of_its_rows(write: Callable[..., Path]) -> None:
    channel = make_channel(requires_payment=False)
    mapping = PRESETS["uci"].mapping
    first = run(channel, write(UCI), mapping)
    before = list(JobRow.objects.order_by("row_number").values_list("row_number", "outcome"))
    Job.objects.filter(pk=first.pk).update(status="queued")
    again = run_job(first.pk)
    assert again is not None
    assert list(JobRow.objects.order_by("row_number").values_list("row_number", "outcome")) == before
    assert again.message == first.message
    assert (again.succeeded, again.failed, again.skipped) == (first.succeeded, first.failed, first.skipped)
    assert again.processed == again.total == 10
    assert IntakeMessage.objects.filter(seen_count=1).count() == 5


def test_an_import_that_broke_off_goes_on_where_it_was(job: Job) -> None:
    with connection.cursor() as cursor:  # the third batch fails, as if the server had died
        cursor.execute("ALTER TABLE orders_order ADD CONSTRAINT broken CHECK (external_id <> '6')")
    try:
        broken = run_job(job.pk)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT broken")
    assert broken is not None
    assert (broken.status, broken.processed) == ("failed", 6)
    Job.objects.filter(pk=job.pk).update(status="queued")
    whole = run_job(job.pk)
    assert whole is not None
    assert "Lines: 10 read = 5 accepted + 1 duplicate + 4 rejected" in whole.message
    numbers = [number for row in whole.rows.all() for number in row.row_numbers]
    assert sorted(numbers) == list(range(2, 12))
    assert (whole.succeeded, whole.failed, whole.skipped, whole.processed) == (5, 1, 4, 10)


@contextmanager
def at_commit_of(external_id: str, action: str) -> Iterator[None]:
    """Have the database do this when a transaction that wrote this order commits."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION hook() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {action}; RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER hook AFTER INSERT OR UPDATE ON orders_order DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN (NEW.external_id = '{external_id}') EXECUTE FUNCTION hook()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER hook ON orders_order; DROP FUNCTION hook()")


def test_a_batch_that_cant_be_committed_takes_the_next_along(job: Job) -> None:
    with at_commit_of("6", "RAISE 'no'"):  # the third batch of four
        broken = run_job(job.pk)
    assert broken is not None
    broken.refresh_from_db()
    assert (broken.status, broken.processed) == ("failed", 6)
    assert set(Order.objects.values_list("external_id", flat=True)) == {"1", "2"}
    assert not OrderLine.objects.exclude(order__external_id__in=["1", "2"]).exists()
    Job.objects.filter(pk=job.pk).update(status="queued")
    whole = run_job(job.pk)
    assert whole is not None
    assert "Lines: 10 read = 5 accepted + 1 duplicate + 4 rejected" in whole.message
    assert (whole.succeeded, whole.failed, whole.skipped, whole.processed) == (5, 1, 4, 10)


GROUPED = FileMapping(
    {
        "group": "Group", "external_id": "Number", "lines.sku": "SKU", "lines.quantity": "Qty",
        "lines.unit_price": "Price", "placed_at": "At",
    }
)  # fmt: skip


@pytest.fixture
def versions(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A file that brings the order N-1 in these quantities, each in a batch of its own."""
    monkeypatch.setattr(import_module, "MAX_BATCH_ORDERS", 1)
    monkeypatch.setattr(intake_write, "COPY_FROM_LINES", 1)

    def write_versions(*quantities: int) -> Path:
        rows = [f"{group},N-1,A-1,{number},2.00,2026-03-02 08:00" for group, number in enumerate(quantities)]
        return write("\n".join(["Group,Number,SKU,Qty,Price,At", *rows, ""]))

    return write_versions


def test_an_order_in_two_batches_is_one(versions: Callable[..., Path]) -> None:
    with at_commit_of("N-1", "PERFORM pg_sleep(0.3)"):  # so that the second batch looks for it in vain
        job = run(make_channel(requires_payment=False), versions(*range(1, 9)), GROUPED)
    assert job.status == "done"
    order = Order.objects.get()
    assert list(OrderLine.objects.values_list("order_id", "quantity")) == [(order.pk, 8)]
    assert IntakeMessage.objects.filter(order=order).count() == 8


def test_an_order_that_the_batch_before_changed_is_changed_back(versions: Callable[..., Path]) -> None:
    channel = make_channel(requires_payment=False)
    run(channel, versions(1), GROUPED)
    with at_commit_of("N-1", "PERFORM pg_sleep(0.3)"):  # so that the second batch finds it as it was
        job = run(channel, versions(2, 1), GROUPED)
    assert [row.outcome for row in job.rows.order_by("row_number")] == ["ok", "ok"]
    assert list(OrderLine.objects.values_list("quantity", flat=True)) == [1]
