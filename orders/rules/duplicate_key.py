"""What makes two orders look like one order placed twice."""

from collections.abc import Iterable
from hashlib import sha256

from core.addresses import Address, fingerprint


def duplicate_key(customer_id: int, lines: Iterable[tuple[str, int]], address: Address) -> str:
    """SHA-256 in hex, the same for two orders of one customer with the same goods to the same address.

    `lines` are (SKU or the channel's code for it, quantity), in any order.
    """
    goods = sorted([(code.upper(), quantity) for code, quantity in lines])
    text = repr((customer_id, goods, fingerprint(address)))
    return sha256(text.encode()).hexdigest()
