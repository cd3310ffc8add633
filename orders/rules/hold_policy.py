"""What each reason of a hold means for those who deal with it: who may release it.

Reasons are grouped by what a release decides: whether data is right, whether money is, whether the buyer can be
trusted. What a person has held by hand is released by whoever may hold.
"""

from collections.abc import Callable, Iterable
from typing import Final

from orders.enums import HoldReason

_R = HoldReason
DATA: Final = "orders.release_data_hold"
MONEY: Final = "orders.release_money_hold"
FRAUD: Final = "orders.release_fraud_hold"
BY_HAND: Final = "orders.hold_order"

RELEASE_RIGHTS: Final[dict[HoldReason, str]] = {
    _R.ADDRESS: DATA,
    _R.STOCK: DATA,
    _R.DUPLICATE: DATA,
    _R.BUYER_MESSAGE: DATA,
    _R.CHANNEL_CHANGE: DATA,
    _R.MERGE_CANDIDATE: DATA,
    _R.PREORDER: DATA,
    _R.PAYMENT: MONEY,
    _R.PRICE: MONEY,
    _R.FRAUD_RISK: FRAUD,
    _R.MANUAL: BY_HAND,
    _R.UNTIL_DATE: BY_HAND,
}


def release_right(reason: str) -> str:
    """The right ("app.codename") that releasing a hold of this reason takes."""
    return RELEASE_RIGHTS[HoldReason(reason)]


def not_releasable(reasons: Iterable[str], may: Callable[[str], bool]) -> list[HoldReason]:
    """Those of the reasons that somebody whose rights `may` tells can't release, in the order of the enum."""
    given = {HoldReason(reason) for reason in reasons}
    return [reason for reason in HoldReason if reason in given and not may(RELEASE_RIGHTS[reason])]
