"""What a child process does between fork and exec."""

import ctypes
import signal
import sys

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Take signals again that the parent blocks; be told to stop if the parent dies, even by kill -9."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
