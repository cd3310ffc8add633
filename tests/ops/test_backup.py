"""The restore drill: a copy of a working installation, put on a second server, where the stock adds up."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from ecom_admin.backup import BackupError, back_up, read_manifest
from ecom_admin.embedded.paths import Paths
from inventory.models import StockMovement
from tests.factories.inventory import make_sku, make_warehouse
from tests.factories.inventory import stock as put_stock

pytestmark = pytest.mark.django_db(transaction=True)

Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Manage]:
    """manage.py of a second installation with a server and files of its own."""
    place = tmp_path / "second"
    own = {"ECOM_DATA_DIR": str(place), "DJANGO_SETTINGS_MODULE": "ecom_admin.settings", "STATIC_ROOT": str(place)}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ECOM_")} | own

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    yield manage
    home = Paths(place).home
    if not home.is_relative_to(place):  # root, and pytest's folder is closed to others
        shutil.rmtree(home.parent, ignore_errors=True)


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    file = settings.MEDIA_ROOT / "jobs" / "ab" / "orders.csv"
    file.parent.mkdir(parents=True)
    file.write_text("number\n4711\n")
    return file


@pytest.fixture
def stock() -> None:
    warehouse = make_warehouse()
    for number in range(3):
        put_stock(warehouse, make_sku(f"SKU-{number}"), 10 + number)


def test_the_drill(stock, media: Path, tmp_path: Path, elsewhere: Manage):
    movements = StockMovement.objects.count()
    copy = tmp_path / "copy"
    back_up(copy)

    restored = elsewhere("restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    assert "lacks the key" in restored.stdout, "another installation has other keys"
    assert (tmp_path / "second/media/jobs/ab/orders.csv").read_text() == media.read_text()

    checked = elsewhere("reconcile_stock")
    assert (checked.returncode, checked.stdout) == (0, "3 stock levels agree with ledger and reservations.\n")
    count = "from inventory.models import StockMovement as m; print(m.objects.count())"
    assert elsewhere("shell", "--no-imports", "-c", count).stdout.strip() == str(movements)
    assert "No migrations to apply" in elsewhere("migrate").stdout
    spoil = "from inventory.models import StockLevel as s; s.objects.update(on_hand=99)"
    elsewhere("shell", "--no-imports", "-c", spoil)
    assert elsewhere("reconcile_stock").returncode == 1, "the drill sees what doesn't add up"
    refuse = "from inventory.models import StockMovement as m; m.objects.all().delete()"
    assert "append-only" in elsewhere("shell", "--no-imports", "-c", refuse).stderr, "triggers came along"

    again = elsewhere("restore", str(copy))
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert elsewhere("restore", "--force", str(copy)).returncode == 0
    assert elsewhere("reconcile_stock").returncode == 0


def test_a_copy_that_can_t_be_read_back_costs_nothing(stock, media: Path, tmp_path: Path, elsewhere: Manage):
    copy = tmp_path / "copy"
    back_up(copy)
    assert elsewhere("restore", str(copy)).returncode == 0
    dump = copy / "database.dump"
    dump.write_bytes(b"as a newer pg_dump may have written it")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["database.dump"] = hashlib.sha256(dump.read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))

    failed = elsewhere("restore", "--force", str(copy))
    assert failed.returncode == 1
    assert "pg_restore failed" in failed.stderr
    checked = elsewhere("reconcile_stock")
    assert (checked.returncode, checked.stdout) == (0, "3 stock levels agree with ledger and reservations.\n")
    assert (tmp_path / "second/media/jobs/ab/orders.csv").read_text() == media.read_text()


def test_a_damaged_copy_is_refused(media: Path, tmp_path: Path):
    back_up(tmp_path / "copy")
    assert read_manifest(tmp_path / "copy").files.keys() == {"database.dump", "files.tar"}
    with (tmp_path / "copy/files.tar").open("r+b") as file:
        file.write(b"\0")
    with pytest.raises(BackupError, match=r"files\.tar is missing or was changed"):
        read_manifest(tmp_path / "copy")


def test_an_unfinished_copy_is_refused(media: Path, tmp_path: Path):
    back_up(tmp_path / "copy")
    (tmp_path / "copy/manifest.json").unlink()
    with pytest.raises(BackupError, match="no finished backup"):
        read_manifest(tmp_path / "copy")


def test_nothing_is_overwritten_and_no_secret_is_in_the_manifest(media: Path, tmp_path: Path):
    back_up(tmp_path / "copy")
    with pytest.raises(BackupError, match="isn't empty"):
        back_up(tmp_path / "copy")
    manifest = (tmp_path / "copy/manifest.json").read_text()
    assert json.loads(manifest)["format"] == 1
    for secret in (settings.SECRET_KEY, *settings.FIELD_ENCRYPTION_KEYS, connection.settings_dict["PASSWORD"]):
        assert secret not in manifest
