"""A run from its beginning to its account."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from chaos import http
from chaos.audit import Account, is_busy, stage_report, take_account, waiting
from chaos.faults import FAULTS, Scene, control
from chaos.load import Load
from chaos.mailbox import Mailbox
from chaos.payloads import Orders
from chaos.processes import Supervisor
from chaos.servers import running
from chaos.settings import CLOCK
from chaos.world import SCARCE, fresh_database, make_world
from core.stages import nudge, stages

#: Simulated seconds of the carriers in a real one: a journey of days takes seconds.
SANDBOX_SPEED = 40_000.0
START_SECONDS = 180.0
LOOK_SECONDS = 0.2
REST_SECONDS = 0.6
#: How far the clock is put forward when nothing is due before long; each time twice as far.
STEP_SECONDS = 60.0
LONGEST_STEP_SECONDS = 3600.0
WORD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen.

    `pause` is the shortest and longest time between two faults; `file_orders` is how many
    orders a file holds; `parcels` is how many have to leave at least;
    `settle_seconds` is the longest time that the product gets to finish by itself.
    """

    faults: list[str]
    seed: int
    pause: tuple[float, float]
    file_orders: int
    parcels: int
    settle_seconds: float


@dataclass
class Result:
    struck: Counter[str] = field(default_factory=Counter)
    struck_busy: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    account: Account = field(default_factory=Account)
    minutes_forward: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    logs: str = ""


def choose(kinds: list[str], count: int, seed: int) -> list[str]:
    """`count` faults at random, every kind as often as every other, give or take one."""
    random = Random(seed)  # noqa: S311 - chance that can be repeated
    chosen: list[str] = []
    while len(chosen) < count:
        deck = list(kinds)
        random.shuffle(deck)
        chosen += deck
    return chosen[:count]


def run(plan: Plan, data_dir: Path) -> Result:
    """Start everything, strike, let it settle, take account."""
    result = Result()
    CLOCK.offset = 0
    say("Starting")
    mailbox = Mailbox()
    processes = Supervisor(data_dir, sandbox_speed=SANDBOX_SPEED)
    started = time.monotonic()
    with running(data_dir) as servers:
        fresh_database()
        world = make_world()
        load = Load(world, Orders(world.skus, SCARCE, plan.seed), file_orders=plan.file_orders)
        random = Random(plan.seed)  # noqa: S311 - chance that can be repeated
        scene = Scene(servers, processes, load, mailbox, CLOCK, random)
        with mailbox.serving(int(settings.EMAIL_PORT)), processes.running():
            _wait_until_ready(processes)
            control("POST", "/rates", {})
            result.seconds["to start"] = time.monotonic() - started
            load.start()
            _strike(plan, scene, result)
            _settle(plan, load, result)
            result.account = take_account(load.ledger, mailbox)
            if result.account.wrong:
                result.logs = f"{stage_report()}\n\n{processes.logs()}"
        connection.close()
    result.struck_busy = scene.struck_busy
    result.restarts = {name: process.starts - 1 for name, process in processes.processes.items()}
    return result


def _wait_until_ready(processes: Supervisor) -> None:
    """Raises RuntimeError with the logs if the product doesn't come up."""
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        try:
            if http.send("GET", "/readyz", seconds=5).status == 200:
                return
        except http.NoAnswer:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The product isn't ready within {START_SECONDS:.0f} s.\n{processes.logs()}")


def _strike(plan: Plan, scene: Scene, result: Result) -> None:
    started = time.monotonic()
    for number, name in enumerate(plan.faults, 1):
        time.sleep(scene.random.uniform(*plan.pause))
        ledger = scene.load.ledger
        say(
            f"{number:>4}  {name:<34} {time.monotonic() - started:6.1f} s"
            f"  {len(ledger.api) + len(ledger.imported):>6} orders acknowledged"
        )
        FAULTS[name](scene)
        result.struck[name] += 1
    time.sleep(plan.pause[1])
    scene.load.stop_clients()
    result.seconds["of faults"] = time.monotonic() - started


def _settle(plan: Plan, load: Load, result: Result) -> None:
    """Wait until nothing is left to do. Where nothing is due before long, let time pass: put the clock forward."""
    started = time.monotonic()
    while load.handed_over < plan.parcels and time.monotonic() - started < plan.settle_seconds / 2:
        time.sleep(LOOK_SECONDS)
    load.stop_hands()
    say("No more faults and no new work. What is left to do by itself:")
    still_since, step = started, STEP_SECONDS
    next_word = time.monotonic()
    while time.monotonic() - started < plan.settle_seconds:
        time.sleep(LOOK_SECONDS)
        try:
            left, still = waiting(), not is_busy()
        except (DatabaseError, InterfaceError):  # it may still be recovering
            connection.close()
            left, still = {"database": 1}, False
        if not left:
            break
        if time.monotonic() > next_word:
            say(f"      {time.monotonic() - started:6.1f} s  {left}")
            next_word += WORD_SECONDS
        if not still:
            still_since = time.monotonic()
        elif time.monotonic() - still_since > REST_SECONDS:
            _let_pass(step)
            step = min(2 * step, LONGEST_STEP_SECONDS)
            still_since = time.monotonic()
    result.minutes_forward = CLOCK.offset / 60
    result.seconds["to settle"] = time.monotonic() - started


def _let_pass(seconds: float) -> None:
    """Put the clock forward, and send what beat would have sent in that time."""
    CLOCK.offset += seconds
    for stage in stages():
        if stage.every_seconds <= seconds:
            nudge(stage.name)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
