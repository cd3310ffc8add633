"""What the running request or task carries along: its id, bound to every log line and audit row."""

import re
import uuid

from structlog.contextvars import bind_contextvars, get_contextvars, unbind_contextvars

REQUEST_ID_KEY = "ecom.request_id"  # where a request keeps it, in META
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def current_request_id() -> str:
    """The id of the request (or of the request that sent the running task); empty outside both."""
    return str(get_contextvars().get("request_id", ""))


def bind_request_id(proposed: str = "") -> str:
    """Take over a well-formed id from outside, or make one, and bind it. Returns the bound id."""
    request_id = proposed if _ACCEPTED.fullmatch(proposed) else uuid.uuid4().hex
    bind_contextvars(request_id=request_id)
    return request_id


def unbind_request_id() -> None:
    """Forget the id, at the end of the request or task."""
    unbind_contextvars("request_id")
