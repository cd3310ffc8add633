from core.cases.registry import CaseSeed
from core.cases.services.opening import clear_cases, open_cases
from core.cases.services.work import (
    assign,
    comment,
    look_again,
    pass_on,
    reopen,
    resolve,
    resume,
    start,
    unassign,
    wait,
)

__all__ = [
    "CaseSeed",
    "assign",
    "clear_cases",
    "comment",
    "look_again",
    "open_cases",
    "pass_on",
    "reopen",
    "resolve",
    "resume",
    "start",
    "unassign",
    "wait",
]
