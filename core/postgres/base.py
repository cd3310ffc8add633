"""`ENGINE = "core.postgres"`."""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

# A connection that has been silent for longer may have been forgotten by something between here and the server,
# which no socket shows.
_TRUSTED_SECONDS = 30.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Sees by the socket whether a kept connection was closed, instead of by a statement before every request."""

    _asked_at = 0.0
    prepared: frozenset[str] = frozenset()  # names of the statements that this connection knows (core.db.Prepared)

    def get_new_connection(self, conn_params: Any) -> Any:
        self.prepared = frozenset()
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the server is still there. A server that ends, by kill -9 too, leaves something to be read."""
        now = time.monotonic()
        silent_for, self._asked_at = now - self._asked_at, now
        if silent_for < _TRUSTED_SECONDS and self._is_quiet():
            return True
        return bool(super().is_usable())

    def _is_quiet(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLPRI)
        return not poll.poll(0)
