"""Calling carriers: adapters made from rows, and many calls at once that stop when a carrier fails.

Nothing here touches the database while calls are under way.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.urls import reverse

from logistics.carriers.base import CarrierAdapter, CarrierError, CarrierGarbled, Connection
from logistics.carriers.registry import PUSHING, adapter_class
from logistics.models import Carrier
from logistics.rules.breaker import OPENS_AFTER
from logistics.services.health import CallOutcomes, is_failure

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


def adapter_of(carrier: Carrier) -> CarrierAdapter:
    """The carrier's adapter, ready to call. Raises KeyError where the adapter no longer exists."""
    options = {str(key): str(value) for key, value in (carrier.options or {}).items()}
    if carrier.carrier_code:
        options.setdefault("com", carrier.carrier_code)
    return adapter_class(carrier.adapter)(
        Connection(
            code=carrier.code,
            base_url=carrier.base_url.rstrip("/"),
            credentials=credentials_of(carrier),
            options=options,
            push_url=push_url(carrier),
            timeout_seconds=float(carrier.timeout_seconds),
        )
    )


def credentials_of(carrier: Carrier) -> dict[str, str]:
    """The carrier's credentials in the clear: for adapters, and to see which ones are there."""
    stored: Any = carrier.credentials
    return {str(key): str(value) for key, value in (stored or {}).items()}


def push_url(carrier: Carrier) -> str:
    """Our public address for this carrier's pushes, empty where its adapter has none."""
    if carrier.adapter not in PUSHING:
        return ""
    return settings.PUBLIC_BASE_URL + reverse(f"logistics_hooks:{carrier.adapter}", args=[carrier.code])


@dataclass(slots=True)
class Outcome(Generic[T, R]):
    """What one call brought: a result, an error, or neither where the carrier failed before its turn."""

    item: T
    result: R | None = None
    error: CarrierError | None = None

    @property
    def skipped(self) -> bool:
        return self.result is None and self.error is None


@dataclass(slots=True)
class _Tally:
    """Counts one carrier's outcomes as its calls end, in any order."""

    carrier_id: int
    allowed_failures: int
    successes: int = 0
    failures: int = 0
    last_error: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_broken(self) -> bool:
        return self.failures >= self.allowed_failures

    def note(self, error: CarrierError | None) -> None:
        with self.lock:
            if error is None or not is_failure(error):
                self.successes += 1
                self.failures = 0
            else:
                self.failures += 1
                self.last_error = f"{type(error).__name__}: {error.reason}"


class Calls(Generic[T, R]):
    """Runs calls to several carriers at once, each with at most `max_connections` threads."""

    def __init__(self) -> None:
        self._work: list[tuple[Carrier, Sequence[T], Callable[[CarrierAdapter, T], R]]] = []

    def add(self, carrier: Carrier, items: Sequence[T], call: Callable[[CarrierAdapter, T], R]) -> None:
        if items:
            self._work.append((carrier, items, call))

    def run(self) -> tuple[list[Outcome[T, R]], list[CallOutcomes]]:
        """Make all calls; returns an outcome for every item and the counts for the carriers' health."""
        outcomes: list[Outcome[T, R]] = []
        tallies: list[_Tally] = []
        if not self._work:
            return [], []
        threads = sum(min(carrier.max_connections or 1, len(items)) for carrier, items, _ in self._work)
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="carrier") as pool:
            running = []
            for carrier, items, call in self._work:
                tally = _Tally(carrier.pk, max(OPENS_AFTER - carrier.consecutive_failures, 1))
                tallies.append(tally)
                mine = [Outcome[T, R](item) for item in items]
                outcomes += mine
                lanes = min(carrier.max_connections or 1, len(items))
                queue = iter(mine)
                lock = threading.Lock()
                running += [pool.submit(_lane, adapter_of(carrier), queue, lock, call, tally) for _ in range(lanes)]
            for future in running:
                future.result()
        return outcomes, [CallOutcomes(t.carrier_id, t.successes, t.failures, t.last_error) for t in tallies]


def _lane(
    adapter: CarrierAdapter,
    queue: Iterator[Outcome[T, R]],
    lock: threading.Lock,
    call: Callable[[CarrierAdapter, T], R],
    tally: _Tally,
) -> None:
    """Take calls from the carrier's queue until it is empty or the carrier has failed too often."""
    while not tally.is_broken:
        with lock:
            outcome = next(queue, None)
        if outcome is None:
            return
        try:
            outcome.result = call(adapter, outcome.item)
        except CarrierError as error:
            outcome.error = error
        except Exception as error:  # an adapter tripping over an answer must not take the batch with it
            logger.exception("Adapter %s failed", adapter.code)
            outcome.error = CarrierGarbled(f"{type(error).__name__}: {error}")
        tally.note(outcome.error)
