"""Forms of the purchasing pages."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.countries import country_choices
from core.money import currency_choices
from inventory.forms import SkuCodeField
from inventory.models import Warehouse
from supply_chain.models import Supplier, SupplierSku


class SupplierForm(forms.ModelForm[Supplier]):
    country = forms.ChoiceField(label=_("Country"), required=False, choices=lambda: [("", "–"), *country_choices()])

    class Meta:
        model = Supplier
        fields = (
            "code",
            "name",
            "is_active",
            "contact_name",
            "email",
            "phone",
            "country",
            "currency",
            "payment_terms",
            "lead_time_days",
            "over_receipt_percent",
            "note",
        )
        widgets = {"currency": forms.Select(choices=currency_choices())}


class OfferForm(forms.Form):
    """What a supplier offers of one SKU."""

    sku = SkuCodeField(label=_("SKU or barcode"), max_length=64)
    unit_cost = forms.DecimalField(label=_("Unit cost"), min_value=0, max_digits=14, decimal_places=4, localize=True)
    supplier_code = forms.CharField(label=_("Supplier's code"), max_length=64, required=False)
    moq = forms.IntegerField(label=_("Minimum order quantity"), min_value=1, initial=1)
    pack_size = forms.IntegerField(
        label=_("Pack size"), min_value=1, initial=1, help_text=_("Sold in multiples of this.")
    )
    lead_time_days = forms.IntegerField(
        label=_("Lead time (days)"),
        min_value=0,
        max_value=999,
        required=False,
        help_text=_("Empty: the supplier's own."),
    )
    is_preferred = forms.BooleanField(label=_("Buy this SKU here by default"), required=False)


class SkuOfferForm(OfferForm):
    """What one of the suppliers offers of a SKU that is known already."""

    sku = None  # type: ignore[assignment]
    supplier = forms.ModelChoiceField(label=_("Supplier"), queryset=Supplier.objects.filter(is_active=True))
    field_order = ("supplier",)


class PurchaseOrderForm(forms.Form):
    supplier = forms.ModelChoiceField(label=_("Supplier"), queryset=Supplier.objects.filter(is_active=True))
    warehouse = forms.ModelChoiceField(label=_("Deliver to"), queryset=Warehouse.objects.none())
    expected = forms.DateField(
        label=_("Expected on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: worked out from lead times when the order is sent."),
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, warehouses: QuerySet[Warehouse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Warehouse]", self.fields["warehouse"])
        field.queryset = warehouses.filter(is_active=True)


class LineForm(forms.Form):
    """One line of a draft; price and packs come from the supplier's offer where there is one."""

    sku = SkuCodeField(label=_("SKU or barcode"), max_length=64)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=1_000_000_000)
    unit_cost = forms.DecimalField(
        label=_("Unit cost"),
        min_value=0,
        max_digits=14,
        decimal_places=4,
        localize=True,
        required=False,
        help_text=_("Empty: the supplier's price."),
    )
    against_terms = forms.BooleanField(
        label=_("Order this quantity anyway"),
        required=False,
        help_text=_("Below the supplier's minimum or not in whole packs, as agreed with the supplier."),
    )

    def __init__(self, *args: Any, supplier: Supplier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supplier = supplier

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("sku") and data.get("unit_cost") is None and "unit_cost" not in self.errors:
            offer = SupplierSku.objects.filter(supplier=self.supplier, sku=data["sku"].id).first()
            if offer is None:
                self.add_error("unit_cost", _("The supplier has no price for this SKU; write it."))
            else:
                data["unit_cost"] = offer.unit_cost
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=255)


class BookForm(forms.Form):
    delivery_note = forms.CharField(label=_("Delivery note number"), max_length=64, required=False)
