from core.cases.registry import CaseSeed
from core.cases.services.opening import clear_cases, open_cases
from core.cases.services.work import assign, comment, look_again, reopen, resolve, resume, start, unassign, wait

__all__ = [
    "CaseSeed",
    "assign",
    "clear_cases",
    "comment",
    "look_again",
    "open_cases",
    "reopen",
    "resolve",
    "resume",
    "start",
    "unassign",
    "wait",
]
