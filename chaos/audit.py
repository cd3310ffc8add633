"""The account after a run: what was acknowledged beside what is there, and what still waits."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from chaos.faults import control
from chaos.http import NoAnswer, send
from chaos.load import Ledger
from chaos.mailbox import Mailbox
from chaos.world import FILES, SHOP
from core.cases.models import Case
from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.jobs.running import HEARTBEAT_SECONDS
from core.notifications.enums import MessageStatus
from core.notifications.models import OutgoingMessage
from core.outbox.models import OutboxEvent
from core.stages import stages
from core.system_state import stage_states
from core.workers import queue
from inventory.selectors import stock_differences
from logistics.codes import POLL
from logistics.enums import PushState, ShipmentStatus
from logistics.models import PushMessage, Shipment
from orders.enums import ALLOCATABLE, FulfilmentStatus, OrderStatus
from orders.models import FulfilmentLine, FulfilmentOrder, Order, OrderLine

_F = FulfilmentStatus
_S = ShipmentStatus
QUICK_SECONDS = 10
READY_SECONDS = 90.0
#: A running job beats every HEARTBEAT_SECONDS.
JOB_SILENCE = timedelta(seconds=HEARTBEAT_SECONDS + 3)
WAITS_FOR_HANDS = (_F.RELEASED, _F.PICKING, _F.PACKED)


def waiting() -> dict[str, int]:
    """Work that isn't finished, by name: what is due, and what will be by itself. Backorders wait for goods."""
    jobs = Job.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    bare = FulfilmentOrder.objects.filter(status__in=WAITS_FOR_HANDS, shipments=None)
    under_way = Shipment.objects.filter(handed_over_at__isnull=False).exclude(status=_S.DELIVERED)
    found = {
        "orders to validate": Order.objects.exclude(validate_due_at=None).count(),
        "orders in review": Order.objects.filter(status=OrderStatus.PENDING_REVIEW).count(),
        "orders to allocate": Order.objects.filter(status__in=ALLOCATABLE, allocate_due_at__isnull=False).count(),
        "parcels to release": FulfilmentOrder.objects.filter(status__in=[_F.PLANNED, _F.ALLOCATED]).count(),
        "parcels without shipment": bare.count(),
        "labels": Shipment.objects.filter(Q(status=_S.PENDING) | Q(label_due_at__isnull=False)).count(),
        "parcels on the way": under_way.count(),
        "pushes": PushMessage.objects.filter(state=PushState.RECEIVED).count(),
        "events": OutboxEvent.objects.filter(completed_at=None).count(),
        "jobs": jobs.count(),
        "messages": OutgoingMessage.objects.filter(status__in=[MessageStatus.QUEUED, MessageStatus.SENDING]).count(),
    }
    return {name: count for name, count in found.items() if count}


def is_busy() -> bool:
    """Whether a worker has something to do right now: a message, a job that is alive, work of a quick stage.

    Polling is left out, it never rests.
    """
    alive = Job.objects.filter(status=JobStatus.RUNNING, heartbeat_at__gt=timezone.now() - JOB_SILENCE)
    if queue().waiting or alive.exists():
        return True
    quick = [stage for stage in stages() if stage.every_seconds <= QUICK_SECONDS and stage.name != POLL]
    return any(stage.due().count for stage in quick)


def stage_report() -> str:
    """For the output of a run that went wrong: when each stage last ran and what waits for it."""
    now = timezone.now()
    lines = [f"--- stages at {now:%H:%M:%S} by the product's clock, {queue()}"]
    for state in stage_states():
        ran_at = state.run.last_run_at if state.run else None
        ran = f"{(now - ran_at).total_seconds():.0f} s ago" if ran_at else "never"
        lines.append(f"{state.stage.name:<26} ran {ran:>14}  due {state.due.count:>5}  since {state.age(now):6.0f} s")
    return "\n".join(lines)


@dataclass
class Account:
    """Everything that a run is judged by; `wrong` is empty after a good one."""

    figures: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def count(self, name: str, value: int, *, expect: int | None = None, detail: object = "") -> None:
        self.figures[name] = value
        if expect is not None and value != expect:
            self.wrong.append(f"{name}: {value}, not {expect}. {detail or ''}".rstrip())


def take_account(ledger: Ledger, mailbox: Mailbox) -> Account:
    """Compare what was acknowledged with what is there."""
    account = Account()
    _orders(account, ledger)
    _parcels(account)
    _messages(account, mailbox)
    _pushes(account)
    _rest(account, ledger)
    return account


def _orders(account: Account, ledger: Ledger) -> None:
    acknowledged = set(ledger.api) | ledger.imported
    rows = list(Order.objects.values_list("external_id", "number", "channel__code"))
    found = Counter(external_id for external_id, _number, _channel in rows)
    numbers = {external_id: number for external_id, number, _channel in rows}
    lost = sorted(acknowledged - found.keys())
    doubled = sorted(external_id for external_id, count in found.items() if count > 1)
    strangers = sorted(found.keys() - ledger.sent)
    renamed = sorted(order for order, number in ledger.api.items() if numbers.get(order, number) != number)
    misplaced = [row for row in rows if row[2] != (SHOP if row[0].startswith("A") else FILES)]
    account.count("orders acknowledged by the API", len(ledger.api))
    account.count("orders in accepted files", len(ledger.imported))
    account.count("orders found", len(acknowledged & found.keys()), expect=len(acknowledged))
    account.count("orders lost", len(lost), expect=0, detail=lost[:10])
    account.count("orders doubled", len(doubled), expect=0, detail=doubled[:10])
    account.count("orders nobody sent", len(strangers) + len(misplaced), expect=0, detail=(strangers, misplaced)[:10])
    account.count("orders with another number than was answered", len(renamed), expect=0, detail=renamed[:10])


def _parcels(account: Account) -> None:
    """What is planned for an order is what was ordered, each parcel has one label, the carrier sold no other."""
    ordered = dict(OrderLine.objects.values_list("order_id").annotate(units=Sum("quantity")))
    open_lines = FulfilmentLine.objects.exclude(fulfilment__status=_F.CANCELLED)
    planned = dict(open_lines.values_list("fulfilment__order_id").annotate(units=Sum("quantity")))
    more = [order for order, units in planned.items() if units > ordered[order]]
    less = [order for order, units in ordered.items() if planned.get(order, 0) < units]
    shipped = FulfilmentOrder.objects.filter(status__in=[*WAITS_FOR_HANDS, _F.SHIPPED, _F.DELIVERED])
    counted = shipped.annotate(live=Count("shipments", filter=~Q(shipments__status=_S.CANCELLED)))
    account.count("units planned twice (orders)", len(more), expect=0, detail=more[:10])
    account.count("units planned nowhere (orders)", len(less), expect=0, detail=less[:10])
    account.count("parcels", shipped.count())
    account.count("parcels without exactly one shipment", counted.exclude(live=1).count(), expect=0)
    labels = Shipment.objects.exclude(tracking_number="").count()
    account.count("labels", labels)
    account.count("labels bought twice", int(control("GET", "")["parcels"]) - labels, expect=0)


def _messages(account: Account, mailbox: Mailbox) -> None:
    wanted = Counter(OutgoingMessage.objects.values_list("to", "subject"))
    doubled = [key for key, count in mailbox.received.items() if count > wanted[key]]
    sent = OutgoingMessage.objects.filter(status=MessageStatus.SENT)
    unsent = [key for key, count in Counter(sent.values_list("to", "subject")).items() if mailbox.received[key] < count]
    account.count("messages to customers", sum(wanted.values()))
    account.count("messages received", mailbox.received.total())
    account.count("messages doubled", len(doubled), expect=0, detail=doubled[:10])
    account.count("messages called sent but not received", len(unsent), expect=0, detail=unsent[:10])
    failed = OutgoingMessage.objects.filter(status=MessageStatus.FAILED).count()
    account.count("messages given up", failed, expect=0)
    account.count("messages open to a person", OutgoingMessage.objects.filter(status=MessageStatus.UNKNOWN).count())


def _pushes(account: Account) -> None:
    """Every push that the carrier got a yes for is kept; every parcel that it delivered is delivered here."""
    told = control("GET", "")["pushes"]
    kept = PushMessage.objects.aggregate(seen=Coalesce(Sum("seen_count"), 0))["seen"]
    account.count("pushes acknowledged", told["sent"])
    account.count("pushes lost", max(told["sent"] - kept, 0), expect=0)
    failed = PushMessage.objects.filter(state=PushState.FAILED)
    account.count(
        "pushes not understood", failed.count(), expect=0, detail=list(failed.values_list("error", flat=True)[:5])
    )
    delivered = FulfilmentOrder.objects.filter(status=_F.DELIVERED).count()
    account.count("parcels delivered", delivered)
    handed = Shipment.objects.filter(handed_over_at__isnull=False).count()
    account.count("parcels handed over and not delivered", handed - delivered, expect=0)


def _rest(account: Account, ledger: Ledger) -> None:
    left = waiting()
    account.count("things stuck", sum(left.values()), expect=0, detail=left)
    failing = [
        f"{state.stage.name}: {state.run.last_error}" for state in stage_states() if state.run and state.is_failing
    ]
    account.count("stages failing", len(failing), expect=0, detail=failing)
    jobs = Job.objects.filter(pk__in=ledger.jobs).exclude(status=JobStatus.DONE)
    bad = [f"{job.pk} {job.status} {job.message}" for job in jobs]
    account.count("accepted jobs not done", len(bad), expect=0, detail=bad)
    account.count("events given up", OutboxEvent.objects.filter(is_dead=True).count(), expect=0)
    differences = stock_differences()
    account.count("reconcile_stock differences", len(differences), expect=0, detail=differences[:5])
    account.count("answers that should not be", len(ledger.refusals), expect=0, detail=ledger.refusals[:5])
    account.count("cases opened", Case.objects.count())
    status, said = _readiness()
    account.count("readyz", status, expect=200, detail=said)


def _readiness() -> tuple[int, str]:
    """What /readyz says once it is green, or after READY_SECONDS: a clock put forward makes slow stages late."""
    give_up_at = time.monotonic() + READY_SECONDS
    while True:
        try:
            ready = send("GET", "/readyz")
            status, said = ready.status, ready.body
        except NoAnswer as error:
            status, said = 0, str(error)
        if status == 200 or time.monotonic() > give_up_at:
            return status, said
        time.sleep(0.5)
