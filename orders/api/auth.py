"""Which key is it, which channel may it use, and how often."""

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest

from core.accounts.models import ApiKey
from core.accounts.selectors import authenticate_api_key_with
from core.accounts.services.api_keys import note_api_key_use
from core.actor import Actor
from core.kept import KeptQuery
from core.rate_limit import roughly_seconds_to_wait
from orders.api.errors import ApiError
from orders.models import Channel

SCOPE: Final = "channel"
_ADMITTED_SECONDS: Final = 60.0
_MAX_ADMITTED: Final = 1000
_admitted_until: dict[str, float] = {}
_BY_ID: Final = KeptQuery(lambda pk: _channels().filter(pk=pk), pk="bigint")
_BY_CODE: Final = KeptQuery(lambda code: _channels().filter(code=code), code="text")


def _channels() -> QuerySet[Channel]:
    """Without what no order needs and takes time to read."""
    return Channel.objects.defer("webhook_secret", "settings")


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request shows of who sends it: `Authorization: Bearer …`, and the channel that it is for: the key's own,
    or the one named by `?channel=CODE` or X-Channel.

    As a Sender, the requests that are taken together are checked and counted together, after the last of them came.
    """

    token: str = field(repr=False)
    code: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        code = request.GET.get("channel") or request.headers.get("X-Channel", "")
        return cls(token.strip() if scheme.lower() == "bearer" else "", code.replace("\x00", ""))

    @property
    def identity(self) -> str:
        return sha256(f"{self.code}\0{self.token}".encode(errors="replace")).hexdigest()

    def identify(self, requests: int = 1) -> tuple[Channel, Actor]:
        """The channel and the key as the author, after counting the requests.

        Raises ApiError 401 without a usable key; above the key's rate, 429; 403 for a channel that isn't the key's,
        422 where a key for all channels names none.
        """
        key, named = authenticate_api_key_with(self.token, _BY_CODE, code=self.code)
        if key is None:
            raise ApiError(
                401,
                "bad_key",
                "The API key is missing, wrong, expired or revoked.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if requests:
            _count(key, requests)
        note_api_key_use(key)
        return _channel_of(key, self.code, named), Actor.for_api_key(key)

    def admit(self) -> None:
        """Let a body in to be read: raises what identify() does, but asks only once a minute, and counts nothing.

        Strangers are kept out before they cost anything. What is done with the body identify() decides.
        """
        identity, now = self.identity, time.monotonic()
        if _admitted_until.get(identity, 0.0) > now:
            return
        self.identify(requests=0)
        if len(_admitted_until) >= _MAX_ADMITTED:
            _admitted_until.clear()
        _admitted_until[identity] = now + _ADMITTED_SECONDS


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


def _count(key: ApiKey, requests: int) -> None:
    """Refuse a key above its requests a minute."""
    limit = settings.API_REQUESTS_PER_MINUTE
    wait = roughly_seconds_to_wait(what="api", who=str(key.pk), limit=limit, uses=requests)
    if wait:
        raise ApiError(
            429,
            "too_many_requests",
            f"More than {limit} requests a minute. Send up to 500 orders in one request.",
            headers={"Retry-After": str(wait)},
        )
