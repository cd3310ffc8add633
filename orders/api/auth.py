"""Which key is it, which channel may it use, and how often."""

from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest

from core.accounts.models import ApiKey
from core.accounts.selectors import authenticate_api_key_with
from core.accounts.services.api_keys import note_api_key_use
from core.kept import KeptQuery
from core.rate_limit import seconds_to_wait
from orders.api.errors import ApiError
from orders.models import Channel

SCOPE: Final = "channel"
_BY_ID: Final = KeptQuery(lambda pk: _channels().filter(pk=pk), pk="bigint")
_BY_CODE: Final = KeptQuery(lambda code: _channels().filter(code=code), code="text")


def _channels() -> QuerySet[Channel]:
    """Without what no order needs and takes time to read."""
    return Channel.objects.defer("webhook_secret", "settings")


def authenticate(request: HttpRequest) -> tuple[ApiKey, Channel]:
    """The key of `Authorization: Bearer …`, and the channel that the request is for: the key's own, or the one named
    by `?channel=CODE` or X-Channel.

    Raises ApiError 401 without a usable key; above the key's rate, 429; 403 for a channel that isn't the key's, 422
    where a key for all channels names none.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    code = (request.GET.get("channel") or request.headers.get("X-Channel", "")).replace("\x00", "")
    token = token.strip() if scheme.lower() == "bearer" else ""
    key, named = authenticate_api_key_with(token, _BY_CODE, code=code)
    if key is None:
        raise ApiError(
            401, "bad_key", "The API key is missing, wrong, expired or revoked.", headers={"WWW-Authenticate": "Bearer"}
        )
    _count(key)
    note_api_key_use(key)
    return key, _channel_of(key, code, named)


def _channel_of(key: ApiKey, code: str, named: Channel | None) -> Channel:
    if key.scope_kind not in ("", SCOPE):
        raise ApiError(403, "wrong_scope", "This key isn't for channels.")
    if not key.scope_kind and not code:
        raise ApiError(422, "channel_required", "Name the channel: ?channel=CODE.", "channel")
    channel = named if code else _BY_ID.fetch_one(pk=key.scope_object_id)
    if key.scope_kind and (channel is None or channel.pk != key.scope_object_id):
        raise ApiError(403, "other_channel", "This key is for another channel.", "channel")
    if channel is None:
        raise ApiError(403, "other_channel", "There is no such channel, or the key isn't for it.", "channel")
    if not channel.is_active:
        raise ApiError(403, "channel_inactive", "This channel is switched off.", "channel")
    return channel


def _count(key: ApiKey) -> None:
    """Refuse a key above its requests a minute."""
    limit = settings.API_REQUESTS_PER_MINUTE
    wait = seconds_to_wait(what="api", who=str(key.pk), limit=limit)
    if wait:
        raise ApiError(
            429,
            "too_many_requests",
            f"More than {limit} requests a minute. Send up to 500 orders in one request.",
            headers={"Retry-After": str(wait)},
        )
