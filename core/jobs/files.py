"""Files of jobs: below MEDIA_ROOT under random names, served only through a view that checks the right.

Each database puts its files into a folder of its own. What it doesn't know of there, nobody knows; in the folder of
another (a copy for trials, the state before a restore) it may be somebody's.
"""

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.storage import written_whole

FOLDER = "jobs"


class FileTooLarge(DomainError):
    default_code = "file_too_large"
    default_message = _("The file is too large.")


def path_of(name: str) -> Path:
    """The path of a stored file, given the name that the job keeps."""
    return Path(settings.MEDIA_ROOT) / FOLDER / name


def new_name(file_name: str) -> str:
    """A random name with the suffix of `file_name`, in one of 256 folders of this database's."""
    token = secrets.token_hex(16)
    suffix = Path(file_name).suffix.lower()[:8]
    name = f"{_own_folder()}/{token[:2]}/{token}{suffix}"
    path_of(name).parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    return name


def keep_input(source: "UploadedFile[Any] | IO[bytes] | Path") -> tuple[str, str]:
    """Store an upload, an open binary file or a path; returns (stored name, original name).

    Raises FileTooLarge above settings.UPLOAD_MAX_BYTES, StorageFull.
    """
    original = Path(str(getattr(source, "name", source))).name[:255]
    stored = new_name(original)
    target = path_of(stored)
    with written_whole(target), target.open("xb") as out:
        if isinstance(source, Path):
            with source.open("rb") as handle:
                _copy(handle, out)
        else:
            _copy(source, out)
    return stored, original


def _copy(source: Any, out: IO[bytes]) -> None:
    left = settings.UPLOAD_MAX_BYTES
    while chunk := source.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise FileTooLarge(
                _("The file is larger than %(limit)d MB.") % {"limit": settings.UPLOAD_MAX_BYTES >> 20},
                field="file",
            )
        out.write(chunk)


def own_names_untouched_since(at: datetime) -> list[str]:
    """Stored names of the files in this database's folder that were last written before `at`."""
    names = []
    for path in path_of(_own_folder()).glob("*/*"):
        with suppress(FileNotFoundError):  # somebody else deletes at this moment
            if path.stat().st_mtime < at.timestamp():
                names.append(path.relative_to(path_of("")).as_posix())
    return names


def _own_folder() -> str:
    """A name that a copy doesn't share with its original: of the server's files, the database and its timeline.

    A dump that is read in elsewhere, and a base backup that is recovered, get another one; a standby that takes over
    does, too, which only means that what is left behind there stays. Asked every time: a connection may lead
    elsewhere tomorrow.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        [identity] = cursor.fetchone()
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


_IDENTITY = """
SELECT concat_ws('/', s.system_identifier, d.oid, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))
FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()
"""


def delete(name: str) -> None:
    if name:
        path_of(name).unlink(missing_ok=True)
