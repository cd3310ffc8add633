"""PostgreSQL and Redis of the run, which it may kill, stop and start as it likes."""

import fcntl
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecom_admin.embedded.paths import EmbeddedError, Paths
from ecom_admin.embedded.servers import Postgres, Redis, Server


class Servers:
    """Both servers; faults hold `lock` so that two of them never start the same server."""

    def __init__(self, data_dir: Path) -> None:
        paths = Paths(data_dir)
        paths.prepare()
        self.paths = paths
        self.postgres = Postgres(paths)
        self.redis = Redis(paths)
        self.lock = threading.Lock()

    def kill(self, server: Server, how: signal.Signals, *, away: float) -> None:
        """Send `how` to the server's first process, and start it again `away` seconds after it ended."""
        with self.lock:
            if server.process is None:
                raise EmbeddedError(f"{server.name} isn't running")
            server.process.send_signal(how)
            server.process.wait(30)
            time.sleep(away)
            server.start()

    @contextmanager
    def hung(self, server: Server) -> Iterator[None]:
        """The server neither answers nor refuses while the block runs."""
        with self.lock:
            if server.process is None:
                raise EmbeddedError(f"{server.name} isn't running")
            server.process.send_signal(signal.SIGSTOP)
            try:
                yield
            finally:
                server.process.send_signal(signal.SIGCONT)


@contextmanager
def running(data_dir: Path) -> Iterator[Servers]:
    """Both servers while the block runs. Raises EmbeddedError if another run has the data directory."""
    with (data_dir / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(f"Another run uses {data_dir}.") from None
        servers = Servers(data_dir)
        try:
            servers.postgres.start()
            servers.redis.start()
            yield servers
        finally:
            servers.redis.stop()
            servers.postgres.stop()
