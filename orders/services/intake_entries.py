"""Messages on their way in: parsed, grouped by order, with their outcome. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orders.enums import IntakeOutcome
from orders.models import Channel
from orders.schema import CanonicalOrder, Defaults, FieldError, parse_order
from orders.schema.raw import loaded, storable

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """What became of one payload. `errors` are {field, code, reason}; `order_number` is "" for a rejected one."""

    index: int
    external_id: str
    outcome: IntakeOutcome
    order_number: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)
    order_id: int | None = None


@dataclass(slots=True)
class Entry:
    """One payload. `raw` is the message as text of JSON, `sha256` its fingerprint; `content` is that of the order."""

    index: int
    raw: str
    sha256: str
    external_id: str
    order: CanonicalOrder | None = None
    content: str = ""
    outcome: IntakeOutcome = IntakeOutcome.REJECTED
    errors: list[dict[str, Any]] = field(default_factory=list)
    request_id: str = ""
    order_id: int | None = None
    order_number: str = ""

    @property
    def canonical(self) -> CanonicalOrder:
        """The order of an entry that parsed."""
        if self.order is None:
            raise ValueError("this message was refused")
        return self.order

    @property
    def updated_at(self) -> datetime:
        return (self.order and self.order.updated_at) or _LONG_AGO

    def result(self) -> IntakeResult:
        return IntakeResult(self.index, self.external_id, self.outcome, self.order_number, self.errors, self.order_id)


def defaults_of(channel: Channel) -> Defaults:
    """What the channel supplies where an order is silent."""
    return Defaults(
        currency=channel.currency,
        country=channel.country,
        time_zone=channel.time_zone,
        payment_status="unpaid" if channel.requires_payment else "invoiced",
    )


def prepare(payloads: Sequence[Any], raws: Iterable[Any] | None, *, defaults: Defaults, keep_raw: bool) -> list[Entry]:
    """Parse every payload. `raws` are the messages as they came, or Dumped, where the payloads were made from them.

    A payload that is a list of FieldErrors stands for a message that couldn't be mapped to an order.
    """
    sources = payloads if raws is None else raws
    pairs = enumerate(zip(payloads, sources, strict=True))
    return [_prepare_one(index, *pair, defaults=defaults, keep_raw=keep_raw) for index, pair in pairs]


def _prepare_one(index: int, payload: Any, source: Any, *, defaults: Defaults, keep_raw: bool) -> Entry:
    raw, sha256 = storable(source)
    parsed = payload if _is_refusal(payload) else parse_order(payload, defaults)
    if isinstance(parsed, CanonicalOrder):
        entry = Entry(index, raw, sha256, parsed.external_id, parsed, parsed.content_sha256())
    else:
        entry = Entry(index, raw, sha256, _external_id(payload, source))
        entry.errors = [error.as_json() for error in parsed]
    if not keep_raw:
        entry.raw = "{}"
    return entry


def _is_refusal(payload: Any) -> bool:
    return isinstance(payload, list) and bool(payload) and all(isinstance(e, FieldError) for e in payload)


def _external_id(payload: Any, source: Any) -> str:
    """The order number of a message that didn't parse, as far as it can be read."""
    for candidate in (payload, loaded(source)):
        value = candidate.get("external_id") if isinstance(candidate, dict) else None
        if isinstance(value, str):
            return "".join(c for c in value if c.isprintable()).strip()[:64]
    return ""


def by_order(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries that parsed, grouped by the channel's order number, in order of arrival."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.order is not None:
            groups.setdefault(entry.external_id, []).append(entry)
    return groups


def newest(entries: Sequence[Entry]) -> Entry:
    """The version that counts: the latest by the channel's clock, else by arrival."""
    return max(entries, key=lambda entry: (entry.updated_at, entry.index))


def mark(
    entries: Sequence[Entry],
    first: IntakeOutcome | None,
    known_content: str,
    *,
    order_id: int,
    number: str,
) -> None:
    """Give outcomes to the entries of one order: content seen before is a duplicate, other an update.

    `first` is the outcome of the first entry of a new order; `known_content` what an existing order has.
    """
    seen = {known_content}
    for position, entry in enumerate(entries):
        if position == 0 and first is not None:
            entry.outcome = first
        elif entry.content in seen:
            entry.outcome = IntakeOutcome.DUPLICATE
        else:
            entry.outcome = IntakeOutcome.UPDATED
        seen.add(entry.content)
        entry.order_id, entry.order_number = order_id, number
