"""POST /hooks/shopify/CHANNEL: orders as Shopify pushes them."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.actor import Actor
from core.nudging import breaker, redis_client
from orders.api.errors import ApiError
from orders.api.requests import parse_json, read_body
from orders.api.views import api
from orders.channels import canonical_payload
from orders.channels.shopify import TOPICS, is_signed, orders_in
from orders.enums import ChannelKind, IntakeSource
from orders.models import Channel
from orders.schema import FieldError
from orders.services.intake import MAX_BATCH, IntakeResult
from orders.services.intake_together import KnownSender, receive_together

_REMEMBERED_SECONDS: Final = 48 * 3600


@api("POST")
def shopify(request: HttpRequest, code: str) -> HttpResponse:
    """Take a signed push. Answers 200 once it is kept, whatever became of it: sending it again wouldn't help.

    A wrong signature and an unknown channel get the same 401. Topics that aren't about orders are kept and left
    alone. A delivery that Shopify repeats is answered at once while Redis remembers its id, and is a duplicate
    by its content when it doesn't.
    """
    body = read_body(request)
    channel = Channel.objects.filter(code=code, kind=ChannelKind.SHOPIFY).first()
    secret = channel.webhook_secret if channel is not None else ""
    signed = is_signed(secret or "no channel", body, request.headers.get("X-Shopify-Hmac-Sha256", ""))
    if channel is None or not secret or not signed:
        raise ApiError(401, "bad_signature", "The signature doesn't fit.")
    if not channel.is_active:
        raise ApiError(403, "channel_inactive", "This channel is switched off.")
    delivery = request.headers.get("X-Shopify-Webhook-Id", "")[:100]
    if delivery and _is_known(channel, delivery):
        return JsonResponse({"results": [], "repeated": True})
    topic = request.headers.get("X-Shopify-Topic", "")[:60]
    raws = orders_in(parse_json(body))
    batches = [raws[start : start + MAX_BATCH] for start in range(0, len(raws), MAX_BATCH)]
    results = [result for batch in batches for result in _take(channel, topic, batch)]
    if delivery:
        _remember(channel, delivery)
    return JsonResponse({"results": [{"outcome": r.outcome.value, "order_number": r.order_number} for r in results]})


def _take(channel: Channel, topic: str, raws: list[Any]) -> list[IntakeResult]:
    shop = Actor(user_id=None, label=f"Shopify ({channel.code})", kind="api")
    payloads = [_payload(topic, raw) for raw in raws]
    return receive_together(KnownSender(channel, shop), payloads, source=IntakeSource.WEBHOOK, raws=raws)


def _payload(topic: str, raw: Any) -> Any:
    if topic not in TOPICS:
        printable = "".join(c for c in topic if c.isprintable())
        return [FieldError("topic", "unknown_topic", {"topic": printable})]
    return canonical_payload(IntakeSource.WEBHOOK, raw)


def _is_known(channel: Channel, delivery: str) -> bool:
    if breaker.is_open:
        return False
    found = 0
    with breaker.guard("look for a webhook delivery"):
        found = int(redis_client().exists(_key(channel, delivery)))
    return found > 0


def _remember(channel: Channel, delivery: str) -> None:
    """After the commit, so that a delivery that failed half-way is taken when it comes again."""
    if breaker.is_open:
        return
    with breaker.guard("note of a webhook delivery"):
        redis_client().set(_key(channel, delivery), b"1", ex=_REMEMBERED_SECONDS)


def _key(channel: Channel, delivery: str) -> str:
    return f"ecom:webhook:{channel.pk}:{delivery}"
