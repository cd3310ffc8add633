"""What is brought within a moment goes together, and whoever brings it waits for nothing."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.context import bind_request_id, current_request_id, unbind_request_id
from core.courier import Courier
from tests.waiting import wait_until

LONG = 1.0


class Sent:
    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.threads: set[int] = set()

    def __call__(self, names: Sequence[str]) -> None:
        self.together.append(list(names))
        self.threads.add(threading.get_ident())

    @property
    def names(self) -> list[str]:
        return sorted(name for names in self.together for name in names)


def test_what_comes_within_the_pause_goes_together_and_once() -> None:
    sent = Sent()
    courier = Courier(sent, pause_seconds=LONG)
    for names in (["a"], ["b", "a"], ["a"]):
        courier.bring(names)
    assert not sent.together, "nobody waits for the courier"
    wait_until(lambda: sent.together)
    time.sleep(1.5 * LONG)
    assert sent.together == [["a", "b"]]
    assert threading.get_ident() not in sent.threads


def test_what_comes_later_goes_again() -> None:
    sent = Sent()
    courier = Courier(sent, pause_seconds=0.001)
    for number in range(1, 4):
        courier.bring(["a"])
        wait_until(lambda number=number: len(sent.together) == number)
    assert sent.together == [["a"]] * 3
    assert len(sent.threads) == 1


def test_nothing_is_lost_between_many_who_bring() -> None:
    sent = Sent()
    courier = Courier(sent, pause_seconds=0.0005)

    def bring(who: int) -> None:
        for number in range(200):
            courier.bring([f"{who}-{number}"])

    threads = [threading.Thread(target=bring, args=[who]) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = sorted(f"{who}-{number}" for who in range(8) for number in range(200))
    wait_until(lambda: len(sent.names) >= len(wanted))
    assert sent.names == wanted


def run(code: str) -> str:
    script = f"from core.courier import Courier\nimport os, threading\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_a_process_that_ends_sends_first() -> None:
    assert run("Courier(print, pause_seconds=0.2).bring(['last'])") == "['last']\n"


def test_what_is_brought_at_the_very_end_is_sent() -> None:
    said = run("import atexit\natexit.register(Courier(print, pause_seconds=0.2).bring, ['last'])")
    assert said == "['last']\n"


def test_a_child_has_a_courier_of_its_own() -> None:
    """Its parent's thread and what that has in hand stay with the parent."""
    said = run(
        "courier = Courier(lambda names: os.write(1, f'{os.getpid()} {names}\\n'.encode()), pause_seconds=0.2)\n"
        "courier.bring(['parent'])\n"
        "if child := os.fork():\n"
        "    os.waitpid(child, 0)\n"
        "else:\n"
        "    courier.bring(['child'])\n"
        "print(os.getpid(), 'parent-ends' if child else 'child-ends', flush=True)"
    )
    sent = {name: pid for pid, name in (line.split() for line in said.splitlines())}
    assert sorted(sent) == ["['child']", "['parent']", "child-ends", "parent-ends"]
    assert sent["['parent']"] == sent["parent-ends"]
    assert sent["['child']"] == sent["child-ends"]


def test_it_goes_in_the_name_of_the_first_request() -> None:
    ids: list[str] = []
    courier = Courier(lambda _names: ids.append(current_request_id()), pause_seconds=0.2)
    bind_request_id("request-4711")
    try:
        courier.bring(["a"])
        bind_request_id("request-4712")
        courier.bring(["b"])
    finally:
        unbind_request_id()
    wait_until(lambda: ids)
    assert ids == ["request-4711"]


def test_what_could_not_be_sent_for_goes_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise MemoryError

    sent = Sent()
    courier = Courier(sent, pause_seconds=0.001)
    with monkeypatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "submit", fail)
        with pytest.raises(MemoryError):
            courier.bring(["a"])
    courier.bring(["b"])
    wait_until(lambda: sent.together)
    assert sent.together == [["a", "b"]]
