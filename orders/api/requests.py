"""What comes in over HTTP: bodies within their limit, JSON with exact numbers."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from django.http import HttpRequest

from orders.api.errors import ApiError

MAX_BODY_BYTES: Final = 5 * 1024 * 1024
_DRAINED_BYTES: Final = 4 * MAX_BODY_BYTES
_CHUNK: Final = 1 << 16


def read_body(request: HttpRequest) -> bytes:
    """The raw body. Raises ApiError 413 above 5 MB, before anything looks at it."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY_BYTES:
        _drain(request)
        raise too_large()
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    return bytes(body)


def _drain(request: HttpRequest) -> None:
    """Take some of a body that is too large, so that the sender gets to read the answer."""
    left = _DRAINED_BYTES
    while left > 0 and (chunk := request.read(_CHUNK)):
        left -= len(chunk)


def too_large() -> ApiError:
    return ApiError(413, "body_too_large", f"The body is larger than {MAX_BODY_BYTES >> 20} MB.")


def parse_json(body: bytes) -> Any:
    """JSON with exact decimals. Raises ApiError 400.

    NaN and Infinity, which JSON doesn't have, are refused, and so is a key that an object has twice: which of its
    values was meant nobody can say.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError, InvalidOperation) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ApiError(400, "malformed_json", f"The body isn't valid JSON{where}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ApiError(400, "duplicate_key", "The body isn't valid JSON: an object has this key twice.", twice[:64])
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
