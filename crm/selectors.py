"""Reads of crm."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from crm.models import CustomerIdentity
from crm.rules.matching import Candidate, Knowledge, Profile

# o: the customer that has the key; c: the one that stands for it now.
_KNOWN_SQL = """
SELECT 'identity', i.external_id, c.id, c.name, c.email, c.email_normalised, c.phone, c.phone_e164, c.country
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
ORDER BY 3
"""


def known_profiles(source: str, candidates: Sequence[Candidate]) -> Knowledge:
    """What the database knows of the keys of `candidates`; where customers share a key, the oldest."""
    keys: dict[str, Any] = {
        "source": source,
        "identities": list({c.external_id for c in candidates if c.external_id}),
        "phones": list({c.phone_key for c in candidates if c.phone_key}),
        "emails": list({c.email_key for c in candidates if c.email_key}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN_SQL, keys)
        rows = cursor.fetchall()
    known = Knowledge()
    profiles: dict[int, Profile] = {}
    merged: list[tuple[str, Profile]] = []
    found = {"identity": known.identities, "phone": known.phones, "email": known.emails}
    for kind, key, customer_id, *fields in rows:
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
