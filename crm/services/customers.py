"""Changes that people make to customers."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.emails import is_plausible_email, normalise_email
from core.exceptions import DomainError, NotFound
from core.outbox.services import publish
from core.phones import parse_phone
from core.redaction import mask
from crm import locks
from crm.events import CustomerMerged
from crm.exceptions import AlreadyMerged, EmailTaken, PhoneTaken, SameCustomer
from crm.models import Customer, CustomerAddress, CustomerIdentity

SUBJECT: Final = "crm.customer"
EDITABLE: Final = ("name", "email", "phone", "country", "language", "note")
_TRAIL_NAMES: Final = {"name": "customer_name"}
_FILLED_BY_MERGE: Final = ("name", "email", "email_normalised", "phone", "phone_e164", "country", "language")


@transaction.atomic
def edit_customer(*, customer_id: int, changes: Mapping[str, str], actor: Actor) -> Customer:
    """Change contact data; `changes` maps fields of EDITABLE to new values.

    Raises DomainError naming the field for an impossible phone or e-mail, PhoneTaken or EmailTaken where the new
    value leads to somebody else, AlreadyMerged.
    """
    customer = _locked(customer_id)[customer_id]
    before = {name: getattr(customer, name) for name in EDITABLE}
    for name in EDITABLE:
        setattr(customer, name, changes.get(name, before[name]).strip())
    _normalise(customer)
    changed = {name: [old, new] for name, old in before.items() if (new := getattr(customer, name)) != old}
    if changed:
        _save(customer)
        _record("crm.customer_changed", actor, customer.pk, changes=_for_the_trail(changed))
    return customer


@transaction.atomic
def merge_customers(*, customer_id: int, merged_id: int, actor: Actor) -> Customer:
    """Make `merged_id` part of `customer_id`: identities, addresses and blanks go over, a pointer stays.

    Publishes crm.customer_merged, so that other apps move their documents. Raises AlreadyMerged, SameCustomer.
    """
    if customer_id == merged_id:
        raise SameCustomer(field="other")
    locks.one_merge_at_a_time()
    customers = _locked(customer_id, merged_id)
    customer, merged = customers[customer_id], customers[merged_id]
    merged.merged_into = customer
    merged.save(update_fields=["merged_into", "updated_at"])
    Customer.objects.filter(merged_into=merged).update(merged_into=customer)
    moved = CustomerIdentity.objects.filter(customer=merged).update(customer=customer)
    addresses = _move_addresses(merged_id, customer_id)
    _fill_blanks(customer, merged)
    numbers: dict[str, list[Any]] = {
        "identities": [0, moved],
        "addresses": [0, addresses],
        "merged": ["", f"#{merged_id}"],
    }
    _record("crm.customer_merged", actor, customer_id, changes=numbers)
    _record("crm.customer_merged_away", actor, merged_id, changes={"merged_into": ["", f"#{customer_id}"]})
    publish(CustomerMerged(customer_id=customer_id, merged_id=merged_id))
    return customer


@transaction.atomic
def add_note(*, customer_id: int, text: str, actor: Actor) -> None:
    """Put a remark on the customer's timeline."""
    _locked(customer_id)
    if not text.strip():
        raise DomainError(_("Write something first."), "empty", field="text")
    _record("crm.note", actor, customer_id, reason=text.strip()[:2000])


def _for_the_trail(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Under names whose values the trail masks, because it outlives a customer who asks to be forgotten."""
    return {_TRAIL_NAMES.get(name, name): mask(pair) if name == "note" else pair for name, pair in changes.items()}


def _locked(*ids: int) -> dict[int, Customer]:
    customers = locks.lock_customers(ids)
    if len(customers) < len(set(ids)):
        raise NotFound
    if any(customer.merged_into_id for customer in customers.values()):
        raise AlreadyMerged
    return customers


def _normalise(customer: Customer) -> None:
    phone = parse_phone(customer.phone, customer.country)
    if customer.phone and not phone.valid:
        raise DomainError(_("This isn't a valid phone number for the country."), "phone_invalid", field="phone")
    if customer.email and not is_plausible_email(customer.email):
        raise DomainError(_("This isn't an e-mail address."), "email_invalid", field="email")
    customer.phone_e164 = phone.identifying
    customer.email_normalised = normalise_email(customer.email)


def _save(customer: Customer) -> None:
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError as error:
        if "customer_phone_unique" in str(error):
            raise PhoneTaken(field="phone") from error
        raise EmailTaken(field="email") from error


def _move_addresses(merged_id: int, customer_id: int) -> int:
    """Move addresses, those that both have become one with the times of both. Returns how many were moved."""
    both = (
        CustomerAddress.objects.filter(customer__in=(merged_id, customer_id))
        .values("fingerprint")
        .annotate(first=Min("first_used_at"), last=Max("last_used_at"))
    )
    times = {row["fingerprint"]: (row["first"], row["last"]) for row in both}
    kept = list(CustomerAddress.objects.filter(customer=customer_id, fingerprint__in=times))
    for address in kept:
        address.first_used_at, address.last_used_at = times[address.fingerprint]
    CustomerAddress.objects.bulk_update(kept, ["first_used_at", "last_used_at"])
    rest = CustomerAddress.objects.filter(customer=merged_id)
    rest.filter(fingerprint__in=[address.fingerprint for address in kept]).delete()
    return rest.update(customer=customer_id)


def _fill_blanks(customer: Customer, merged: Customer) -> None:
    for name in _FILLED_BY_MERGE:
        setattr(customer, name, getattr(customer, name) or getattr(merged, name))
    customer.note = "\n".join(filter(None, (customer.note, merged.note)))
    customer.created_at = min(customer.created_at, merged.created_at)
    _save(customer)


def _record(
    action: str, actor: Actor, customer_id: int, *, changes: dict[str, list[Any]] | None = None, reason: str = ""
) -> None:
    record(
        action=action,
        actor=actor,
        subject_type=SUBJECT,
        subject_id=customer_id,
        subject_label=f"#{customer_id}",
        changes=changes,
        reason=reason,
    )
