"""Orders by what people have at hand: a number, a name, a phone, an e-mail address, a tracking number."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db.models import Q, QuerySet

from core.accounts.selectors import may_see_personal_data
from core.emails import normalise_email
from core.phones import parse_phone
from crm.models import Customer
from crm.selectors import matching_customers
from orders.models import Channel, Order
from orders.selectors.orders import orders_for

Lookup = Callable[[str], QuerySet[Any]]

_lookups: Final[dict[str, Lookup]] = {}
_NUMBER: Final = re.compile(r"(SO)?(\d{1,18})", re.IGNORECASE)
_NUMBER_DIGITS: Final = 8
# A beginning of a number that stands for more orders than this is looked up by itself: together with the others,
# all of them would be read before the newest are shown.
_MANY: Final = 10_000
# So many are read beforehand: PostgreSQL guesses tens of thousands for parts of names, and would then rather read all
# orders from the newest on than these few.
_FEW: Final = 1000
_PHONE: Final = re.compile(r"\+?[\d\s()./-]{6,30}")
_MIN_PHONE_DIGITS: Final = 6
_CUSTOMERS_AT_ONCE: Final = 50


def register_order_lookup(lookup: Lookup) -> None:
    """Let an app that knows orders by other names, such as tracking numbers, find them.

    `lookup` gets the text and returns a queryset of order ids (one column), by an index.
    """
    _lookups[f"{lookup.__module__}.{lookup.__qualname__}"] = lookup


def matching_orders(orders: QuerySet[Order], text: str, user: Any) -> QuerySet[Order]:
    """Those among `orders` that `text` names; each kind of name is one look into an index.

    Order numbers and the channel's numbers count from their beginning, order numbers without "SO" and zeros too.
    Names, phones and e-mail addresses of customers count in part for people who may see them, for others only whole.
    """
    text = text.strip()
    if not text.lstrip("#"):
        return orders.none()
    beginning = _ids_beginning(text)
    if beginning is not None and len(beginning) > _MANY:
        return orders.filter(_by_number(text))
    branches = list(_branches(text, user))
    some = [branch[: _FEW + 1] for branch in branches]
    named = list(some[0].union(*some[1:], all=True).values_list("pk", flat=True)[: _FEW + 1])
    return orders.filter(pk__in=named if len(named) <= _FEW else branches[0].union(*branches[1:]))


def search_orders(user: Any, query: str, limit: int) -> list[Order]:
    """The orders that `query` names (see matching_orders) and `user` may see: those named wholly first, then newest."""
    text = query.strip()
    if not text.lstrip("#"):
        return []
    visible = orders_for(user)
    found = [
        visible.filter(pk__in=branch).order_by("-pk").values("pk")[:limit]
        for branch in _branches(text, user, customers=_CUSTOMERS_AT_ONCE)
    ]
    ids = found[0].union(*found[1:]).values_list("pk", flat=True)
    rows = visible.select_related("channel").filter(pk__in=list(ids))
    return sorted(rows, key=lambda order: (not _is_whole(order, text), -order.pk))[:limit]


def _branches(text: str, user: Any, *, customers: int | None = None) -> Iterator[QuerySet[Any]]:
    """One queryset of order ids for each kind of name."""
    orders, bare = Order.objects.values("pk"), text.lstrip("#")
    yield orders.filter(_by_number(bare))
    yield orders.filter(external_id__startswith=bare)
    yield orders.filter(external_id__startswith=f"#{bare}")
    yield orders.filter(~Q(display_number=""), display_number__startswith=bare)
    yield orders.filter(~Q(display_number=""), display_number__startswith=f"#{bare}")
    named = _customers(text, user)
    yield orders.filter(customer__in=named.values("pk")[:customers] if customers else named.values("pk"))
    if phones := _phones(text):
        yield orders.filter(ship_phone_e164__in=phones)
    elif may_see_personal_data(user) and not bare.isdecimal():
        yield orders.filter(~Q(ship_name=""), ship_name__istartswith=text)
    elif not bare.isdecimal():
        yield orders.filter(ship_name__iexact=text)
    for lookup in _lookups.values():
        yield lookup(bare)


def _by_number(text: str) -> Q:
    """Numbers are "SO" and the id, filled up with zeros to eight digits."""
    match = _NUMBER.fullmatch(text)
    condition = Q(pk=int(match[2])) if match else Q(pk__in=[])
    beginning = _ids_beginning(text)
    return condition | _within(beginning) if beginning else condition


def _ids_beginning(text: str) -> range | None:
    """The ids of the orders whose number begins with `text`, which has the "SO"."""
    if text.upper() == "SO":
        return range(10**_NUMBER_DIGITS)
    match = _NUMBER.fullmatch(text)
    if match is None or not match[1] or len(match[2]) > _NUMBER_DIGITS:
        return None
    step = 10 ** (_NUMBER_DIGITS - len(match[2]))
    return range(int(match[2]) * step, (int(match[2]) + 1) * step)


def _within(ids: range) -> Q:
    return Q(pk__gte=ids.start, pk__lt=ids.stop)


def _customers(text: str, user: Any) -> QuerySet[Customer]:
    customers = Customer.objects.all()
    if _PHONE.fullmatch(text) is None and text.isdecimal():
        return customers.none()  # a few digits are a number, not the end of somebody's phone
    if may_see_personal_data(user):
        return matching_customers(customers, text)
    if email := normalise_email(text):
        return customers.filter(email_normalised=email)
    if phones := _phones(text):
        return customers.filter(phone_e164__in=phones)
    return customers.filter(name=text)


def _phones(text: str) -> set[str]:
    """What a phone number means in the countries that are sold from."""
    if _PHONE.fullmatch(text) is None or sum(c.isdigit() for c in text) < _MIN_PHONE_DIGITS:
        return set()
    countries = set(Channel.objects.values_list("country", flat=True)) | {""}
    return {found for country in countries if (found := parse_phone(text, country).identifying)}


def _is_whole(order: Order, text: str) -> bool:
    bare = text.lstrip("#")
    number = _NUMBER.fullmatch(bare)
    whole = {order.number, order.external_id.lstrip("#"), order.display_number.lstrip("#")}
    return bare in whole or bare.upper() == order.number or (number is not None and int(number[2]) == order.pk)
