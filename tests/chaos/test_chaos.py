"""The short form of `make chaos`: ten faults in quick succession on real processes, the same code, the same account."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

LONGEST_SECONDS = 600
SEED = "7"


def chaos(*options: str) -> "subprocess.CompletedProcess[str]":
    """A run in a process of its own, below the tests' data directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    return subprocess.run(
        [sys.executable, "-m", "chaos", *options],
        cwd=settings.BASE_DIR,
        env=environment | {"ECOM_DATA_DIR": str(settings.DATA_DIR)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )


def figure(output: str, name: str) -> int:
    found = re.search(rf"^  {re.escape(name)} +([\d,]+)$", output, re.MULTILINE)
    assert found, f"no line “{name}” in:\n{output}"
    return int(found[1].replace(",", ""))


def test_nothing_is_lost_doubled_or_stuck():
    done = chaos("--short", "--seed", SEED)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert figure(output, "in all") == 10
    assert figure(output, "orders acknowledged by the API") > 0
    assert figure(output, "orders in accepted files") > 0
    assert figure(output, "messages received") > 0
    assert figure(output, "parcels delivered") >= 10


@pytest.mark.parametrize("options", [("--only", "flood"), ("--faults", "many")])
def test_what_it_does_not_know_is_refused(options):
    done = chaos(*options)
    assert done.returncode == 2
    assert options[1] in done.stdout + done.stderr
