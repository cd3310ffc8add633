"""What a child process does between fork and exec."""

import ctypes
import signal
import sys

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_parent(stop_signal: signal.Signals) -> None:
    """Take signals again that the parent blocks; get `stop_signal` if the parent dies, even by kill -9."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, stop_signal)
