import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.countries import country_choices
from crm.models import Customer

PASTED_MAX_LENGTH: Final = 1000


class CustomerForm(forms.ModelForm[Customer]):
    """Contact data of a customer; the service judges phone and e-mail."""

    country = forms.ChoiceField(label=_("Country"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", "–"), *settings.LANGUAGES],
        help_text=_("In which messages are written to the customer."),
    )  # fmt: skip

    class Meta:
        model = Customer
        fields = ["name", "phone", "email", "country", "language", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 3}), "phone": forms.TextInput(attrs={"type": "tel"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "–"), *country_choices()]  # type: ignore[attr-defined]

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service writes, under a lock, what has changed."""

    def changes(self) -> dict[str, str]:
        """The fields that differ from the customer as it was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class MergeForm(forms.Form):
    """Which customer is the same person."""

    other = forms.CharField(
        label=_("The other customer"),
        max_length=254,
        help_text=_("Number such as #1042, whole phone number or whole e-mail address."),
    )


class PasteAddressWidget(forms.Textarea):
    """A box whose pasted text is taken apart into the form's address fields (static/js/address.js).

    `fields` maps parts of core.addresses.Address to names of fields of the same form.
    """

    class Media:
        js = ("js/address.js",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"})
        self.fields = fields

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-paste-address": reverse("crm:address_parse"),
            "data-fields": json.dumps(dict(self.fields)),
            "data-found": gettext("The parts are filled in. Look them over."),
            "data-not-found": gettext("No Chinese place was recognised. Fill in the parts by hand."),
            "data-failed": gettext("The address couldn't be taken apart. Fill in the parts by hand."),
        }
        return context


def paste_address_field(fields: Mapping[str, str]) -> forms.CharField:
    """A field for a form with an address; its own value is never read."""
    return forms.CharField(
        label=_("Paste an address"),
        required=False,
        max_length=PASTED_MAX_LENGTH,
        widget=PasteAddressWidget(fields),
        help_text=_("A Chinese address as one text, with name and phone if you have them."),
    )
