"""What whoever works on a case sees of its order, masked by that person's rights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.addresses import mask_name, mask_phone
from core.cases.models import Case
from core.cases.registry import CaseSeed, Fact
from core.phones import format_phone
from core.redaction import mask
from core.words import listed
from orders.codes import OUT_OF_STOCK, VALIDATION_FAILED
from orders.enums import FulfilmentStatus
from orders.finding_words import suggested_words
from orders.models import Finding, FulfilmentLine, Order
from orders.rules.masking import is_personal_path, masked_finding
from orders.rules.validation import message
from orders.schema.words import field_words
from orders.selectors.orders import orders_for


def order_facts(order: Order, user: Any) -> list[Fact]:
    """The order and whom to call about it. `order` comes with channel and customer."""
    unmasked = may_see_personal_data(user)
    name = order.ship_name or order.buyer_name or order.customer.name
    phone = order.ship_phone or order.buyer_phone
    spoken = format_phone(phone, order.ship_country) if unmasked else mask_phone(phone)
    customer_url = reverse("crm:customer_detail", args=[order.customer_id])
    facts = [
        Fact(
            _("Order"),
            f"{order.number} · {order.channel.name} {order.channel_number}",
            reverse("orders:order_detail", args=[order.pk]),
        ),
        Fact(
            _("Customer"),
            name if unmasked else mask_name(name),
            customer_url if user.has_perm("crm.view_customer") else "",
        ),
        Fact(_("Phone"), spoken),
    ]
    return [fact for fact in facts if fact.text]


def facts_of_order_case(case: Case, user: Any) -> Sequence[Fact]:
    """For cases about orders: the order, and what is missing or what the channel changed where it is about that."""
    order = orders_for(user).select_related("channel", "customer").filter(pk=case.subject_id).first()
    if order is None:
        return ()
    changes: Mapping[str, Sequence[str]] = case.data.get("changes", {})
    unmasked = may_see_personal_data(user)
    if case.type == VALIDATION_FAILED:
        return [*order_facts(order, user), *_found(order, unmasked)]
    if case.type == OUT_OF_STOCK:
        return [*order_facts(order, user), *_missing(order, user)]
    told = [
        Fact(field_words(path), _change(pair, hidden=is_personal_path(path) and not unmasked))
        for path, pair in changes.items()
    ]
    return [*order_facts(order, user), *told]


def _missing(order: Order, user: Any) -> list[Fact]:
    """What the order waits for; the SKU's page says what is on its way."""
    lines = FulfilmentLine.objects.filter(fulfilment__order=order, fulfilment__status=FulfilmentStatus.BACKORDERED)
    may_open = user.has_perm("inventory.view_sku")
    return [
        Fact(
            _("Missing"),
            f"{line.quantity} × {line.sku.code} · {line.sku.name}",
            reverse("inventory:sku_detail", args=[line.sku_id]) if may_open else "",
        )
        for line in lines.select_related("sku").order_by("sku__code", "pk")
    ]


def _found(order: Order, unmasked: bool) -> list[Fact]:
    """What validation found, with what it suggests."""
    rows = (
        Finding.objects.filter(order=order).order_by("pk").values("code", "field", "params", "expected", "suggestion")
    )
    findings = [row if unmasked else masked_finding(row) for row in rows]
    label = pgettext_lazy("validation", "Found")
    return [Fact(label, _with_suggestion(finding, order), other_order_url(finding)) for finding in findings]


def other_order_url(finding: Mapping[str, Any]) -> str:
    """The page of the order that the found one repeats; "" where the finding is about this order alone."""
    other = finding["params"].get("order_id")
    return reverse("orders:order_detail", args=[other]) if other else ""


def _with_suggestion(finding: Mapping[str, Any], order: Order) -> str:
    said = message(finding["code"], finding["params"], order.currency)
    values = suggested_words(finding, order)
    return "\n".join((said, gettext("Suggested: %(values)s") % {"values": values})) if values else said


def _change(pair: Sequence[str], *, hidden: bool) -> str:
    old, new = (mask(text) if hidden else text for text in pair)
    return f"{old or '–'} → {new or '–'}"


def merge_channel_changes(known: Mapping[str, Any], seed: CaseSeed) -> CaseSeed:
    """What the channel has changed in all: from what the order was at the first change to what it is to be now."""
    changes: dict[str, Sequence[str]] = dict(known.get("changes", {}))
    for path, (old, new) in seed.data["changes"].items():
        first = changes.get(path, [old])[0]
        changes[path] = [first, new]
        if first == new:
            del changes[path]
    return replace(
        seed,
        summary_code="changed" if changes else "taken_back",
        summary_params={"fields": ", ".join(sorted(changes))},
        data={"changes": changes},
    )


def words_of_fields(paths: str) -> str:
    """ "lines, shipping_address.phone" in words."""
    return listed(field_words(path) for path in paths.split(", ") if path)
