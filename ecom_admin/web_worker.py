"""gunicorn's worker with threads, which leaves new connections to whoever has less to do, and silent clients alone."""

import errno
import selectors
import socket
import time
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

STEP_SECONDS: Final = 0.0002
LONGEST_SECONDS: Final = 0.002
# A phone that lost its network in the middle of a request says no more and never hangs up.
PATIENCE_SECONDS = 30.0


class ClientSocket(socket.socket):
    """A client's connection that counts as broken when nothing came or went for PATIENCE_SECONDS.

    gunicorn waits without a limit once a request has begun, and each wait takes one of few threads.
    """

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(PATIENCE_SECONDS if flag else 0.0)

    def recv(self, *arguments: Any) -> bytes:
        try:
            return super().recv(*arguments)
        except TimeoutError:
            raise _gone() from None

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Piece by piece: Python's own counts the time of the whole, and would cut off a slow line that gets on."""
        left = memoryview(data).cast("B")
        try:
            while left:
                left = left[self.send(left, flags) :]
        except TimeoutError:
            raise _gone() from None

    def sendfile(self, *arguments: Any, **options: Any) -> int:
        try:
            return super().sendfile(*arguments, **options)
        except TimeoutError:
            raise _gone() from None


def _gone() -> ConnectionResetError:
    """What gunicorn and Django take for a client that hung up, and make no noise about."""
    return ConnectionResetError(errno.ECONNRESET, "the client said nothing any more")


class FairThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Hesitates a little before it accepts a connection, the longer the more requests it has in hand.

    All workers wait on the same socket, and whoever wakes first takes what has come. A burst of connections that stay
    open, a shop's system or a proxy, mostly ended in one worker: eight in a burst were 8 and 0 or 7 and 1 half of the
    time, and the other worker's core stood idle for as long as they lasted.
    """

    _hesitates_until: float | None = None

    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
            conn.sock.setblocking(False)
        super().enqueue_req(conn)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, or come back for it: what the worker has in hand goes on meanwhile."""
        if self._hesitates_until is None:
            self._hesitates_until = time.monotonic() + self._hesitation()
        left = self._hesitates_until - time.monotonic()
        if left > 0 and self._is_wanted_within(left, listener):
            return
        self._hesitates_until = None
        super().accept(listener)

    def _hesitation(self) -> float:
        in_hand = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return min(in_hand * STEP_SECONDS, LONGEST_SECONDS) if self.cfg.workers > 1 else 0.0

    def _is_wanted_within(self, seconds: float, listener: socket.socket) -> bool:
        """Wait for the events of the connections that the worker has. The loop sees to them, and comes back."""
        self.poller.unregister(listener)
        try:
            return bool(self.poller.select(seconds))
        finally:
            self.poller.register(listener, selectors.EVENT_READ, self.accept)
