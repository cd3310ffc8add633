"""Forms of shipping and of the public tracking page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from logistics.models import Carrier


class CarrierForm(forms.Form):
    carrier = forms.ModelChoiceField(label=_("Carrier"), queryset=Carrier.objects.filter(is_active=True))
    service = forms.CharField(label=_("Service"), max_length=40, required=False)


class PackForm(forms.Form):
    weight_g = forms.IntegerField(label=_("Weight (g)"), min_value=0, max_value=100_000, required=False)


class TrackForm(forms.Form):
    """What a visitor gives: nothing here tells whether an order exists."""

    number = forms.CharField(
        label=_("Order number"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    contact = forms.CharField(
        label=_("Last 4 digits of the phone, or the e-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RatingForm(forms.Form):
    stars = forms.TypedChoiceField(
        label=_("How was the delivery"), coerce=int, choices=[(n, str(n)) for n in range(5, 0, -1)]
    )
    comment = forms.CharField(
        label=_("Comment"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
