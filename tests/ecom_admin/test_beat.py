"""Beat goes on in its rhythm whatever the wall clock does."""

import time

import pytest
import time_machine
from celery import Celery

from ecom_admin.beat import SteadyScheduler
from ecom_admin.celery import app


class Recorded(SteadyScheduler):
    """Keeps what it would have sent."""

    def apply_entry(self, entry, producer=None):
        self.sent = [*getattr(self, "sent", []), entry.name]


@pytest.fixture
def beat() -> Recorded:
    celery = Celery("test", broker="memory://", set_as_current=False)
    celery.conf.beat_schedule = {
        "often": {"task": "x", "schedule": 0.05},
        "rarely": {"task": "y", "schedule": 3600},
    }
    return Recorded(celery)


def tick_for(beat: Recorded, seconds: float) -> list[str]:
    beat.sent = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(beat.tick(), 0.05))
    return beat.sent


def test_the_product_uses_it():
    assert app.conf.beat_scheduler == "ecom_admin.beat:SteadyScheduler"


def test_entries_start_in_their_rhythm(beat):
    sent = tick_for(beat, 0.5)
    assert 4 <= len(sent) <= 10
    assert set(sent) == {"often"}
    assert 0 <= beat.tick() <= 0.05


def test_a_clock_set_ahead_and_back_again_silences_nothing(beat):
    tick_for(beat, 0.2)
    with time_machine.travel(time.time() + 7200):
        beat.tick()
    assert len(tick_for(beat, 0.5)) >= 4
    with time_machine.travel(time.time() - 7200):
        beat.tick()
    assert len(tick_for(beat, 0.5)) >= 4
