"""Forms of the inventory pages."""

import re
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.countries import country_choices
from core.money import currency_choices
from core.zones import zone_choices
from inventory.models import Product, Sku, SkuAlias, SkuBarcode, Warehouse
from inventory.rules.codes import InvalidSkuCode, normalise_sku_code
from inventory.rules.gtin import InvalidGtin, normalise_gtin
from inventory.selectors import resolve_skus
from inventory.services.imports import stock as stock_import

_REASONS = [
    ("", _("Choose a reason")),
    (_("Damaged"), _("Damaged")),
    (_("Lost"), _("Lost")),
    (_("Found"), _("Found")),
    (_("Wrong receipt"), _("Wrong receipt")),
    (_("Used as a sample"), _("Used as a sample")),
    ("other", _("Another reason")),
]


class SkuInput(forms.TextInput):
    """A code, found by code or name where the browser runs scripts; a plain input elsewhere.

    No autocomplete="off": what a browser may not keep it can't give back to somebody who goes back.
    """

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        lookup = {"data-sku-lookup": reverse("inventory:sku_lookup")}
        return super().build_attrs({**base_attrs, **lookup}, extra_attrs)


class SkuCodeField(forms.CharField):
    """A SKU found by name, or by code or barcode, typed or scanned; cleans to a SkuRef."""

    widget = SkuInput

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        ref = resolve_skus("", [text]).get(text)
        if ref is None:
            raise forms.ValidationError(_("No SKU has this code or barcode."))
        return ref


class SkuCodeForm(forms.ModelForm[Sku]):
    """What every form of a SKU asks of its code."""

    def clean_code(self) -> str:
        try:
            code = normalise_sku_code(self.cleaned_data["code"])
        except InvalidSkuCode as error:
            raise forms.ValidationError(_SKU_CODE_ERRORS[error.code]) from error
        if not self.instance.pk and Sku.objects.filter(code__iexact=code).exists():
            raise forms.ValidationError(_("This code belongs to another SKU."))
        return code


class SkuForm(SkuCodeForm):
    """A SKU with its product, made when the product code is new."""

    product_code = forms.CharField(
        label=_("Product code"),
        max_length=64,
        required=False,
        help_text=_("Variants of one article share a product. Empty: a product of its own."),
    )

    class Meta:
        model = Sku
        fields = (
            "code",
            "name",
            "status",
            "is_stocked",
            "unit_price",
            "unit_cost",
            "currency",
            "weight_g",
            "length_mm",
            "width_mm",
            "height_mm",
            "bin_location",
        )
        widgets = {"currency": forms.Select(choices=currency_choices())}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = _("A code that orders and the ledger name can't be changed.")
            self.fields["product_code"].initial = self.instance.product.code


_SKU_CODE_ERRORS = {
    "empty": _("The SKU code is missing."),
    "length": _("A SKU code has at most 64 characters."),
    "formula": _("A SKU code can't begin with =, + or @: a spreadsheet takes it for a formula."),
    "characters": _("A SKU code can't have quotation marks, <, >, \\ or |."),
}


class ProductForm(forms.ModelForm[Product]):
    class Meta:
        model = Product
        fields = ("code", "name", "name_zh", "category", "brand", "is_active")


class BarcodeForm(forms.Form):
    gtin = forms.CharField(
        label=_("Barcode"), max_length=20, help_text=_("GTIN with 8, 12, 13 or 14 digits; scan it or type it.")
    )

    def clean_gtin(self) -> str:
        try:
            gtin = normalise_gtin(self.cleaned_data["gtin"])
        except InvalidGtin as error:
            raise forms.ValidationError(_gtin_error(error)) from error
        if owner := SkuBarcode.objects.filter(gtin=gtin).select_related("sku").first():
            raise forms.ValidationError(_("This barcode belongs to %(sku)s.") % {"sku": owner.sku.code})
        return gtin


def _gtin_error(error: InvalidGtin) -> Any:
    if error.code == "check_digit":
        return _("The check digit is wrong; it would be %(digit)s.") % {"digit": error.expected}
    if error.code == "length":
        return _("A GTIN has 8, 12, 13 or 14 digits.")
    return _("A GTIN has digits only.")


class AliasForm(forms.Form):
    source = forms.CharField(
        label=_("Channel code"), max_length=32, required=False, help_text=_("Empty: for every channel.")
    )
    external_sku = forms.CharField(label=_("Channel SKU"), max_length=120)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["source"] = data.get("source", "").lower()
        taken = SkuAlias.objects.filter(
            source=data["source"], external_sku__iexact=data.get("external_sku", "")
        ).select_related("sku")
        if owner := taken.first():
            self.add_error("external_sku", _("This alias belongs to %(sku)s.") % {"sku": owner.sku.code})
        return data


class AdjustForm(forms.Form):
    """A correction of one level: by a difference or to a counted quantity."""

    warehouse = forms.ModelChoiceField(label=_("Warehouse"), queryset=Warehouse.objects.none())
    sku = SkuCodeField(label=_("SKU or barcode"), max_length=64)
    mode = forms.ChoiceField(
        label=_("What you know"),
        choices=[("delta", _("How many more or fewer")), ("counted", _("How many there are"))],
        initial="delta",
    )
    quantity = forms.CharField(
        label=_("Quantity"), max_length=12, help_text=_("A minus takes away: -3."), widget=forms.TextInput
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_REASONS)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, warehouses: QuerySet[Warehouse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Warehouse]", self.fields["warehouse"])
        field.queryset = warehouses
        only = list(warehouses[:2])
        if len(only) == 1:
            field.initial = only[0].pk

    def clean_quantity(self) -> int:
        text = re.sub(r"[\s,.'\u2212]", lambda m: "-" if m.group() == "\u2212" else "", self.cleaned_data["quantity"])
        try:
            return int(text)
        except ValueError as error:
            raise forms.ValidationError(_("Write a whole number, such as 5 or -3.")) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        quantity = data.get("quantity")
        if data.get("mode") == "counted" and quantity is not None and quantity < 0:
            self.add_error("quantity", _("What is there can't be fewer than none."))
        if data.get("mode") == "delta" and quantity == 0:
            self.add_error("quantity", _("Zero changes nothing."))
        if data.get("reason") == "other" and not data.get("note"):
            self.add_error("note", _("Say what happened."))
        ref = data.get("sku")
        if ref is not None and not ref.stocked:
            self.add_error("sku", _("This SKU isn't kept in stock."))
        return data

    def reason_text(self) -> str:
        """Reason and note as one sentence for ledger and audit."""
        reason, note = self.cleaned_data["reason"], self.cleaned_data["note"]
        return note if reason == "other" else f"{reason}: {note}" if note else str(reason)


class SafetyForm(forms.Form):
    safety = forms.IntegerField(
        label=_("Safety stock"),
        min_value=0,
        max_value=2_000_000_000,
        help_text=_("Units that are never promised to orders."),
    )


class ProductImportForm(forms.Form):
    file = forms.FileField(label=_("File"), help_text=_("CSV or XLSX; the first row names the columns."))


class StockImportForm(forms.Form):
    mode = forms.ChoiceField(
        label=_("What the quantities are"),
        choices=[
            (stock_import.OPENING, _("Opening stock: the first quantity of each SKU")),
            (stock_import.COUNT, _("Stock count: what is there now; differences become adjustments")),
        ],
    )
    warehouse = forms.ModelChoiceField(
        label=_("Warehouse"),
        queryset=Warehouse.objects.none(),
        required=False,
        help_text=_("Where the file has no warehouse column."),
    )
    file = forms.FileField(label=_("File"), help_text=_("CSV or XLSX; the first row names the columns."))

    def __init__(self, *args: Any, warehouses: QuerySet[Warehouse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Warehouse]", self.fields["warehouse"])
        field.queryset = warehouses


class WarehouseForm(forms.ModelForm[Warehouse]):
    # A browser takes the first choice where none is selected.
    country = forms.ChoiceField(label=_("Country"), choices=country_choices, initial="CN")
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        initial=Warehouse._meta.get_field("time_zone").default,
    )

    class Meta:
        model = Warehouse
        fields = (
            "code",
            "name",
            "is_active",
            "priority",
            "serves_countries",
            "country",
            "province",
            "city",
            "district",
            "street",
            "postal_code",
            "contact_name",
            "phone",
            "time_zone",
            "cut_off",
            "calendar_code",
        )
        widgets = {"cut_off": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip().upper()

    def clean_serves_countries(self) -> list[str]:
        known = {code for code, _name in country_choices()}
        codes = [str(code).strip().upper() for code in self.cleaned_data["serves_countries"] if str(code).strip()]
        if unknown := next((code for code in codes if code not in known), None):
            raise forms.ValidationError(_("%(code)s is no ISO country code.") % {"code": unknown})
        return codes
