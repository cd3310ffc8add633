"""Copies of the whole installation: database and uploaded files in one folder, with sums that prove them whole.

The database is copied with PostgreSQL's own pg_dump from one snapshot while work goes on. Files are copied after it,
so every file that a copied row names is there. Keys and passwords are not in the copy.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.version import version
from ecom_admin.embedded.paths import EmbeddedError, Paths

DATABASE_FILE = "database.dump"
FILES_FILE = "files.tar"
MANIFEST_FILE = "manifest.json"
FORMAT = 1
_ASIDE = "before_restore"


class BackupError(Exception):
    """The copy can't be made or used; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """What a copy is: `files` maps names to SHA-256 sums."""

    format: int
    version: str
    made_at: str
    server_version: str
    key_fingerprints: list[str]
    files: dict[str, str]


def back_up(folder: Path) -> Manifest:
    """Copy database and files into `folder`, which must be new or empty. Raises BackupError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} isn't empty.")
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DATABASE_FILE}")
    _pack_files(folder / FILES_FILE)
    manifest = Manifest(
        format=FORMAT,
        version=version(),
        made_at=timezone.now().isoformat(timespec="seconds"),
        server_version=_server_version(),
        key_fingerprints=_key_fingerprints(),
        files={name: _sum(folder / name) for name in (DATABASE_FILE, FILES_FILE)},
    )
    # Written last: a folder without it is a copy that broke off.
    (folder / MANIFEST_FILE).write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def back_up_base(folder: Path) -> None:
    """Copy the server's data directory with the log it needs: what point-in-time recovery starts from."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} isn't empty.")
    _run("pg_basebackup", "--format=tar", "--gzip", "--wal-method=stream", "--checkpoint=fast", f"--pgdata={folder}",
         database=False)  # fmt: skip


def read_manifest(folder: Path) -> Manifest:
    """The copy's manifest, after comparing all sums. Raises BackupError where anything is missing or changed."""
    try:
        data: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text())
        manifest = Manifest(**data)
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no finished backup: {MANIFEST_FILE} is missing.") from None
    except (ValueError, TypeError):
        raise BackupError(f"{folder / MANIFEST_FILE} can't be read.") from None
    if manifest.format != FORMAT:
        raise BackupError(f"The backup has format {manifest.format}, this version reads {FORMAT}.")
    for name, expected in manifest.files.items():
        if not (folder / name).is_file() or _sum(folder / name) != expected:
            raise BackupError(f"{folder / name} is missing or was changed since the backup.")
    return manifest


def restore(folder: Path, *, force: bool = False) -> Manifest:
    """Put a copy in place of this installation's database and files.

    Raises BackupError if the copy is damaged, or if there is anything here already and not `force`. What was in the
    database goes only when the copy is there: a dump that can't be read back costs nothing.
    """
    manifest = read_manifest(folder)
    if not force and (tables := _tables()):
        raise BackupError(f"The database holds {tables} tables already; --force replaces all of them.")
    if not force and any(Path(settings.MEDIA_ROOT).glob("*")):
        raise BackupError(f"{settings.MEDIA_ROOT} holds files already; --force replaces all of them.")
    if _has_schema(_ASIDE):
        raise BackupError(
            f"The schema {_ASIDE} holds what was here before a restore that was killed. "
            "Rename it to public, or drop it."
        )
    _execute(f"ALTER SCHEMA public RENAME TO {_ASIDE}", "CREATE SCHEMA public")
    try:
        _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
             f"--dbname={settings.DATABASES['default']['NAME']}", str(folder / DATABASE_FILE),
             database=False)  # fmt: skip
    except BackupError:
        _execute("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {_ASIDE} RENAME TO public")
        raise
    _execute(f"DROP SCHEMA {_ASIDE} CASCADE")
    _unpack_files(folder / FILES_FILE)
    return manifest


def _execute(*statements: str) -> None:
    """All of them or none, over a connection that others don't wait for afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def _has_schema(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)", [name])
        return bool(cursor.fetchone()[0])


def missing_keys(manifest: Manifest) -> bool:
    """Whether credentials in the copy were encrypted with a key that this installation lacks."""
    return bool(manifest.key_fingerprints) and manifest.key_fingerprints[0] not in _key_fingerprints()


def _run(tool: str, *arguments: str, database: bool = True) -> None:
    """Run one of PostgreSQL's programs on this installation's server; the password goes by the environment."""
    place = connection.settings_dict
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": str(place["HOST"]),
        "PGPORT": str(place["PORT"]),
        "PGUSER": str(place["USER"]),
        "PGPASSWORD": str(place["PASSWORD"]),
        **{f"PG{name.upper()}": str(place["OPTIONS"][name]) for name in _SSL if name in place["OPTIONS"]},
    }
    if database:
        environment["PGDATABASE"] = str(place["NAME"])
    answer = subprocess.run(  # noqa: S603
        [_tool(tool), "--no-password", *arguments],
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise BackupError(f"{tool} failed:\n{answer.stderr.strip()[-2000:]}")


_SSL = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def _tool(name: str) -> str:
    """PostgreSQL's program: for an external server the one on PATH, otherwise the wheel's."""
    if settings.DATABASE_URL and (found := shutil.which(name)):
        return found
    try:
        return str(Paths(settings.DATA_DIR).postgres_bin / name)
    except EmbeddedError:
        raise BackupError(f"{name} isn't on PATH; install PostgreSQL's client programs.") from None


def _pack_files(path: Path) -> None:
    root = Path(settings.MEDIA_ROOT)
    with tarfile.open(path, "w") as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file() and not file.is_symlink():
                archive.add(file, arcname=str(file.relative_to(root)), recursive=False)


def _unpack_files(path: Path) -> None:
    root = Path(settings.MEDIA_ROOT)
    for old in root.glob("*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    root.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path) as archive:
        archive.extractall(root, filter="data")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key_fingerprints() -> list[str]:
    """Which keys encrypt stored credentials, without giving them away (a key has 256 random bits)."""
    return [hashlib.sha256(key.encode()).hexdigest()[:16] for key in settings.FIELD_ENCRYPTION_KEYS]


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return int(cursor.fetchone()[0])
