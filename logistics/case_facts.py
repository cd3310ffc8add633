"""What whoever works on a case sees of its parcel, masked by that person's rights."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.actor import reason_words
from core.cases.models import Case
from core.cases.registry import Fact
from logistics.models import Carrier, Shipment
from logistics.rules.public import scrubbed
from logistics.selectors import events_of, has_no_carrier, visible_shipments
from logistics.services.choice import carriers_switched_off
from orders.case_facts import order_facts


def facts_of_parcel_case(case: Case, user: Any) -> Sequence[Fact]:
    """The parcel, what the carrier said last, its order and whom to call."""
    wanted = visible_shipments(user).filter(pk=case.subject_id)
    shipment = wanted.select_related("order__channel", "order__customer", "carrier").first()
    if shipment is None:
        return ()
    parcel = " ".join(filter(None, (str(shipment.carrier or ""), shipment.tracking_number or shipment.number)))
    facts = [
        Fact(_("Parcel"), parcel, parcel_url(shipment.pk)),
        Fact(_("The carrier's words"), _carriers_words(shipment, user)),
    ]
    facts += _switched_off(shipment, user)
    return [*(fact for fact in facts if fact.text), *order_facts(shipment.order, user)]


def _switched_off(shipment: Shipment, user: Any) -> list[Fact]:
    """The carriers that could take a parcel without one; with a link for those who may switch them on."""
    if not has_no_carrier(shipment):
        return []
    carriers = carriers_switched_off([shipment])[shipment.pk]
    return [Fact(_("Switched off"), carrier.local_name, carrier_url(carrier, user)) for carrier in carriers]


def carrier_url(carrier: Carrier, user: Any) -> str:
    """Where the carrier is switched on and off; "" for those who may not."""
    if not user.is_staff or not user.has_perm("logistics.change_carrier"):
        return ""
    return reverse("admin:logistics_carrier_change", args=[carrier.pk])


def parcel_url(shipment_id: int) -> str:
    return reverse("logistics:shipment_detail", args=[shipment_id])


def _carriers_words(shipment: Shipment, user: Any) -> str:
    """The newest event, else why there is no label."""
    newest = next(iter(events_of(shipment.pk)), None)
    parts = (
        (newest.description or newest.carrier_status, newest.location)
        if newest
        else (reason_words(shipment.label_error),)
    )
    text = " · ".join(filter(None, parts))
    private = (shipment.order.ship_name, shipment.order.ship_street)
    return text if may_see_personal_data(user) else scrubbed(text, private)
