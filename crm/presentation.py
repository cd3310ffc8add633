"""How customers are shown: unmasked only to those with the right to see personal data."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.addresses import PARTS, Address, format_address, mask_address, mask_email, mask_name, mask_phone
from core.phones import format_phone
from crm.models import Customer, CustomerAddress

_source_names: list[Callable[[], Mapping[str, str]]] = []


def register_source_names(names: Callable[[], Mapping[str, str]]) -> None:
    """Say what the sources of identities are called: their code → name, asked once for a page."""
    _source_names.append(names)


def source_names() -> dict[str, str]:
    """Code → name of every source that somebody has named."""
    return {code: name for names in _source_names for code, name in names().items()}


def name_of(customer: Customer, unmasked: bool) -> str:
    """The name to show, or the customer's number where there is none."""
    if not customer.name:
        return _("Customer %(number)s") % {"number": f"#{customer.pk}"}
    return customer.name if unmasked else mask_name(customer.name)


def phone_of(customer: Customer, unmasked: bool) -> str:
    return format_phone(customer.phone, customer.country) if unmasked else mask_phone(customer.phone)


def email_of(customer: Customer, unmasked: bool) -> str:
    return customer.email if unmasked else mask_email(customer.email)


def address_of(row: CustomerAddress) -> Address:
    """The stored address as the value that the kernel formats."""
    return Address(**{part: getattr(row, part) for part in PARTS})


def address_lines(row: CustomerAddress, unmasked: bool) -> list[str]:
    """The address by the custom of its country, with the phone below it."""
    address = address_of(row) if unmasked else mask_address(address_of(row))
    phone = format_phone(address.phone, address.country) if unmasked else address.phone
    return [*format_address(address, get_language() or "en"), *filter(None, [phone])]


# Rows of the list carry `is_unmasked`.


def name_of_row(row: Any) -> str:
    return name_of(row, row.is_unmasked)


def phone_of_row(row: Any) -> str:
    return phone_of(row, row.is_unmasked)


def email_of_row(row: Any) -> str:
    return email_of(row, row.is_unmasked)


def channels_of_row(row: Any) -> list[str]:
    """The names of the channels that know the customer; `source_names` travels with the row, as one query's answer."""
    return sorted({row.source_names.get(identity.source, identity.source) for identity in row.identities.all()})
