"""Which key is it, which channel may it use, and how often."""

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple, Self

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
_BY_ID: Final = KeptQuery(lambda pk: _channels().filter(pk=pk), pk="bigint")
_BY_CODE: Final = KeptQuery(lambda code: _channels().filter(code=code), code="text")


def _channels() -> QuerySet[Channel]:
    """Without what no order needs and takes time to read."""
    return Channel.objects.defer("webhook_secret", "settings")


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request shows of who sends it: `Authorization: Bearer …`, and the channel that it is for: the key's own,
    or the one named by `?channel=CODE` or X-Channel.

    As a Sender, the requests that are taken together are identified together, after the last of them came.
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
        return sha256(f"{self.code}\0{self.token}".encode(errors="surrogatepass")).hexdigest()

    def admit(self) -> None:
        """Count a request and let its body in to be read. Raises what identify() does and, above the key's rate, 429.

        Strangers and whoever sends too much are kept out before they cost anything. The key is looked at once a minute
        only: identify() decides whether anything is done with the body.
        """
        identity, now = self.identity, time.monotonic()
        known = _admitted.get(identity)
        if known is not None and known.until > now:
            _count(known.key_id)
            return
        key, named = self._prove()
        _count(key.pk)
        _channel_of(key, self.code, named)
        if len(_admitted) >= _MAX_ADMITTED:
            _admitted.clear()
        _admitted[identity] = _Admitted(key.pk, now + _ADMITTED_SECONDS)

    def identify(self) -> tuple[Channel, Actor]:
        """The channel and the key as the author.

        Raises ApiError 401 without a usable key, 403 for a channel that isn't the key's, 422 where a key for all
        channels names none.
        """
        key, named = self._prove()
        note_api_key_use(key)
        return _channel_of(key, self.code, named), Actor.for_api_key(key)

    def _prove(self) -> tuple[ApiKey, Channel | None]:
        """The key, and the channel that the request names."""
        key, named = authenticate_api_key_with(self.token, _BY_CODE, code=self.code)
        if key is None:
            raise ApiError(
                401,
                "bad_key",
                "The API key is missing, wrong, expired or revoked.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return key, named


class _Admitted(NamedTuple):
    """A key that was good for a channel, and until when (time.monotonic) it isn't looked at again."""

    key_id: int
    until: float


_admitted: dict[str, _Admitted] = {}


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


def _count(key_id: int) -> None:
    """Refuse a key above its requests a minute."""
    limit = settings.API_REQUESTS_PER_MINUTE
    wait = roughly_seconds_to_wait(what="api", who=str(key_id), limit=limit)
    if wait:
        raise ApiError(
            429,
            "too_many_requests",
            f"More than {limit} requests a minute. Send up to 500 orders in one request.",
            headers={"Retry-After": str(wait)},
        )
