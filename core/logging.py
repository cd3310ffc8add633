"""What never gets into a log line: secrets, and data about persons."""

import re
from collections.abc import MutableMapping
from typing import Any

from core.context import REQUEST_ID_KEY
from core.redaction import HIDDEN, redact

# In running text there is no key to judge by, only the look of the value.
_SECRET_TEXT = re.compile(
    r"(?P<key>eck_[A-Za-z0-9]{12}_)[A-Za-z0-9]+"
    r"|(?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<parameter>\b(?:token|password|secret|signature|sign|key)=)[^\s&\"']+",
    re.IGNORECASE,
)
# PostgreSQL's errors quote the row: the value that is taken, all of one that breaks a rule, the line of a COPY. The
# value may hold anything, so everything goes as far as PostgreSQL or Python go on with something else. Whoever asks
# for an address writes into the log too: no pattern here may take longer than its text is long.
_ROW_TEXT = re.compile(
    r"(?P<key>\bKey \([^\n]{1,200}?\)=)\("
    r"|(?P<row>\bFailing row contains )\("
    r'|(?P<line>\bCOPY \w{1,63}, line \d{1,20}(?:, column \w{1,63})?: )"',
)
_NEXT_PART = re.compile(r"\n(?=CONTEXT:|HINT:|STATEMENT:|\nThe above exception|\nDuring handling)")
_EMAIL_TEXT = re.compile(r"\b([A-Za-z0-9])[A-Za-z0-9._%+-]{0,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


def scrub_text(text: str) -> str:
    """Running text without keys, passwords, e-mail addresses, and what a database error quotes."""
    text = _SECRET_TEXT.sub(lambda match: f"{next(filter(None, match.groups()))}{HIDDEN}", text)
    return _EMAIL_TEXT.sub(r"\1•••", _without_rows(text))


def _without_rows(text: str) -> str:
    parts, place = [], 0
    while found := _ROW_TEXT.search(text, place):
        parts += [text[place : found.end() - 1], HIDDEN]
        following = _NEXT_PART.search(text, found.end())
        place = following.start() if following else len(text)
    return "".join([*parts, text[place:]])


def redact_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: the last one before rendering, so that tracebacks are scrubbed as well."""
    for key, value in event.items():
        clean = redact(value, key)
        event[key] = scrub_text(clean) if isinstance(clean, str) else clean
    return event


def add_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: Django writes its line about an answer of 4xx when the id is bound no more."""
    request = event.get("request")
    if "request_id" not in event and (request_id := getattr(request, "META", {}).get(REQUEST_ID_KEY)):
        event["request_id"] = request_id
    return event
