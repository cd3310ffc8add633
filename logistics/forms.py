"""Forms of the warehouse, of shipping and of the public tracking page."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from logistics.models import Carrier
from orders.models import FulfilmentLine


class CarrierForm(forms.Form):
    carrier = forms.ModelChoiceField(label=_("Carrier"), queryset=Carrier.objects.filter(is_active=True))
    service = forms.CharField(label=_("Service"), max_length=40, required=False)


class PackForm(forms.Form):
    weight_g = forms.IntegerField(
        label=_("Weight (g)"),
        min_value=0,
        max_value=100_000,
        required=False,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), _("Give the weight in whole grams, from 0 to 100,000.")
        ),
    )


class ShortForm(forms.Form):
    """What the shelf holds of each line that isn't picked whole. The picker stands before the first of `lines`."""

    def __init__(self, *args: Any, lines: Sequence[FulfilmentLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            sku = line.sku
            self.fields[_found(line)] = forms.IntegerField(
                label=" · ".join(filter(None, (sku.bin_location, sku.code, sku.name))),
                min_value=0,
                max_value=line.quantity,
                initial=line.picked_quantity if line is lines[0] else line.quantity,
                help_text=_("Found there, of %(quantity)s ordered.") % {"quantity": line.quantity},
            )

    def clean(self) -> None:
        super().clean()
        if not self.errors and all(self.found[line.pk] == line.quantity for line in self.lines):
            raise forms.ValidationError(_("Everything is there by these numbers. Go on picking."), code="complete")

    @property
    def found(self) -> dict[int, int]:
        """{fulfilment line id: units found}, once the form is clean."""
        return {line.pk: self.cleaned_data[_found(line)] for line in self.lines}


def _found(line: FulfilmentLine) -> str:
    return f"found_{line.pk}"


class TrackForm(forms.Form):
    """What a visitor gives: nothing here tells whether an order exists."""

    number = forms.CharField(
        label=_("Order or tracking number"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    contact = forms.CharField(
        label=_("Phone or its last 4 digits, or the e-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RatingForm(forms.Form):
    stars = forms.TypedChoiceField(
        label=_("How was the delivery"),
        coerce=int,
        choices=[(n, str(n)) for n in range(5, 0, -1)],
        error_messages={"required": _("Choose from 1 to 5 stars.")},
    )
    comment = forms.CharField(
        label=pgettext_lazy("rating", "Comment"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
