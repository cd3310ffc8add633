"""gunicorn's worker with threads, which leaves new connections to whoever has fewer."""

import socket
import time
from typing import Final

from gunicorn.workers.gthread import ThreadWorker

STEP_SECONDS: Final = 0.0002
LONGEST_SECONDS: Final = 0.002


class FairThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Hesitates a little before it accepts a connection, the longer the more it has.

    All workers wait on the same socket, and whoever wakes first takes what has come. A burst of connections that stay
    open, a shop's system or a proxy, mostly ended in one worker: eight in a burst were 8 and 0 or 7 and 1 half of the
    time, and the other worker's core stood idle for as long as they lasted.
    """

    def accept(self, listener: socket.socket) -> None:
        if self.nr_conns and self.cfg.workers > 1:
            time.sleep(min(self.nr_conns * STEP_SECONDS, LONGEST_SECONDS))
        super().accept(listener)
