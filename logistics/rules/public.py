"""What a customer may see of an order, and how a visitor proves that it is theirs. Pure."""

import hmac
import re
from collections.abc import Collection, Sequence
from enum import StrEnum

from core.phones import same_number
from logistics.enums import ShipmentStatus
from orders.enums import HoldReason, OrderStatus

_S = ShipmentStatus
_NO_CHECK = {HoldReason.PREORDER, HoldReason.UNTIL_DATE}
_DIGITS = re.compile(r"\D+")
# Couriers' names and numbers stand in the texts of Chinese carriers.
_PHONES = re.compile(r"(?<!\d)(?:\+?\d[\d\s-]{6,}\d)(?!\d)")
_NAMES = re.compile(
    r"((?:派件人|快递员|业务员|派送员|联系人|签收人|courier|driver)\s*[:：]?\s*)[^\s,，;；。)）]+", re.IGNORECASE
)


class Step(StrEnum):
    """The steps that a customer counts."""

    ORDERED = "ordered"
    PACKED = "packed"
    SHIPPED = "shipped"
    OUT = "out"
    DELIVERED = "delivered"


class Waiting(StrEnum):
    """What an order waits for before its goods are packed, as its customer may know it."""

    PAYMENT = "payment"
    CHECK = "check"
    DAY = "day"
    GOODS = "goods"
    NOTHING = "nothing"


STEPS: Sequence[Step] = tuple(Step)
_STEP_OF = {
    _S.PICKED_UP: Step.SHIPPED,
    _S.IN_TRANSIT: Step.SHIPPED,
    _S.DELAYED: Step.SHIPPED,
    _S.EXCEPTION: Step.SHIPPED,
    _S.RETURNING: Step.SHIPPED,
    _S.ATTEMPT_FAILED: Step.OUT,
    _S.OUT_FOR_DELIVERY: Step.OUT,
    _S.AVAILABLE_FOR_PICKUP: Step.OUT,
    _S.DELIVERED: Step.DELIVERED,
}


def step_of(status: ShipmentStatus, *, packed: bool, shipped: bool) -> Step:
    """How far a parcel is."""
    if shipped or status in _STEP_OF:
        return _STEP_OF.get(status, Step.SHIPPED)
    return Step.PACKED if packed else Step.ORDERED


def waiting_for(status: OrderStatus, *, holds: Collection[str], backordered: bool) -> Waiting:
    """What keeps an order from being prepared; `holds` are the reasons of its open holds.

    Why an order is checked is no business of the customer's: fraud and a wrong street read the same.
    """
    if status == OrderStatus.PENDING_PAYMENT or HoldReason.PAYMENT in holds:
        return Waiting.PAYMENT
    if set(holds) - _NO_CHECK:
        return Waiting.CHECK
    if HoldReason.UNTIL_DATE in holds:
        return Waiting.DAY
    if HoldReason.PREORDER in holds or backordered:
        return Waiting.GOODS
    return Waiting.CHECK if status in (OrderStatus.DRAFT, OrderStatus.PENDING_REVIEW) else Waiting.NOTHING


def contact_matches(given: str, *, phones: Sequence[str], emails: Sequence[str]) -> bool:
    """Whether `given` is one of the e-mail addresses, or one of the phones: whole, or its last 4 digits.

    Every candidate is compared in full, so the time tells nothing of how close a guess was.
    """
    text = given.strip().casefold()
    digits = _DIGITS.sub("", text)
    matches = [hmac.compare_digest(text.encode(), email.strip().casefold().encode()) for email in emails if email]
    if len(digits) == 4 and digits == text:
        matches += [
            hmac.compare_digest(digits.encode(), _DIGITS.sub("", phone)[-4:].encode()) for phone in phones if phone
        ]
    matches += [same_number(given, phone) for phone in phones if phone]
    return any(matches)


def contact_link(contact: str) -> str:
    """The address behind a contact: a page, a mailbox or a phone."""
    if contact.startswith(("https://", "http://")):
        return contact
    return f"mailto:{contact}" if "@" in contact else f"tel:{re.sub(r'[^+0-9]', '', contact)}"


def scrubbed(text: str, private: Sequence[str]) -> str:
    """A carrier's text without people's names and phone numbers and without the recipient's own data.

    `private` are the texts that the carrier knows of the recipient: street, name.
    """
    for known in sorted(filter(None, private), key=len, reverse=True):
        text = text.replace(known, "***")
    return _PHONES.sub("***", _NAMES.sub(r"\1***", text))
