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
def written_whole(path: Path) -> Iterator[None]:
    """Leave no part of `path` behind if the block fails. Raises StorageFull where disk or quota is full."""
    try:
        yield
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise StorageFull(field="file") from error
        raise
