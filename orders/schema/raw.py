"""What a channel sent, in a form that PostgreSQL's jsonb can keep, and its fingerprint."""

import json
import re
from hashlib import sha256
from typing import Any, Final

KEPT_CHARACTERS: Final = 2000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def storable(raw: Any) -> tuple[str, str]:
    """(`raw` as text of JSON that can be stored, SHA-256 of it in hex).

    jsonb can't hold NUL and lone surrogates: they become U+FFFD. Decimals become strings. What can't be JSON at
    all (nested too deeply, a number of thousands of digits) is kept as the beginning of its text.
    """
    if raw is None:  # would become SQL's NULL
        raw = {"unstorable": "null"}
    try:
        text = _dump(raw)
        if not _is_clean(text):
            text = _dump(_clean(raw))
    except (ValueError, TypeError, RecursionError):
        text = _dump({"unstorable": _beginning(raw)})
    return text, sha256(text.encode()).hexdigest()


_dump = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


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
