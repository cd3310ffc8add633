"""How well a carrier answers: the circuit breaker's memory, shared by all workers through its row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from logistics.carriers.base import CarrierError, CarrierRejected
from logistics.models import Carrier
from logistics.rules.breaker import OPENS_AFTER, pause_after


@dataclass(frozen=True, slots=True)
class CallOutcomes:
    """What became of some calls to one carrier: `failures` are those after the last success."""

    carrier_id: int
    successes: int
    failures: int
    error: str = ""


def is_failure(error: CarrierError) -> bool:
    """Whether an error says something about the carrier rather than about one parcel."""
    return not isinstance(error, CarrierRejected) or error.code in ("credentials", "address")


def record_outcomes(outcomes: Iterable[CallOutcomes], *, at: datetime) -> None:
    """Add calls' outcomes to the carriers' rows, opening or closing their circuits."""
    for outcome in outcomes:
        if not outcome.failures and not outcome.successes:
            continue
        if not outcome.failures:
            _close(outcome.carrier_id, at)
        else:
            _count_failures(outcome, at)


def close_circuit(*, carrier_id: int) -> None:
    """Let calls through again at once, as after a repair."""
    Carrier.objects.filter(pk=carrier_id).update(consecutive_failures=0, circuit_open_until=None)


def _close(carrier_id: int, at: datetime) -> None:
    # Most batches succeed after a success: the row is written at most every few seconds, or to close the circuit.
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE logistics_carrier SET last_success_at = %(at)s, consecutive_failures = 0,
                      circuit_open_until = NULL
                WHERE id = %(id)s AND (consecutive_failures > 0 OR circuit_open_until IS NOT NULL
                      OR last_success_at IS NULL OR last_success_at < %(at)s - interval '5 seconds')""",
            {"at": at, "id": carrier_id},
        )


def _count_failures(outcome: CallOutcomes, at: datetime) -> None:
    """Count under the row's lock, so that two workers failing together count both."""
    carrier = Carrier.objects.select_for_update(no_key=True).get(pk=outcome.carrier_id)
    before = 0 if outcome.successes else carrier.consecutive_failures
    # A probe that fails opens the circuit for longer, however few calls it was.
    half_open = before >= OPENS_AFTER
    carrier.consecutive_failures = before + (max(outcome.failures, OPENS_AFTER) if half_open else outcome.failures)
    pause = pause_after(carrier.consecutive_failures)
    carrier.circuit_open_until = at + pause if pause else None
    carrier.last_error = outcome.error[:255]
    carrier.last_error_at = at
    if outcome.successes:
        carrier.last_success_at = at
    carrier.save(
        update_fields=[
            "consecutive_failures",
            "circuit_open_until",
            "last_error",
            "last_error_at",
            "last_success_at",
        ]
    )
