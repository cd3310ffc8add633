"""What whoever works on a case sees of its parcel, masked by that person's rights."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.cases.models import Case
from core.cases.registry import Fact
from logistics.models import Shipment
from logistics.rules.public import scrubbed
from logistics.selectors import events_of, visible_shipments
from orders.case_facts import order_facts


def facts_of_parcel_case(case: Case, user: Any) -> Sequence[Fact]:
    """The parcel, what the carrier said last, its order and whom to call."""
    wanted = visible_shipments(user).filter(pk=case.subject_id)
    shipment = wanted.select_related("order__channel", "order__customer", "carrier").first()
    if shipment is None:
        return ()
    parcel = " ".join(filter(None, (str(shipment.carrier or ""), shipment.tracking_number or shipment.number)))
    url = reverse("logistics:shipment_detail", args=[shipment.pk])
    facts = [Fact(_("Parcel"), parcel, url), Fact(_("The carrier's words"), _carriers_words(shipment, user))]
    return [*(fact for fact in facts if fact.text), *order_facts(shipment.order, user)]


def _carriers_words(shipment: Shipment, user: Any) -> str:
    """The newest event, else why there is no label."""
    newest = next(iter(events_of(shipment.pk)), None)
    parts = (newest.description or newest.carrier_status, newest.location) if newest else (shipment.label_error,)
    text = " · ".join(filter(None, parts))
    private = (shipment.order.ship_name, shipment.order.ship_street)
    return text if may_see_personal_data(user) else scrubbed(text, private)
