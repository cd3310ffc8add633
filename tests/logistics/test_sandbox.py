"""The sandbox itself: a clock, a memory, routes, and a command."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from logistics.sandbox import routes
from logistics.sandbox.world import Parcel, World

ROOT = Path(__file__).resolve().parents[2]
ORIGIN, GOAL = "广东省深圳市南山区科技园", "四川省成都市武侯区天府大道"


def steps(outcome=routes.NORMAL, country="CN", number="SF1"):
    return routes.steps_for(number=number, origin=ORIGIN, destination=GOAL, country=country, outcome=outcome)


@pytest.mark.parametrize("country", ["CN", "INTL"])
def test_a_route_goes_forward_and_ends_at_the_door(country):
    hours = [step.hours for step in steps(country=country)]
    assert hours == sorted(hours)
    assert steps(country=country)[0].kind == "picked_up"
    assert steps(country=country)[-1].kind == "delivered"
    assert 20 < hours[-1] < 150


def test_only_a_parcel_that_crosses_a_border_passes_customs():
    def kinds(origin, destination):
        found = routes.steps_for(
            number="1Z", origin=origin, destination=destination, country="INTL", outcome=routes.NORMAL
        )
        return {step.kind for step in found}

    assert "customs_released" in kinds("Shenzhen, CN", "San Francisco, US")
    assert not kinds("London, GB", "Leeds, GB") & {"customs_hold", "customs_released"}


def test_a_chinese_route_passes_the_hubs_of_both_regions():
    places = {step.place for step in steps()}
    assert {"广州白云转运中心", "成都双流转运中心"} <= places


@pytest.mark.parametrize(
    ("outcome", "last"),
    [
        (routes.ATTEMPT_FAILED, "delivered_after_attempt"),
        (routes.EXCEPTION, "damaged"),
        (routes.RETURNED, "returned"),
        (routes.UNDELIVERABLE, "returned"),
        (routes.STUCK, "arrived"),
    ],
)
def test_outcomes_end_as_they_should(outcome, last):
    assert steps(outcome)[-1].kind == last


def test_fates_follow_from_numbers_at_the_given_rates():
    rates = {routes.STUCK: 0.1, routes.EXCEPTION: 0.2}
    fates = [routes.outcome_of(f"SF{n}", rates) for n in range(5000)]
    assert fates == [routes.outcome_of(f"SF{n}", rates) for n in range(5000)]
    counts = Counter(fates)
    assert counts[routes.STUCK] == pytest.approx(500, abs=80)
    assert counts[routes.EXCEPTION] == pytest.approx(1000, abs=100)


def parcel(number="SF1", **fields):
    return Parcel(
        number=number, company="shunfeng", reference="R1", origin=ORIGIN, destination=GOAL, country="CN",
        outcome=routes.NORMAL, created_at=time.time(), **fields,
    )  # fmt: skip


def test_a_label_in_the_printer_does_not_move_and_the_clock_can_be_sped_up():
    world = World(speed=86_400 * 30)
    one = parcel()
    world.add([one])
    assert world.happened(one) == []
    world.hand_over(one)
    time.sleep(0.2)  # six days
    assert world.happened(one)[-1].step.kind == "delivered"
    world.close()


def test_advancing_time_does_not_rewrite_history():
    world = World(speed=1)
    one = parcel(started_at=time.time())
    world.add([one])
    before = world.happened(one)
    world.advance(12)
    after = world.happened(one)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert [event.at for event in after] == sorted(event.at for event in after)
    world.close()


def test_parcels_survive_a_restart(tmp_path):
    path = str(tmp_path / "parcels.db")
    world = World(speed=1440, path=path)
    world.add([parcel(started_at=1.0), parcel("SF2")])
    world.close()
    again = World(speed=1440, path=path)
    assert again.parcels["SF1"].started_at == 1.0
    known = again.by_reference("shunfeng", "R1")
    assert known
    assert known.number in ("SF1", "SF2")
    assert again.happened(again.parcels["SF1"])[-1].step.kind == "delivered"
    again.close()


@pytest.fixture
def command(tmp_path):
    """`manage.py carrier_sandbox` as a process; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "carrier_sandbox", "--port", "0", "--db", str(tmp_path / "s.db")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        yield int(line.rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()


def test_the_command_serves_and_obeys(command):
    def manage(*arguments):
        return subprocess.run(
            [sys.executable, "manage.py", "carrier_sandbox", "--port", str(command), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert json.loads(manage("--control", "figures").stdout)["parcels"] == 0
    assert json.loads(manage("--control", "faults", '{"kind": "fail"}').stdout) == {"faults": 1}
    request = urllib.request.Request(f"http://127.0.0.1:{command}/poll/query.do", data=b"x=1", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="503") as error:
        urllib.request.urlopen(request, timeout=5)
    error.value.close()
    assert json.loads(manage("--control", "faults").stdout) == {"faults": 0}
    wrong = manage("--control", "faults", '{"kind": "explode"}')
    assert wrong.returncode == 1
    assert "kind is one of" in wrong.stderr


def test_an_unknown_address_is_404(sandbox):
    with pytest.raises(urllib.error.HTTPError, match="404") as error:
        urllib.request.urlopen(f"{sandbox.url}/nowhere", timeout=5)
    error.value.close()
