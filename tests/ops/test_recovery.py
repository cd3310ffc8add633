"""The drill of recovery to a point in time: real servers, a base backup, an archived log, and the orders before an
instant found again on another server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from ecom_admin.backup import BackupError
from ecom_admin.embedded.paths import Paths, make_dir
from ecom_admin.recovery import prepare_recovery

# Runs in a process of its own on the first server: orders, a base backup, more orders, the instant, and some after it.
WORK = """
import json, sys, time
from django.core.management import call_command
from django.db import connection
from core.stages import drain
from orders.models import Order
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order

warehouse, sku, channel = make_warehouse(), make_sku(), make_channel(duplicate_window_hours=0)
stock(warehouse, sku, 100)
def sell(count):
    for _ in range(count):
        make_order(channel, (sku.code, 2))
    drain(only=["orders.validate", "orders.allocate", "orders.release"])
def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
sell(2)
call_command("backup", sys.argv[-1], "--base", verbosity=0, stdout=sys.stderr)
sell(3)
before = sorted(Order.objects.values_list("number", flat=True))
time.sleep(0.2)
instant = ask("SELECT clock_timestamp()")
time.sleep(0.2)
sell(4)
last = ask("SELECT pg_walfile_name(pg_switch_wal())")
for _ in range(300):
    if (ask("SELECT last_archived_wal FROM pg_stat_archiver") or "") >= last:
        break
    time.sleep(0.1)
print(json.dumps({"before": before, "instant": instant.isoformat(), "all": Order.objects.count()}))
"""
FOUND = """
import json
from orders.models import Order
print(json.dumps(sorted(Order.objects.values_list("number", flat=True))))
"""
# Where a database puts the files of its jobs.
FOLDER = "from core.jobs import files; print(files.new_name('orders.csv').split('/')[0])"


class Installation:
    """manage.py and servers of their own, archiving their log."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.paths = Paths(place)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ECOM_")}
        own = {"ECOM_DATA_DIR": str(place), "ECOM_WAL_ARCHIVE": "1", "STATIC_ROOT": str(place)}
        self.environment = kept | own | {"DJANGO_SETTINGS_MODULE": "ecom_admin.settings"}

    def run(self, *command: str) -> str:
        answer = subprocess.run(
            [sys.executable, *command],
            cwd=settings.BASE_DIR, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def remove(self) -> None:
        if not self.paths.home.is_relative_to(self.place):  # root, and pytest's folder is closed to others
            shutil.rmtree(self.paths.home.parent, ignore_errors=True)


@pytest.fixture
def installations(tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    both = Installation(tmp_path / "first"), Installation(tmp_path / "second")
    yield both
    for one in both:
        one.remove()


def test_the_orders_before_an_instant_are_found_again_on_another_server(installations, tmp_path: Path):
    first, second = installations
    base = tmp_path / "base"
    first.manage("migrate", "--verbosity=0")
    script = tmp_path / "work.py"
    script.write_text(WORK)
    code = f"import sys; sys.argv = ['work', {str(base)!r}]; exec(open({str(script)!r}).read(), {{}})"
    told = json.loads(first.manage("shell", "--no-imports", "-c", code).splitlines()[-1])
    assert (len(told["before"]), told["all"]) == (5, 9)

    make_dir(second.place, 0o755)
    shutil.copy(first.place / "embedded.password", second.place)  # the roles come with the base backup
    second.manage("recover", str(base), f"--wal={first.paths.wal_archive}", f"--until={told['instant']}")
    assert json.loads(second.manage("shell", "--no-imports", "-c", FOUND)) == told["before"]
    assert "1 stock levels agree" in second.manage("reconcile_stock")
    write = "from core.audit.models import AuditEntry; from django.db import connection as c; k = c.cursor(); "
    assert second.manage("shell", "--no-imports", "-c", write + "k.execute('SELECT pg_is_in_recovery()'); "
                         "print(k.fetchone()[0])").strip() == "False", "it is open for work"  # fmt: skip

    assert second.manage("shell", "--no-imports", "-c", FOLDER) != first.manage("shell", "--no-imports", "-c", FOLDER)

    # Without an instant everything that was archived comes back, and what was there is kept aside.
    said = second.manage("recover", str(base), f"--wal={first.paths.wal_archive}")
    assert "What was there is in" in said
    assert len(json.loads(second.manage("shell", "--no-imports", "-c", FOUND))) == 9


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    return folder


def test_what_is_no_base_backup_is_refused_and_nothing_is_touched(base: Path, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("18")
    with pytest.raises(BackupError, match=r"base\.tar\.gz is missing"):
        prepare_recovery(base, log=tmp_path, until=None, directory=data)
    for name in ("base.tar.gz", "pg_wal.tar.gz"):
        (base / name).touch()
    with pytest.raises(BackupError, match="doesn't exist"):
        prepare_recovery(base, log=tmp_path / "none", until=None, directory=data)
    (data / "postmaster.pid").touch()
    with pytest.raises(BackupError, match="stop PostgreSQL first"):
        prepare_recovery(base, log=tmp_path, until=datetime.now(UTC), directory=data)
    assert (data / "PG_VERSION").exists()


@pytest.mark.parametrize("until", ["yesterday", "2026-03-01 14:05", "2026-02-31T00:00:00+00:00"])
def test_an_instant_needs_its_zone(base: Path, tmp_path: Path, until: str):
    with pytest.raises(CommandError, match="--until must be an instant with its zone"):
        call_command("recover", str(base), f"--wal={tmp_path}", f"--until={until}")
