"""`ENGINE = "core.postgres"`."""

import select
import time
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import base

if TYPE_CHECKING:
    from core.late import Writes

# A connection that has been silent for longer may have been forgotten by something between here and the server,
# which no socket shows.
_TRUSTED_SECONDS = 30.0
# A machine or a network that is gone says nothing. By the kernel's own rules whoever waits for it waits for two hours,
# and the server keeps the locks of a process that is gone for as long.
_NOTICED_IN_A_MINUTE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_BY_THE_SERVER = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
# What a request waits for no longer is ended: it holds one of few threads, and whoever asked has given up. What takes
# minutes is for a job.
_FOR_REQUESTS = "-c lock_timeout=10s -c statement_timeout=30s"


class DatabaseWrapper(base.DatabaseWrapper):
    """Sees by the socket whether a kept connection was closed, instead of by a statement before every request.

    Remembers what the connection has prepared (core.prepared) and what takes writes that nobody waits for
    (core.late).
    """

    late: "Writes | None" = None
    answers_requests = False  # whether this is a web server's process: it says so itself (ecom_admin.gunicorn)

    _asked_at = 0.0
    is_outdated = False  # the schema has changed under a prepared statement

    @property
    def is_pooled(self) -> bool:
        """Whether PgBouncer may hand every statement to another connection."""
        return bool(self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))

    def get_connection_params(self) -> Any:
        params = {**_NOTICED_IN_A_MINUTE, **super().get_connection_params()}
        if not self.is_pooled:
            # Plans are kept, so they hold for any number of values; what PostgreSQL guesses of the others' cost
            # would make it plan short statements anew each time.
            own = f"{_BY_THE_SERVER} -c plan_cache_mode=force_generic_plan"
            if self.answers_requests:
                own = f"{own} {_FOR_REQUESTS}"
            params["options"] = f"{params.get('options', '')} {own}".strip()
        return params

    def get_new_connection(self, conn_params: Any) -> Any:
        self.prepared: set[str] = set()
        self.is_outdated = False
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the server is still there. A server that ends, by kill -9 too, leaves something to be read."""
        if self.is_outdated:
            return False
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
