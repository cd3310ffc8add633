"""Forms of the order page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.addresses import PARTS
from core.countries import country_choices
from core.ui.formats import money_text
from crm.forms import paste_address_field
from inventory.forms import SkuInput
from orders.enums import ON_THE_WAY, HoldReason, OrderStatus, PaymentStatus
from orders.models import Order
from orders.rules.balance import refundable
from orders.services.progress import left_count

# Reasons that a person may give; the others are found by validation or set by the system.
HAND_REASONS = (
    HoldReason.MANUAL,
    HoldReason.FRAUD_RISK,
    HoldReason.BUYER_MESSAGE,
    HoldReason.MERGE_CANDIDATE,
    HoldReason.PREORDER,
    HoldReason.UNTIL_DATE,
)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=255, widget=forms.TextInput(attrs={"autofocus": True}))


class HoldForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"), choices=[(reason.value, reason.label) for reason in HAND_REASONS])
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        help_text=_("The hold is released by itself at this time."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class ReleaseHoldForm(forms.Form):
    note = forms.CharField(
        label=_("Why it is right as it is"), max_length=500, help_text=_("Kept in the order's history.")
    )


class PaymentForm(forms.Form):
    status = forms.ChoiceField(
        label=_("Payment"),
        choices=[(s.value, s.label) for s in (PaymentStatus.PAID, PaymentStatus.COD, PaymentStatus.INVOICED)],
    )
    method = forms.CharField(label=_("Method"), max_length=64, required=False)
    reference = forms.CharField(label=_("Reference"), max_length=120, required=False)


class RefundForm(forms.Form):
    """What was given back; the version keeps one refund from being noted twice."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=14, decimal_places=2)
    reference = forms.CharField(label=_("Reference"), max_length=120, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if most := refundable(order.status, order.balance):
            amount = money_text(most, order.currency)
            self.fields["amount"].help_text = _("At most %(amount)s.") % {"amount": amount}


class OrderEditForm(forms.ModelForm):  # type: ignore[type-arg]
    """Contact, address and amounts; the version makes two people's edits meet, `left` an edit and a hand-over."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    left = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=255, required=False)
    pasted = paste_address_field({part: f"ship_{part}" for part in PARTS})

    class Meta:
        model = Order
        fields = [
            "ship_name",
            "ship_phone",
            "ship_country",
            "ship_province",
            "ship_city",
            "ship_district",
            "ship_street",
            "ship_postal_code",
            "buyer_name",
            "buyer_email",
            "shipping_fee",
            "discount",
            "tax",
            "total",
            "ship_by",
        ]
        widgets = {
            "ship_by": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ship_country"] = forms.ChoiceField(
            label=_("Country"), choices=[("", "–"), *country_choices()], required=False
        )
        self.fields["version"].initial = self.instance.version
        self.fields["left"].initial = left_count(self.instance.pk)
        # Goods that are being sent: only where they go and whom to call can change.
        if self.instance.released_at or self.instance.status in ON_THE_WAY:
            for name in ("shipping_fee", "discount", "tax", "total"):
                del self.fields[name]
        if self.instance.status == OrderStatus.SHIPPED:
            del self.fields["ship_by"]

    def look_again(self, left: int) -> None:
        """What was typed stays; sent again, it is meant for what is sent after `left` parcels."""
        self.data = {**dict(self.data.items()), "left": str(left)}

    def changes(self) -> dict[str, Any]:
        """The fields that differ from the order as it was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.Meta.fields}


class LineEditForm(forms.Form):
    """One line before release. The SKU is found by its code."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    sku = forms.CharField(label=_("SKU"), max_length=120, required=False, widget=SkuInput)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=1_000_000)
    unit_price = forms.DecimalField(label=_("Unit price"), min_value=0, max_digits=14, decimal_places=4)
    discount = forms.DecimalField(label=_("Discount"), min_value=0, max_digits=14, decimal_places=2)
    tax = forms.DecimalField(label=_("Tax"), min_value=0, max_digits=14, decimal_places=2)
    reason = forms.CharField(label=_("Reason"), max_length=255, required=False)
