"""Writing files that may not fit."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFull(DomainError):
    default_code = "storage_full"
    default_message = _("There is no room left to keep the file. Nothing was taken; tell an administrator.")


@contextmanager
def room_needed() -> Iterator[None]:
    """For a block that writes files of its own. Raises StorageFull where disk or quota is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(field="file") from error
        raise


@contextmanager
def written_whole(path: Path) -> Iterator[None]:
    """Leave no part of `path` behind if the block fails. Raises StorageFull where disk or quota is full."""
    try:
        with room_needed():
            yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
