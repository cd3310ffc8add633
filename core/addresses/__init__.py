"""Postal addresses of the whole world: checking against reference data, formatting, parsing, masking."""

from core.addresses.checking import check_address
from core.addresses.formatting import format_address
from core.addresses.masking import (
    mask_address,
    mask_email,
    mask_name,
    mask_postal_code,
    mask_street,
)
from core.addresses.model import PARTS, Address, AddressProblem, fingerprint
from core.addresses.parsing import parse_cn_address
from core.phones import mask_phone

__all__ = [
    "PARTS",
    "Address",
    "AddressProblem",
    "check_address",
    "fingerprint",
    "format_address",
    "mask_address",
    "mask_email",
    "mask_name",
    "mask_phone",
    "mask_postal_code",
    "mask_street",
    "parse_cn_address",
]
