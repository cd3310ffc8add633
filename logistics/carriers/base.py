"""What a carrier adapter is.

An adapter speaks one wire format over HTTP and nothing else: no database, no retries, no waiting. It gets a
`Connection` (address, credentials, options) and plain values, and answers with plain values or one of three
errors that tell the caller what to do next:

- `CarrierUnavailable`: not now (down, slow, throttled, broken connection); ask again later;
- `CarrierRejected`: no (bad address, unknown service, wrong password); asking again changes nothing;
- `CarrierGarbled`: an answer that can't be read; like unavailable, but worth a look by a person.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from core import metering, net
from core.addresses import Address
from logistics.carriers.answers import clean_text, is_cost, is_name, is_plausible
from logistics.enums import ShipmentStatus

#: How long what a carrier says may be; numbers and codes that are longer aren't believed, texts are cut.
NUMBER_LENGTH = 64
COMPANY_LENGTH = 32
PLACE_LENGTH = 255
TEXT_LENGTH = 500


class CarrierError(Exception):
    """Base of what an adapter raises; `reason` is for people, `code` is the carrier's own."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        self.reason = clean_text(reason, TEXT_LENGTH).strip() or "the carrier gave no reason"
        self.code = clean_text(code, NUMBER_LENGTH)
        super().__init__(self.reason)


class CarrierUnavailable(CarrierError):
    """The carrier doesn't answer now. `retry_after` in seconds where it said so."""

    def __init__(self, reason: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, code=code)
        self.retry_after = retry_after


class CarrierRejected(CarrierError):
    """The carrier refuses; the same question gets the same answer."""


class CarrierGarbled(CarrierError):
    """The carrier's answer can't be read. `excerpt` keeps its beginning."""

    def __init__(self, reason: str, *, excerpt: str = "") -> None:
        super().__init__(reason)
        self.excerpt = clean_text(excerpt, TEXT_LENGTH)


class PushRefused(Exception):
    """A push whose signature is missing or wrong, or that isn't in the carrier's format at all."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one carrier account.

    `base_url` has no trailing slash. `credentials` and `options` have the keys that the adapter's class
    names. `push_url` is our own public address for this carrier's pushes, empty where there is none.
    """

    code: str
    base_url: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    push_url: str = ""
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class ShipmentItem:
    """A line of a parcel, as a customs form needs it. `value` is per piece."""

    sku: str
    name: str
    quantity: int
    weight_g: int
    value: Decimal
    currency: str
    hs_code: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentRequest:
    """One parcel to buy a label for.

    `reference` is our shipment number, the same for every attempt. `may_exist` says that an earlier attempt
    with this reference ended without a known result, so that a label may already have been bought.
    """

    reference: str
    service: str
    sender: Address
    recipient: Address
    weight_g: int
    items: Sequence[ShipmentItem] = ()
    note: str = ""
    may_exist: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A bought label. `pdf` is a complete document; `cost` is None where the carrier doesn't say.

    Raises CarrierGarbled for what can't be a label.
    """

    tracking_number: str
    pdf: bytes
    cost: Decimal | None = None
    currency: str = ""
    carrier_reference: str = ""
    routing: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_name(self.tracking_number, NUMBER_LENGTH):
            raise CarrierGarbled("a label without a usable number", excerpt=self.tracking_number)
        if not self.pdf.startswith(b"%PDF"):
            raise CarrierGarbled(f"the label of {self.tracking_number} is no PDF", excerpt=repr(self.pdf[:50]))
        if self.cost is not None and not is_cost(self.cost):
            raise CarrierGarbled(f"the label of {self.tracking_number} has no usable price", excerpt=str(self.cost))
        if self.carrier_reference and not is_name(self.carrier_reference, NUMBER_LENGTH):
            raise CarrierGarbled(f"the label of {self.tracking_number} has no usable reference")
        object.__setattr__(self, "currency", clean_text(self.currency, 3))


@dataclass(frozen=True, slots=True)
class TrackQuery:
    """A parcel to ask about. `phone` is the recipient's (some carriers want it as a password), `company` the
    carrier's own corrected code for this parcel where it once told us one."""

    number: str
    phone: str = ""
    destination: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """Something that happened to a parcel. `status` is None for an event that moves no state.

    Raises CarrierGarbled for an instant at which no parcel can have been anywhere.
    """

    occurred_at: datetime
    description: str
    status: ShipmentStatus | None = None
    location: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        if not is_plausible(self.occurred_at):
            raise CarrierGarbled("an event has no possible time", excerpt=str(self.occurred_at))
        object.__setattr__(self, "description", clean_text(self.description, TEXT_LENGTH))
        object.__setattr__(self, "location", clean_text(self.location, PLACE_LENGTH))
        object.__setattr__(self, "code", clean_text(self.code, NUMBER_LENGTH))


@dataclass(frozen=True, slots=True)
class TrackResult:
    """What the carrier knows about a parcel; `events` newest first. `found` is False while it knows nothing.

    `status` is the carrier's own summary, None when it gives none. `company` is set when the carrier says
    that the parcel belongs to another company than we asked about. Raises CarrierGarbled for a number that is
    none; an estimate or a company that can't be is left out.
    """

    number: str
    found: bool = True
    status: ShipmentStatus | None = None
    events: Sequence[TrackEvent] = ()
    estimated_delivery_at: datetime | None = None
    company: str = ""

    def __post_init__(self) -> None:
        if not is_name(self.number, NUMBER_LENGTH):
            raise CarrierGarbled("news of a parcel without a usable number", excerpt=self.number)
        if self.estimated_delivery_at is not None and not is_plausible(self.estimated_delivery_at):
            object.__setattr__(self, "estimated_delivery_at", None)
        if self.company and not is_name(self.company, COMPANY_LENGTH):
            object.__setattr__(self, "company", "")


@dataclass(frozen=True, slots=True)
class PushItem:
    """One parcel's news in a push. `subscribe_again` when the carrier stopped watching the number."""

    result: TrackResult
    subscribe_again: bool = False


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the carrier expects as the answer to a push."""

    body: bytes
    content_type: str = "application/json"


class CarrierAdapter(ABC):
    """One wire format. Instances are cheap, keep no state between calls and may be used from any thread."""

    #: How the registry, the database and the push address name the format.
    code: ClassVar[str]
    #: Keys of `Connection.credentials`; those ending in "?" may be missing.
    credential_keys: ClassVar[tuple[str, ...]] = ()
    #: Keys of `Connection.options`; those ending in "?" may be missing.
    option_keys: ClassVar[tuple[str, ...]] = ()
    #: How many numbers one `track` call may carry.
    track_batch: ClassVar[int] = 1
    #: Whether the carrier sends news by itself once subscribed.
    pushes: ClassVar[bool] = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @abstractmethod
    def create_label(self, request: ShipmentRequest) -> Label:
        """Buy a label, or return the one bought before under the same reference."""

    def recover_label(self, request: ShipmentRequest) -> Label | None:
        """The label that an earlier attempt with this reference bought, to be given back; None where there is none.

        A carrier that can't be asked sells one under the same reference, which is then given back.
        """
        return self.create_label(request)

    @abstractmethod
    def cancel_label(self, *, tracking_number: str, carrier_reference: str = "") -> None:
        """Give a label back before it was used. Raises CarrierRejected when it is too late."""

    @abstractmethod
    def track(self, queries: Sequence[TrackQuery]) -> list[TrackResult]:
        """What is known about up to `track_batch` parcels, in the order asked."""

    def subscribe(self, query: TrackQuery) -> None:
        """Ask the carrier to push this parcel's news; doing it twice is harmless."""
        raise NotImplementedError(f"{self.code} doesn't push")

    def read_push(self, headers: Mapping[str, str], body: bytes) -> list[PushItem]:
        """Verify a push and read it. Raises PushRefused or CarrierGarbled."""
        raise PushRefused(f"{self.code} doesn't push")

    def push_answer(self, *, accepted: bool) -> PushAnswer:
        """The answer for a push that was kept or refused."""
        return PushAnswer(body=b'{"result":true}' if accepted else b'{"result":false}')

    # For adapters

    def credential(self, key: str) -> str:
        """A credential, or CarrierRejected naming what the administrator has to fill in."""
        value = self.connection.credentials.get(key, "")
        if not value:
            raise CarrierRejected(f"the carrier account {self.connection.code} has no {key}", code="credentials")
        return str(value)

    def option(self, key: str, default: str = "") -> str:
        return str(self.connection.options.get(key) or default)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> net.Reply:
        """One request below the connection's base URL. A 429 or 5xx answer and every failure of the network
        become CarrierUnavailable; other statuses are the adapter's to read."""
        started = time.monotonic()
        outcome = "failed"
        try:
            reply = self._send(method, path, headers, form, json)
            outcome = f"{reply.status // 100}xx"
        finally:
            labels = {"carrier": self.connection.code, "outcome": outcome}
            metering.observe("carrier_call", labels, time.monotonic() - started)
        if reply.status == 429 or reply.status >= 500:
            raise CarrierUnavailable(
                f"HTTP {reply.status}", code=str(reply.status), retry_after=_seconds(reply.headers.get("retry-after"))
            )
        return reply

    def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None, form: Mapping[str, str] | None, json: Any
    ) -> net.Reply:
        seconds = self.connection.timeout_seconds
        try:
            return net.send(
                method,
                self.connection.base_url + path,
                headers=headers,
                form=form,
                json=json,
                timeouts=net.Timeouts(connect=min(5.0, seconds), read=seconds, total=seconds),
            )
        except net.OutgoingRefused as error:
            raise CarrierRejected(str(error), code="address") from error
        except net.OutgoingError as error:
            raise CarrierUnavailable(str(error), code=type(error).__name__) from error


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None


@contextmanager
def reading(what: str, answer: object) -> Iterator[None]:
    """For adapters: an answer of another shape than the code inside expects is CarrierGarbled."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError) as error:
        raise CarrierGarbled(f"{what} can't be read: {type(error).__name__}", excerpt=str(answer)) from error


def read_json(reply: net.Reply) -> Any:
    """The JSON object in an answer, or CarrierGarbled with its beginning."""
    try:
        data = reply.json()
    except (ValueError, RecursionError) as error:
        raise CarrierGarbled(f"HTTP {reply.status}, not JSON", excerpt=reply.text) from error
    if not isinstance(data, dict):
        raise CarrierGarbled(f"HTTP {reply.status}, not a JSON object", excerpt=reply.text)
    return data
