"""Uploads that wait for their mapping to be chosen; forgotten ones go after a day."""

import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.storage import written_whole

_KEPT_SECONDS = 24 * 3600


def keep_upload(upload: "File[Any]") -> str:
    """Store an upload under a random name, which is returned.

    Raises DomainError above UPLOAD_MAX_BYTES, StorageFull.
    """
    if (upload.size or 0) > settings.UPLOAD_MAX_BYTES:
        megabytes = settings.UPLOAD_MAX_BYTES >> 20
        raise DomainError(
            _("The file is larger than %(limit)d MB.") % {"limit": megabytes}, "file_too_large", field="file"
        )
    _drop_old()
    name = secrets.token_hex(16) + Path(upload.name or "").suffix.lower()[:8]
    path = path_of(name)
    with written_whole(path), path.open("xb") as out:
        shutil.copyfileobj(upload, out)
    return name


def path_of(name: str) -> Path:
    """Where an upload of this name lies."""
    return _folder() / Path(name).name


def find_upload(name: str) -> Path:
    """The file of an upload. Raises DomainError where it is gone."""
    path = path_of(name)
    if not path.is_file():
        raise DomainError(_("The upload was kept for a day and is gone. Upload the file again."), "gone")
    return path


def drop_upload(name: str) -> None:
    if name:
        path_of(name).unlink(missing_ok=True)


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    return folder


def _drop_old() -> None:
    oldest = time.time() - _KEPT_SECONDS
    for path in _folder().iterdir():
        with suppress(FileNotFoundError):  # somebody else was quicker
            if path.stat().st_mtime < oldest:
                path.unlink()
