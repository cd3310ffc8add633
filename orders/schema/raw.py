"""What a channel sent, in a form that PostgreSQL's jsonb can keep, and its fingerprint."""

import json
import re
from hashlib import sha256
from typing import Any, Final

KEPT_CHARACTERS: Final = 2000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"

dump = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


class Dumped(str):
    """A message that is dump()'s text already."""

    __slots__ = ()


def storable(raw: Any) -> tuple[str, str]:
    """(`raw` as text of JSON that can be stored, SHA-256 of it in hex).

    jsonb can't hold NUL and lone surrogates: they become U+FFFD. Decimals become strings. What can't be JSON at
    all (nested too deeply, a number of thousands of digits) is kept as the beginning of its text.
    """
    if raw is None:  # would become SQL's NULL
        raw = {"unstorable": "null"}
    try:
        text = raw if type(raw) is Dumped else dump(raw)
        if not _is_clean(text):
            text = dump(_clean(loaded(raw)))
    except (ValueError, TypeError, RecursionError):
        text = dump({"unstorable": _beginning(raw)})
    return text, sha256(text.encode()).hexdigest()


def loaded(raw: Any) -> Any:
    """The message that a Dumped is the text of; any other as it is."""
    return json.loads(raw) if type(raw) is Dumped else raw


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
