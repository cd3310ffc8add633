"""Values and messages that nobody should send, the same in every run."""

import json
import random
from typing import Any

#: What stands where something else should.
VALUES: tuple[Any, ...] = (
    None, True, "", " ", 0, -1, 1.5, [], {}, [[]], "x" * 5_000, "ab\x00c", "\ud800", "\u202e", "²", "NaN", "-Infinity",
    10**30, -(10**30), 10**400, 1e308, "9" * 400, "1e400", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-13-45",
    "99991231", "%s", "'\"<>", {"": {"": [None]}}, [None] * 50, "-1", "+0000", "\r\nX: y",
)  # fmt: skip


def changed(value: Any, dice: random.Random) -> Any:
    """A copy of a JSON value in which one thing, somewhere, is gone, doubled or something else."""
    value = json.loads(json.dumps(value))
    paths = list(_paths(value))
    *way, key = dice.choice(paths) if paths else [None]
    if key is None:
        return dice.choice(VALUES)
    place = value
    for step in way:
        place = place[step]
    kind = dice.random()
    if kind < 0.15:
        del place[key]
    elif kind < 0.25 and isinstance(place, list):
        place.insert(0, place[key])
    else:
        place[key] = dice.choice(VALUES)
    return value


def _paths(value: Any, way: tuple[Any, ...] = ()) -> Any:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*way, key)
        yield from _paths(inner, (*way, key))


def broken(body: bytes, dice: random.Random) -> bytes:
    """A body that is no longer what it was, byte by byte: cut, flipped, or something else altogether."""
    at = dice.randrange(len(body) + 1)
    return dice.choice(
        [
            body[:at],
            body[:at] + dice.randbytes(8) + body[at:],
            b"",
            b"null",
            b"[]",
            b"<html>down</html>",
            b"\xff\xfe" + body,
            b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
            b"[" * 100_000,
            b'{"a": NaN}',
            b'{"a": ' + b"9" * 5_000 + b"}",
            body + body,
        ]
    )


def garbled(body: bytes, dice: random.Random) -> bytes:
    """One of both kinds: JSON with something odd in it, or no JSON at all."""
    if dice.random() < 0.25:
        return broken(body, dice)
    try:
        value = json.loads(body)
    except ValueError:
        return broken(body, dice)
    for _ in range(dice.randint(1, 3)):
        value = changed(value, dice)
    return json.dumps(value).encode()
