"""The steady load: shops that send orders, a clerk who imports files, hands that pack; all try again as people and
programs do. The carriers' pushes come from the sandbox by themselves."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from chaos import http
from chaos.payloads import Orders
from chaos.world import SHOP, World
from core.db import is_outage
from core.exceptions import DomainError
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from logistics.services.warehouse import hand_over_parcel, pack_without_scanning
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder

logger = logging.getLogger("chaos")
CLIENTS = 3
ORDER_PAUSE_SECONDS = 0.25
IMPORT_PAUSE_SECONDS = 2.5
HANDS_PAUSE_SECONDS = 0.4
HANDS_AT_ONCE = 6
LAST_TRY_SECONDS = 60.0
UPLOAD = "/orders/import/"


@dataclass
class Ledger:
    """What the product has said yes to, and what it has said that shouldn't be said."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    api: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)
    unanswered: int = 0
    unavailable: int = 0
    uploads_refused: int = 0

    @property
    def imported(self) -> set[str]:
        return {order for orders in self.files.values() for order in orders}

    def note(self, **counts: int) -> None:
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)


class Load:
    """Runs in threads until stop(); then every client finishes what it has begun."""

    def __init__(self, world: World, orders: Orders, *, file_orders: int) -> None:
        self.world = world
        self.file_orders = file_orders
        self.orders = orders
        self.ledger = Ledger()
        self.stopping = threading.Event()
        self.hands_stopping = threading.Event()
        self.full_disk = threading.Event()
        self.handed_over = 0
        self._numbers_lock = threading.Lock()
        self._clients = [
            threading.Thread(target=self._guarded, args=(self._shop,), daemon=True) for _ in range(CLIENTS)
        ]
        self._clients.append(threading.Thread(target=self._guarded, args=(self._clerk,), daemon=True))
        self._hands = threading.Thread(target=self._guarded, args=(self._pack,), daemon=True)

    def start(self) -> None:
        for thread in (*self._clients, self._hands):
            thread.start()

    def stop_clients(self) -> None:
        """Send nothing new; returns when everything that was begun has been answered."""
        self.stopping.set()
        for thread in self._clients:
            thread.join(LAST_TRY_SECONDS + 2 * http.SECONDS)

    def stop_hands(self) -> None:
        self.hands_stopping.set()
        self._hands.join(30)

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._guarded, args=(work,), daemon=True)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            logger.exception("A client of the load failed")
            with self.ledger.lock:
                self.ledger.refusals.append(f"{work.__name__}: {type(error).__name__}: {error}")
        finally:
            connection.close()

    # Shops

    def _shop(self) -> None:
        while not self.stopping.wait(ORDER_PAUSE_SECONDS):
            with self._numbers_lock:
                order = self.orders.api()
            self._send_until_taken(order)

    def _send_until_taken(self, order: dict[str, Any]) -> None:
        """As a shop does: the same order again until the answer is yes or a reasoned no."""
        external_id = order["external_id"]
        body = json.dumps(order).encode()
        headers = {"Authorization": f"Bearer {self.world.token}", "Content-Type": "application/json"}
        with self.ledger.lock:
            self.ledger.sent.add(external_id)
        give_up_at: float | None = None
        while give_up_at is None or time.monotonic() < give_up_at:
            if give_up_at is None and self.stopping.is_set():
                give_up_at = time.monotonic() + LAST_TRY_SECONDS
            try:
                answer = http.send("POST", f"/api/v1/orders?channel={SHOP}", body=body, headers=headers)
            except http.NoAnswer:
                self.ledger.note(unanswered=1)
            else:
                if answer.status < 500:
                    self._note(external_id, answer)
                    return
                self.ledger.note(unavailable=1)
                if answer.status != 503:
                    self._refuse(external_id, answer)
            time.sleep(0.3)
        self._refuse(external_id, None)

    def _note(self, external_id: str, answer: http.Answer) -> None:
        result = json.loads(answer.body)["results"][0] if answer.status == 202 else {}
        if result.get("outcome") not in {"accepted", "duplicate"}:
            self._refuse(external_id, answer)
            return
        with self.ledger.lock:
            self.ledger.api[external_id] = result["order_number"]

    def _refuse(self, what: str, answer: http.Answer | None) -> None:
        said = f"{answer.status} {answer.body[:300]}" if answer else "no answer until the end"
        with self.ledger.lock:
            self.ledger.refusals.append(f"{what}: {said}")

    # The clerk

    def _clerk(self) -> None:
        browser = http.Browser(self.world.session)
        while not self.stopping.is_set():
            with self._numbers_lock:
                external_ids, content = self.orders.file(self.file_orders)
            name = f"{external_ids[0]}.csv"
            self.ledger.sent.update(external_ids)
            give_up_at: float | None = None
            while not self._import(browser, name, content, external_ids):
                if give_up_at is None and self.stopping.is_set():
                    give_up_at = time.monotonic() + LAST_TRY_SECONDS
                if give_up_at is not None and time.monotonic() > give_up_at:
                    self._refuse(name, None)
                    return
                time.sleep(0.5)
            self.stopping.wait(IMPORT_PAUSE_SECONDS)

    def _import(self, browser: http.Browser, name: str, content: bytes, external_ids: list[str]) -> bool:
        """Upload a file and start its import as a person does; True when the job was accepted."""
        try:
            page = browser.get(UPLOAD)
            if page.status != 200:
                return self._unavailable(page)
            fields = http.form_fields(page.body) | {"channel": str(self.world.file_channel)}
            uploaded = browser.upload(UPLOAD, fields, name=name, content=content)
            if uploaded.status != 302:
                return self._unavailable(uploaded)
            mapping = browser.get(uploaded.location)
            if mapping.status != 200:
                return self._unavailable(mapping)
            started = browser.submit(uploaded.location, http.form_fields(mapping.body))
        except http.NoAnswer:
            self.ledger.note(unanswered=1)
            return False
        if started.status != 302 or "/jobs/" not in started.location:
            return self._unavailable(started)
        with self.ledger.lock:
            self.ledger.files[name] = external_ids
            self.ledger.jobs.add(int(started.location.rstrip("/").rpartition("/")[2]))
        return True

    def _unavailable(self, answer: http.Answer) -> bool:
        """A page that a person sees instead of the one they wanted; they try again."""
        if self.full_disk.is_set() and answer.status in {302, 422}:
            self.ledger.note(uploads_refused=1)
        else:
            self.ledger.note(unavailable=1)
        return False

    # The warehouse

    def _pack(self) -> None:
        while not self.hands_stopping.wait(HANDS_PAUSE_SECONDS):
            try:
                self._pack_some()
            except (DatabaseError, InterfaceError) as error:
                if not is_outage(error):
                    raise
                connection.close()

    def _pack_some(self) -> None:
        released = FulfilmentOrder.objects.filter(status=FulfilmentStatus.RELEASED).order_by("pk")
        for pk in released.values_list("pk", flat=True)[:HANDS_AT_ONCE]:
            _try(pack_without_scanning, pk, self.world)
        labelled = Shipment.objects.filter(
            status=ShipmentStatus.LABEL_CREATED, fulfilment__status=FulfilmentStatus.PACKED
        )
        for pk in labelled.order_by("pk").values_list("fulfilment_id", flat=True)[:HANDS_AT_ONCE]:
            self.handed_over += _try(hand_over_parcel, pk, self.world)


def _try(act: Callable[..., object], fulfilment_id: int, world: World) -> bool:
    try:
        act(fulfilment_id=fulfilment_id, actor=world.hands)
    except DomainError:
        return False  # it has gone on already
    return True
