"""Beat goes on in its rhythm whatever the wall clock does."""

import time

import pytest
import time_machine
from celery import Celery

from ecom_admin.beat import SteadyScheduler
from ecom_admin.celery import app

RHYTHM_SECONDS = 0.05
LONGEST_SECONDS = 60  # less than a clock set two hours ahead would cost


class Recorded(SteadyScheduler):
    """Keeps what it would have sent."""

    def apply_entry(self, entry, producer=None):
        self.sent = [*getattr(self, "sent", []), entry.name]


@pytest.fixture
def beat() -> Recorded:
    celery = Celery("test", broker="memory://", set_as_current=False)
    celery.conf.beat_schedule = {
        "often": {"task": "x", "schedule": RHYTHM_SECONDS},
        "rarely": {"task": "y", "schedule": 3600},
    }
    return Recorded(celery)


def ticks_until_sent(beat: Recorded, count: int) -> float:
    """Tick until `count` entries were sent; how long that took, in seconds."""
    beat.sent = []
    started = time.monotonic()
    while len(beat.sent) < count:
        assert time.monotonic() - started < LONGEST_SECONDS, beat.sent
        time.sleep(min(beat.tick(), RHYTHM_SECONDS))
    return time.monotonic() - started


def test_the_product_uses_it():
    assert app.conf.beat_scheduler == "ecom_admin.beat:SteadyScheduler"


def test_entries_start_in_their_rhythm(beat):
    took = ticks_until_sent(beat, 8)
    assert set(beat.sent) == {"often"}
    assert took > 6 * RHYTHM_SECONDS
    assert 0 <= beat.tick() <= RHYTHM_SECONDS


def test_a_clock_set_ahead_and_back_again_silences_nothing(beat):
    ticks_until_sent(beat, 2)
    with time_machine.travel(time.time() + 7200):
        beat.tick()
    ticks_until_sent(beat, 4)
    with time_machine.travel(time.time() - 7200):
        beat.tick()
    ticks_until_sent(beat, 4)
