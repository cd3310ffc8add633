"""Whose order is it? One batch of drafts against what is known, with the result of taking them one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.addresses import Address


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """A customer as an order describes it. Everything may be empty.

    `external_id` is the channel's name for the customer, `country` ISO 3166 alpha-2, `phone` as typed,
    `phone_e164` what the caller made of it (used where `phone` is empty).
    """

    external_id: str = ""
    name: str = ""
    email: str = ""
    phone_e164: str = ""
    phone: str = ""
    country: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft made comparable: `email_key` and `phone_key` are normalised, "" where they identify nobody."""

    external_id: str
    name: str
    email: str
    email_key: str
    phone: str
    phone_key: str
    country: str


@dataclass(slots=True, eq=False)
class Profile:
    """A customer, known or about to be written (`id` is None until then)."""

    id: int | None = None
    name: str = ""
    email: str = ""
    email_key: str = ""
    phone: str = ""
    phone_key: str = ""
    country: str = ""
    is_new: bool = False
    is_filled: bool = False


@dataclass(slots=True)
class Knowledge:
    """Which profile each key leads to; `reserved_ids` are for those to whom none leads."""

    identities: dict[str, Profile] = field(default_factory=dict)
    phones: dict[str, Profile] = field(default_factory=dict)
    emails: dict[str, Profile] = field(default_factory=dict)
    reserved_ids: list[int] = field(default_factory=list)


def assign(candidates: Sequence[Candidate], known: Knowledge) -> list[Profile]:
    """The profile of each candidate: by channel identity, then phone, then e-mail, else a new one.

    Extends `known` as it goes, so that candidates of one batch that are the same person get the same profile.
    Blanks of a profile are filled from the candidate, never with a key that already leads to somebody.
    """
    profiles = []
    for candidate in candidates:
        profile = _find(candidate, known)
        if profile is None:
            profile = Profile(is_new=True)
        _fill(profile, candidate, known)
        if candidate.external_id:
            known.identities.setdefault(candidate.external_id, profile)
        profiles.append(profile)
    return profiles


def _find(candidate: Candidate, known: Knowledge) -> Profile | None:
    found = known.identities.get(candidate.external_id) if candidate.external_id else None
    if found is None and candidate.phone_key:
        found = known.phones.get(candidate.phone_key)
    if found is None and candidate.email_key:
        found = known.emails.get(candidate.email_key)
    return found


def _fill(profile: Profile, candidate: Candidate, known: Knowledge) -> None:
    key = candidate.phone_key
    if key and not profile.phone_key and key not in known.phones:
        profile.phone_key, profile.phone, profile.is_filled = key, candidate.phone, True
        known.phones[key] = profile
    key = candidate.email_key
    if key and not profile.email_key and key not in known.emails:
        profile.email_key, profile.email, profile.is_filled = key, candidate.email, True
        known.emails[key] = profile
    for name in ("name", "country", "phone", "email"):
        if not getattr(profile, name) and (value := getattr(candidate, name)):
            setattr(profile, name, value)
            profile.is_filled = True
