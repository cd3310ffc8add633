"""Reads of crm."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final, NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.db.models.functions import Right
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.emails import normalise_email
from core.phones import parse_phone
from core.prepared import Prepared
from core.ui.content import Text
from crm.models import Customer, CustomerAddress, CustomerIdentity
from crm.rules.matching import Candidate, Knowledge, Profile

Restriction = Callable[[QuerySet[Customer], Any], QuerySet[Customer]]

_restrictions: Final[dict[str, Restriction]] = {}
_ADDRESSES_COMPARED: Final = 20
_MAX_ID_DIGITS: Final = 19  # with its "#", below the largest bigint
_WORD: Final = re.compile(r"\w+")
_PHONE_LIKE: Final = re.compile(r"[\s()+./-]*(?:\d[\s()+./-]*){4,}")

# o: the customer that has the key; c: the one that stands for it now.
_KNOWN = Prepared("""
WITH found AS (
SELECT 'identity' AS kind, i.external_id AS key,
       c.id, c.name, c.email, c.email_normalised, c.phone, c.phone_e164, c.country
FROM crm_customeridentity i
JOIN crm_customer o ON o.id = i.customer_id
JOIN crm_customer c ON c.id = coalesce(o.merged_into_id, o.id)
WHERE i.source = %(source)s AND i.external_id = ANY(%(identities)s)
UNION ALL
SELECT 'phone', c.phone_e164, c.id, c.name, c.email, c.email_normalised, c.phone, c.phone_e164, c.country
FROM crm_customer c
WHERE c.phone_e164 = ANY(%(phones)s) AND c.phone_e164 <> '' AND c.merged_into_id IS NULL
UNION ALL
SELECT 'merged phone', o.phone_e164,
       c.id, c.name, c.email, c.email_normalised, c.phone, c.phone_e164, c.country
FROM crm_customer o
JOIN crm_customer c ON c.id = o.merged_into_id
WHERE o.phone_e164 = ANY(%(phones)s) AND o.merged_into_id IS NOT NULL
UNION ALL
SELECT 'email', o.email_normalised,
       c.id, c.name, c.email, c.email_normalised, c.phone, c.phone_e164, c.country
FROM crm_customer o
JOIN crm_customer c ON c.id = coalesce(o.merged_into_id, o.id)
WHERE o.email_normalised = ANY(%(emails)s) AND o.email_normalised <> ''
)
SELECT * FROM found
UNION ALL
SELECT 'nobody', '', nextval(pg_get_serial_sequence('crm_customer', 'id')), '', '', '', '', '', ''
FROM unnest(%(identities)s::text[], %(phones)s::text[], %(emails)s::text[]) AS candidate(identity, phone, email)
WHERE (identity IN (SELECT key FROM found WHERE kind = 'identity')) IS NOT TRUE
  AND (phone IN (SELECT key FROM found WHERE kind IN ('phone', 'merged phone'))) IS NOT TRUE
  AND (email IN (SELECT key FROM found WHERE kind = 'email')) IS NOT TRUE
ORDER BY 3
""")


def known_profiles(source: str, candidates: Sequence[Candidate]) -> Knowledge:
    """What the database knows of the keys of `candidates`; where customers share a key, the oldest.

    Reserves an id for every candidate of whom it knows nothing, because this is the way of every single order.
    """
    rows = _KNOWN.fetch_all(
        {
            "source": source,
            "identities": [candidate.external_id or None for candidate in candidates],
            "phones": [candidate.phone_key or None for candidate in candidates],
            "emails": [candidate.email_key or None for candidate in candidates],
        }
    )
    known = Knowledge()
    profiles: dict[int, Profile] = {}
    merged: list[tuple[str, Profile]] = []
    found = {"identity": known.identities, "phone": known.phones, "email": known.emails}
    for kind, key, customer_id, *fields in rows:
        if kind == "nobody":
            known.reserved_ids.append(customer_id)
            continue
        profile = profiles.setdefault(customer_id, Profile(customer_id, *fields))
        if kind == "merged phone":
            merged.append((key, profile))
        else:
            found[kind].setdefault(key, profile)
    for key, profile in merged:
        known.phones.setdefault(key, profile)
    return known


def identity_owners(source: str, external_ids: Collection[str]) -> dict[str, int]:
    """{external id: customer id}, merged customers already replaced by their survivors."""
    rows = CustomerIdentity.objects.filter(source=source, external_id__in=external_ids)
    values = rows.values_list("external_id", "customer_id", "customer__merged_into_id")
    return {external_id: survivor or customer_id for external_id, customer_id, survivor in values}


def register_customer_restriction(restriction: Restriction) -> None:
    """Let an app that knows who may see what narrow the customers: it gets (queryset, user), returns a queryset.

    Customers have no channel of their own, orders do; so the limit to channels comes from there.
    """
    _restrictions[f"{restriction.__module__}.{restriction.__qualname__}"] = restriction


def customers_for(user: Any) -> QuerySet[Customer]:
    """The customers that `user` may see, merged ones included. List, search, export and by id start from here."""
    customers = Customer.objects.all()
    for restriction in _restrictions.values():
        customers = restriction(customers, user)
    return customers


def with_identity_in(customers: QuerySet[Customer], sources: Collection[str]) -> QuerySet[Customer]:
    """Those whom one of the channels (codes) knows: a building block for restrictions and filters."""
    identities = CustomerIdentity.objects.filter(customer=OuterRef("pk"), source__in=sources)
    return customers.filter(Exists(identities))


def matching_customers(customers: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Those among `customers` that `text` names: phone (at least its last four digits), beginning of the e-mail
    address, or beginnings of words of the name; each by an index.
    """
    text = text.strip()
    if "@" in text:
        return customers.filter(email_normalised__startswith=text.lower()).exclude(email_normalised="")
    if _PHONE_LIKE.fullmatch(text):
        digits = re.sub(r"\D", "", text).lstrip("0")
        return customers.annotate(last_digits=Right("phone_e164", 4)).filter(
            ~Q(phone_e164=""), last_digits=digits[-4:], phone_e164__endswith=digits
        )
    words = _WORD.findall(text)
    if not words:
        return customers.none()
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
    return customers.annotate(words=SearchVector("name", config="simple")).filter(words=query)


def searched_customers(customers: QuerySet[Customer], text: str, user: Any) -> QuerySet[Customer]:
    """Those among `customers` that `text` names to this person.

    Who may not see personal data finds only what they can name whole: a search by beginnings would confirm a phone
    number or an address to them bit by bit.
    """
    if may_see_personal_data(user):
        return matching_customers(customers, text)
    text = text.strip()
    if "@" in text:
        return customers.filter(email_normalised=normalise_email(text)).exclude(email_normalised="")
    if _PHONE_LIKE.fullmatch(text):
        return customers.filter(pk__in=_with_whole_phone(matching_customers(customers, text), text))
    return matching_customers(customers, text).filter(name__iexact=text)


def _with_whole_phone(customers: QuerySet[Customer], text: str) -> list[int]:
    """Those whose number `text` is, written as in their own country or internationally."""
    whole = []
    for pk, phone, country in customers.values_list("pk", "phone_e164", "country"):
        international = f"+{re.sub(r'[^0-9]', '', text).lstrip('0')}"
        if phone in (international, parse_phone(text, country).identifying):
            whole.append(pk)
    return whole


def named_customer(customers: QuerySet[Customer], text: str, country: str = "") -> Customer | None:
    """The one among `customers` that "#1042", a whole phone number or a whole e-mail address names, or None."""
    text = text.strip()
    if text.startswith("#") and text[1:].isdecimal() and len(text) <= _MAX_ID_DIGITS:
        return customers.filter(pk=int(text[1:])).first()
    if email := normalise_email(text):
        found = customers.filter(email_normalised=email)
    elif phone := parse_phone(text, country).identifying:
        found = customers.filter(phone_e164=phone)
    else:
        return None
    first, *others = [*found.order_by("pk")[:2], None]
    return first if others == [None] else None


class Duplicate(NamedTuple):
    """Another customer who may be the same person, and what the two have in common."""

    customer: Customer
    reasons: list[Text]


def possible_duplicates(customers: QuerySet[Customer], customer: Customer, limit: int = 5) -> list[Duplicate]:
    """Those among `customers` with the same e-mail address, or the same name and country and with that the same
    street and postal code or the same phone number for a parcel. Name and country alone are no reason: thousands
    may share them.
    """
    if customer.merged_into_id is not None:
        return []
    known = list(customer.addresses.order_by("-last_used_at", "-pk")[:_ADDRESSES_COMPARED])
    rows = (
        customers.filter(merged_into=None)
        .exclude(pk=customer.pk)
        .annotate(
            same_email=_is_true(Q(email_normalised=customer.email_normalised) & ~Q(email_normalised="")),
            same_name=_is_true(Q(name=customer.name, country=customer.country) & ~Q(name="")),
            same_street=_address_like(
                [Q(street=row.street, postal_code=row.postal_code) for row in known if row.street]
            ),
            same_phone=_address_like([Q(phone=row.phone) for row in known if row.phone]),
        )
    )
    # Each half by an index of its own; the addresses are looked at of those only that share the name.
    address = customer.email_normalised
    email = rows.filter(email_normalised=address).exclude(email_normalised="") if address else rows.none()
    named = rows.filter(name=customer.name, country=customer.country) if customer.name else rows.none()
    alike = named.filter(Q(same_street=True) | Q(same_phone=True))
    found = {other.pk: other for other in [*email.order_by("pk")[:limit], *alike.order_by("pk")[:limit]]}
    return [Duplicate(other, _in_common(other)) for _pk, other in sorted(found.items())[:limit]]


def _is_true(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False)


def _address_like(wanted: list[Q]) -> Exists:
    addresses = CustomerAddress.objects.filter(customer=OuterRef("pk"))
    return Exists(addresses.filter(reduce(or_, wanted)) if wanted else addresses.none())


def _in_common(other: Any) -> list[Text]:
    reasons = (
        (other.same_email, _("Same e-mail address")),
        (other.same_name, _("Same name and country")),
        (other.same_street, _("Same street and postal code")),
        (other.same_phone, _("Same phone number for a parcel")),
    )
    return [reason for holds, reason in reasons if holds]


def identity_sources() -> list[tuple[str, str]]:
    """The channel codes that identities come from, as choices; a loose index scan, however many rows there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE sources AS (
                (SELECT source FROM crm_customeridentity ORDER BY source LIMIT 1)
                UNION ALL
                SELECT (SELECT i.source FROM crm_customeridentity i WHERE i.source > s.source
                        ORDER BY i.source LIMIT 1)
                FROM sources s WHERE s.source IS NOT NULL
            )
            SELECT source FROM sources WHERE source IS NOT NULL
            """
        )
        return [(source, source) for (source,) in cursor.fetchall()]
