"""The fields of an order as clerks call them."""

import re
from functools import cache
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.words import run_on
from orders.schema.errors import FieldError
from orders.schema.fields import NESTED, ORDER

PARTS: Final = {
    "lines": _("Lines"),
    "customer": _("Buyer"),
    "shipping_address": _("Address"),
    "payment": _("Payment"),
}
_LINE: Final = re.compile(r"lines\[(?P<index>\d+)\](?:\.(?P<field>\w+))?")


@cache
def field_labels() -> dict[str, str | Promise]:
    """{path: label} of every field and part of an order; of a line's field without the line ("lines.quantity")."""
    labels: dict[str, str | Promise] = {entry.name: entry.label for entry in ORDER} | dict(PARTS)
    for parent, table in NESTED.items():
        labels |= {f"{parent}.{entry.name}": entry.label for entry in table}
    return labels


def field_words(path: str) -> str:
    """What a path such as "shipping_address.phone" or "lines[0].quantity" is called; unknown ones as they are."""
    if line := _LINE.fullmatch(path):
        number = int(line["index"]) + 1
        if not line["field"]:
            return gettext("Line %(number)d") % {"number": number}
        words = field_words(f"lines.{line['field']}")
        return gettext("Line %(number)d, %(field)s") % {"number": number, "field": words}
    return str(field_labels().get(path, path))


def sentence(error: FieldError) -> str:
    """The field's name and what is wrong with it, in the language of the moment."""
    return run_on(field_words(error.field), error.reason)
