"""Files of jobs: below MEDIA_ROOT under random names, served only through a view that checks the right."""

import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
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
    """A random name with the suffix of `file_name`, in one of 256 folders."""
    token = secrets.token_hex(16)
    suffix = Path(file_name).suffix.lower()[:8]
    path = path_of(f"{token[:2]}/{token}{suffix}")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    return f"{token[:2]}/{path.name}"


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


def names_untouched_since(at: datetime) -> list[str]:
    """Stored names of the files that were last written before `at`."""
    names = []
    for path in path_of("").glob("*/*"):
        with suppress(FileNotFoundError):  # somebody else deletes at this moment
            if path.stat().st_mtime < at.timestamp():
                names.append(path.relative_to(path_of("")).as_posix())
    return names


def delete(name: str) -> None:
    if name:
        path_of(name).unlink(missing_ok=True)
