"""What a channel sent, in a form that PostgreSQL's jsonb can keep, and its fingerprint."""

import json
import re
from functools import partial
from hashlib import sha256
from typing import Any, Final

KEPT_CHARACTERS: Final = 2000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def storable(raw: Any) -> tuple[Any, str]:
    """(`raw` as JSON that can be stored, SHA-256 of it in hex).

    jsonb can't hold NUL and lone surrogates: they become U+FFFD. Decimals become strings. What can't be JSON at
    all (nested too deeply, a number of thousands of digits) is kept as the beginning of its text.
    """
    foreign: list[Any] = []
    if raw is None:  # would become SQL's NULL
        raw = {"unstorable": "null"}
    try:
        text = _dump(raw, foreign)
        if not _is_clean(text):
            raw = _clean(raw)
            text = _dump(raw, foreign)
    except (ValueError, TypeError, RecursionError):
        raw = {"unstorable": _beginning(raw)}
        text = _dump(raw, foreign)
    return (json.loads(text) if foreign else raw), sha256(text.encode()).hexdigest()


def _dump(raw: Any, foreign: list[Any]) -> str:
    return json.dumps(
        raw,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=partial(_as_text, foreign),
    )


def _as_text(foreign: list[Any], value: Any) -> str:
    foreign.append(value)
    return str(value)


def _is_clean(text: str) -> bool:
    return "\\u0000" not in text and (text.isascii() or not _UNSTORABLE.search(text))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return value


def _beginning(raw: Any) -> str:
    try:
        text = repr(raw)
    except (ValueError, RecursionError):
        text = type(raw).__name__
    return _UNSTORABLE.sub(_REPLACEMENT, text[:KEPT_CHARACTERS])
