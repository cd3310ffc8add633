"""The process that owns the embedded servers while somebody holds them.

Every process that uses the servers has a shared lock on `holders.lock`. The kernel drops it however that
process ends, kill -9 included. The keeper waits for the exclusive lock: when it gets it, nobody is left,
and it stops the servers. It restarts a server that died. If the keeper itself is killed, the kernel tells
the servers to stop, and the next keeper clears what may be left.
"""

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

from ecom_admin.embedded.paths import EmbeddedError, Paths
from ecom_admin.embedded.servers import Postgres, Redis, Server

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
SHORTEST_LIFE_SECONDS = 5


class Keeper:
    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.servers: list[Server] = [Postgres(paths), Redis(paths)]

    def run(self, report_to: int) -> int:
        """Start both servers, write "ready" or what failed to the pipe `report_to`, stay until unused."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS | {signal.SIGCHLD})
        # The keeper's own lock goes first: whoever gets the holders' lock must not believe that it still lives.
        with self.paths.lock("holders").open("w") as holders, self.paths.lock("keeper").open("w") as own_lock:
            fcntl.flock(own_lock, fcntl.LOCK_EX)
            try:
                self.paths.prepare()
                for server in self.servers:
                    server.start()
            except (EmbeddedError, OSError) as error:
                self.stop()
                own_lock.close()
                _report(report_to, str(error))
                return 1
            _report(report_to, "ready")
            return self.stay(holders.fileno())

    def stay(self, holders: int) -> int:
        threading.Thread(target=_wait_for_nobody, args=(holders,), daemon=True).start()
        try:
            while signal.sigwait(STOP_SIGNALS | {signal.SIGCHLD}) == signal.SIGCHLD:
                self.restart_dead()
        except EmbeddedError as error:
            _log(str(error))
            return 1
        finally:
            self.stop()
        return 0

    def restart_dead(self) -> None:
        for server in self.servers:
            if server.process is None or server.process.poll() is None:
                continue
            _log(f"{server.name} ended with code {server.process.returncode}; starting it again")
            if time.monotonic() - server.started_at < SHORTEST_LIFE_SECONDS:
                raise EmbeddedError(f"{server.name} doesn't stay up; giving up")
            server.start()

    def stop(self) -> None:
        for server in reversed(self.servers):
            server.stop()


def _wait_for_nobody(holders: int) -> None:
    fcntl.flock(holders, fcntl.LOCK_EX)
    os.kill(os.getpid(), signal.SIGUSR1)


def _report(pipe: int, message: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, message.encode())
    os.close(pipe)


def _log(message: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # the keeper outlives the command that started it
    os.setsid()
    sys.exit(Keeper(Paths(Path(sys.argv[1]))).run(int(sys.argv[2])))
