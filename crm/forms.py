from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.countries import country_choices
from crm.models import Customer


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
