"""A connection to the database that threads use one after the other."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections

# Those that nobody uses now, the warmest last.
IDLE: Final[deque[Any]] = deque()
# What a crowd needed more of isn't kept: the server has few for all.
MOST_IDLE: Final = 2


@contextmanager
def warm_connection() -> Iterator[None]:
    """Work on the connection that some thread of this process used last, instead of the thread's own.

    The server's process behind it has its plans and catalogues at hand, in the processor's cache even. Work that goes
    round among many threads would else find them cold each time. Must begin outside a transaction of the thread's own.
    """
    own: Any = connections[DEFAULT_DB_ALIAS]
    warm = _taken() or _another(own)
    connections[DEFAULT_DB_ALIAS] = warm
    try:
        warm.close_if_unusable_or_obsolete()
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        if not warm.in_atomic_block:  # as an interrupt may leave it: then nobody gets it again
            _keep(warm)


def _keep(warm: Any) -> None:
    IDLE.append(warm)
    with suppress(IndexError):  # other threads keep theirs at the same time
        while len(IDLE) > MOST_IDLE:
            IDLE.popleft().close()


def _taken() -> Any:
    try:
        return IDLE.pop()
    except IndexError:
        return None


def _another(own: Any) -> Any:
    made = own.copy()
    made.inc_thread_sharing()
    return made
