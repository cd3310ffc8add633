"""Finding or making the customers of a batch of orders, with a fixed number of statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from core.addresses import PARTS, Address, fingerprint
from core.db import insert_rows, insert_statement, update_rows
from core.emails import normalise_email
from core.phones import parse_phone
from core.prepared import prepared
from crm import locks, selectors
from crm.models import Customer, CustomerAddress, CustomerIdentity
from crm.rules.matching import Candidate, CustomerDraft, Profile, assign

# A round is repeated only for drafts that lost a race, and the winner is visible to the next round.
_MAX_ROUNDS = 5
_IDENTITY_COLUMNS = ("customer_id", "source", "external_id", "created_at")
# All or nothing of the identities: with one order of tables and rows, no two batches wait in a circle.
_CREATE = """
WITH made AS ({customers} ON CONFLICT DO NOTHING RETURNING id),
     recorded AS ({identities} ON CONFLICT (source, external_id) DO NOTHING RETURNING external_id)
SELECT id, NULL FROM made UNION ALL SELECT NULL, external_id FROM recorded
"""
_ADDRESS_WIDTHS = {
    "name": 255,
    "phone": 40,
    "country": 2,
    "province": 120,
    "city": 120,
    "district": 120,
    "street": 500,
    "postal_code": 20,
}


def match_customers(source: str, drafts: Sequence[CustomerDraft], *, at: datetime | None = None) -> list[int]:
    """The customer ids of `drafts`, in their order; customers that don't exist yet are made.

    `source` is the channel's code, `at` the time of the orders (now if not given). A draft without channel
    identity, usable phone or e-mail becomes a customer of its own. New identities and addresses are kept,
    blanks of known customers filled. Takes the same number of statements for 1 draft and for 500, and may run
    concurrently: unique indexes decide races, and rows are always written in the order of their keys.
    """
    at = at or timezone.now()
    candidates = [_candidate(draft) for draft in drafts]
    with transaction.atomic(savepoint=False):
        made: set[int] = set()
        ids = _match(source, candidates, at, made)
        # Nobody else sees the new ones yet, so nobody can merge them.
        survivors = locks.share_customers(set(ids) - made)
        ids = [survivors.get(customer_id, customer_id) for customer_id in ids]
        _keep_addresses(ids, drafts, at)
    return ids


def _candidate(draft: CustomerDraft) -> Candidate:
    phone = _text(draft.phone, 40)
    phone_key = parse_phone(phone, draft.country).identifying if phone else draft.phone_e164
    return Candidate(
        external_id=_text(draft.external_id, 120),
        name=_text(draft.name, 255),
        email=_text(draft.email, 254),
        email_key=normalise_email(draft.email) if draft.email else "",
        phone=phone or draft.phone_e164,
        phone_key=phone_key,
        country=draft.country if len(draft.country) == 2 else "",
    )


def _text(value: str, width: int) -> str:
    """`value` as the column takes it: the order itself keeps what the channel sent, whole."""
    return value.replace("\x00", "").strip()[:width]


def _match(source: str, candidates: Sequence[Candidate], at: datetime, made: set[int]) -> list[int]:
    """Customers first, then identities: with one order of tables and rows, no two batches wait in a circle.

    Adds the ids of customers that it wrote to `made`.
    """
    profiles: dict[int, Profile] = {}
    recorded: set[str] = set()
    for _round in range(_MAX_ROUNDS):
        waiting = [index for index in range(len(candidates)) if index not in profiles]
        if not waiting:
            break
        batch = [candidates[index] for index in waiting]
        known = selectors.known_profiles(source, batch)
        recorded |= known.identities.keys()
        assigned = assign(batch, known)
        new = [profile for profile in dict.fromkeys(assigned) if profile.is_new]
        for profile in new:
            profile.id = known.reserved_ids.pop(0)
        # Identities go with the first round or, in their order, after the last.
        identities = {} if profiles else _unrecorded(batch, assigned, recorded)
        recorded |= _create(new, identities, source, at)
        made |= {profile.id for profile in new if profile.id}
        profiles |= {index: profile for index, profile in zip(waiting, assigned, strict=True) if profile.id}
    if len(profiles) < len(candidates):
        raise OperationalError("customers kept changing while orders were matched to them")
    _fill([profile for profile in dict.fromkeys(profiles.values()) if profile.is_filled and not profile.is_new], at)
    wanted = _unrecorded(candidates, [profiles[index] for index in range(len(candidates))], recorded)
    owners = _record_identities(source, wanted, at)
    return [owners.get(candidate.external_id) or _id(profiles[index]) for index, candidate in enumerate(candidates)]


def _id(profile: Profile) -> int:
    if profile.id is None:
        raise ValueError("the customer hasn't been written yet")
    return profile.id


def _unrecorded(
    candidates: Sequence[Candidate], profiles: Sequence[Profile], recorded: Collection[str]
) -> dict[str, Profile]:
    """The channel identities that are still to be written, with whom they belong to."""
    return {
        candidate.external_id: profile
        for candidate, profile in zip(candidates, profiles, strict=True)
        if candidate.external_id and candidate.external_id not in recorded
    }


def _create(profiles: Sequence[Profile], identities: Mapping[str, Profile], source: str, at: datetime) -> set[str]:
    """Write new customers and, if nobody wrote one of them in the meantime, `identities` with them.

    A customer that another transaction wrote gets the `id` None. Returns the external ids that were written.
    """
    if not profiles:
        return set()
    # The order of the unique keys: two batches that meet wait for each other, never in a circle.
    ordered = sorted(profiles, key=lambda profile: (profile.phone_key, profile.email_key))
    customers, params = insert_statement(
        Customer,
        ("id", "name", "email", "email_normalised", "phone", "phone_e164", "country", "language", "note",
         "created_at", "updated_at"),
        [
            (p.id, p.name, p.email, p.email_key, p.phone, p.phone_key, p.country, "", "", at, at)
            for p in ordered
        ],
    )  # fmt: skip
    owned, more = insert_statement(
        CustomerIdentity,
        _IDENTITY_COLUMNS,
        _identity_rows(source, identities, at),
        where="WHERE (SELECT count(*) FROM made) = %s",
    )
    statement = prepared(_CREATE.format(customers=customers, identities=owned))
    written = statement.fetch_all([*params, *more, len(profiles)])
    kept = {customer_id for customer_id, _external_id in written if customer_id}
    for profile in profiles:
        profile.id = profile.id if profile.id in kept else None
    return {external_id for _customer_id, external_id in written if external_id}


def _identity_rows(source: str, identities: Mapping[str, Profile], at: datetime) -> list[tuple[object, ...]]:
    """The rows of _IDENTITY_COLUMNS, in the order of their keys."""
    return [(identities[external_id].id, source, external_id, at) for external_id in sorted(identities)]


def _fill(profiles: Sequence[Profile], at: datetime) -> None:
    """Fill blanks of known customers; one that somebody else is writing now is left for the next order."""
    if not profiles:
        return
    blank = {row["id"]: row for row in locks.lock_free_customers({p.id for p in profiles if p.id})}
    ordered = sorted(profiles, key=lambda profile: (profile.phone_key, profile.id))
    rows = [_filled(blank[profile.id], profile, at) for profile in ordered if profile.id in blank]
    columns = ("name", "email", "email_normalised", "phone", "phone_e164", "country", "updated_at")
    try:
        # A phone of these may belong to a customer that is being made this instant. Waiting for that could close
        # a circle, so don't; the order keeps the phone anyway.
        with transaction.atomic(), locks.hardly_waiting():
            update_rows(Customer, "id", columns, rows)
    except (IntegrityError, OperationalError):
        return


def _filled(row: dict[str, str], profile: Profile, at: datetime) -> tuple[object, ...]:
    email, email_key = row["email"], row["email_normalised"]
    if not email_key and (profile.email_key or not email):
        email, email_key = profile.email, profile.email_key
    phone, phone_key = row["phone"], row["phone_e164"]
    if not phone_key and (profile.phone_key or not phone):
        phone, phone_key = profile.phone, profile.phone_key
    name, country = row["name"] or profile.name, row["country"] or profile.country
    return (profile.id, name, email, email_key, phone, phone_key, country, at)


def _record_identities(source: str, wanted: Mapping[str, Profile], at: datetime) -> dict[str, int]:
    """Write channel identities. Returns the owners of those that another transaction wrote just now."""
    if not wanted:
        return {}
    written = insert_rows(
        CustomerIdentity,
        _IDENTITY_COLUMNS,
        _identity_rows(source, wanted, at),
        on_conflict="ON CONFLICT (source, external_id) DO NOTHING",
        returning=("external_id",),
    )
    lost = wanted.keys() - {row[0] for row in written}
    if not lost:
        return {}
    owners = selectors.identity_owners(source, lost)
    _redirect_new({wanted[external_id]: owner for external_id, owner in owners.items()})
    return owners


def _redirect_new(owners: dict[Profile, int]) -> None:
    """Customers just made turn out to be others: they point to those, so that their phones lead there."""
    # Held until the end: an owner that is merged meanwhile would leave a chain that nobody follows to its end.
    survivors = locks.share_customers(set(owners.values()))
    made = {profile: survivors.get(owner, owner) for profile, owner in owners.items() if profile.is_new}
    update_rows(Customer, "id", ("merged_into_id",), [(profile.id, owner) for profile, owner in made.items()])
    for profile, owner in made.items():
        profile.id = owner


def _keep_addresses(ids: Sequence[int], drafts: Iterable[CustomerDraft], at: datetime) -> None:
    rows = {}
    for customer_id, draft in zip(ids, drafts, strict=True):
        if draft.address is not None and not draft.address.is_empty:
            key = (customer_id, fingerprint(draft.address))
            rows[key] = (*key, *_address_values(draft.address), at, at)
    insert_rows(
        CustomerAddress,
        ("customer_id", "fingerprint", *PARTS, "first_used_at", "last_used_at"),
        [rows[key] for key in sorted(rows)],
        on_conflict="ON CONFLICT (customer_id, fingerprint) DO UPDATE SET "
        "last_used_at = greatest(crm_customeraddress.last_used_at, excluded.last_used_at)",
    )


def _address_values(address: Address) -> tuple[str, ...]:
    return tuple(_text(getattr(address, name), _ADDRESS_WIDTHS[name]) for name in PARTS)
