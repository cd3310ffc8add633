"""Recovery to a point in time: a base backup and the archived write-ahead log become a new data directory.

The server that is started on it replays the log up to the wanted instant and opens for work. All that it needs is in
the directory, so that it doesn't matter which account runs the server.
"""

import os
import shutil
import tarfile
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from ecom_admin.backup import BackupError

BASE_FILE, LOG_FILE = "base.tar.gz", "pg_wal.tar.gz"
LOG_FOLDER = "recovery_wal"
_SETTINGS = """
# Recovery prepared by manage.py recover
restore_command = 'cp {folder}/%f "%p"'
recovery_target_timeline = 'latest'
recovery_target_action = 'promote'
"""


def prepare_recovery(base: Path, *, log: Path, until: datetime | None, directory: Path) -> Path | None:
    """Make `directory` the data directory of a server that recovers to `until` (None: to the end of the log).

    `base` is what `manage.py backup --base` wrote, `log` the folder of archived segments. What was in `directory`
    is moved aside; returns to where. The server must be stopped. Raises BackupError where something is missing.
    """
    for part in (base / BASE_FILE, base / LOG_FILE):
        if not part.is_file():
            raise BackupError(f"{base} is no base backup: {part.name} is missing.")
    if not log.is_dir():
        raise BackupError(f"{log}, the folder of the archived log, doesn't exist.")
    if (directory / "postmaster.pid").exists():
        raise BackupError(f"{directory} is in use: stop PostgreSQL first (or delete a left-over postmaster.pid).")
    owner = (directory if directory.exists() else directory.parent).stat()
    aside = _move_aside(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _unpack(base / BASE_FILE, directory)
    _unpack(base / LOG_FILE, directory / "pg_wal")
    if _copy_log(log, directory / LOG_FOLDER, first=_first_segment(directory)) == 0:
        raise BackupError(f"{log} holds no segment from the base backup's time or later.")
    _configure(directory, until)
    _give_to(directory, owner)
    return aside


def _move_aside(directory: Path) -> Path | None:
    if not directory.exists() or not any(directory.iterdir()):
        return None
    aside = directory.with_name(f"{directory.name}.before-{timezone.now():%Y%m%dT%H%M%S}")
    directory.rename(aside)
    return aside


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def _first_segment(directory: Path) -> str:
    """The log file that recovery starts with, as the base backup's label names it."""
    label = (directory / "backup_label").read_text()
    return label.partition("(file ")[2].partition(")")[0]


def _copy_log(log: Path, folder: Path, *, first: str) -> int:
    """Copy the segments from `first` on, and the histories of timelines; returns how many.

    Names of segments begin with their timeline, which rises with every recovery: only the rest tells the order.
    pg_receivewal calls the segment that it is at `.partial`.
    """
    folder.mkdir(mode=0o700)
    count = 0
    for file in sorted(log.iterdir()):
        name = file.name.removesuffix(".partial")
        is_segment = len(name) == len(first) and name[8:] >= first[8:]
        if (is_segment and not (folder / name).exists()) or name.endswith(".history"):
            shutil.copyfile(file, folder / name)
            count += is_segment
    return count


def _configure(directory: Path, until: datetime | None) -> None:
    lines = _SETTINGS.format(folder=LOG_FOLDER)
    if until is not None:
        lines += f"recovery_target_time = '{until.isoformat()}'\n"
    with (directory / "postgresql.auto.conf").open("a") as settings:
        settings.write(lines)
    (directory / "recovery.signal").touch()


def _give_to(directory: Path, owner: os.stat_result) -> None:
    """PostgreSQL wants its files to be its own and closed to others."""
    for path in (directory, *directory.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
