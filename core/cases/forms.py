from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.cases.registry import Field, Resolution
from core.cases.selectors import assignable_people

_PICKER = {"type": "datetime-local"}
_PICKER_FORMAT = "%Y-%m-%dT%H:%M"


class AssignForm(forms.Form):
    person: "forms.ModelChoiceField[User]" = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = assignable_people()  # type: ignore[attr-defined]


class PassOnForm(AssignForm):
    """To somebody of the roles that can resolve the case."""

    def __init__(self, *args: Any, roles: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = assignable_people().filter(groups__name__in=roles)
        self.fields["person"].queryset = able  # type: ignore[attr-defined]


class WaitForm(forms.Form):
    reason = forms.CharField(
        label=_("Waiting for"), max_length=255, help_text=_("Who has to act first, and how they were asked.")
    )
    until = forms.DateTimeField(
        label=_("Until"),
        widget=forms.DateTimeInput(attrs=_PICKER, format=_PICKER_FORMAT),
        help_text=_("The clock goes on by itself then."),
    )

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until <= timezone.now():
            raise forms.ValidationError(_("Choose a time in the future."))
        return until


def tomorrow() -> str:
    """The default of `until`: this time tomorrow, as the picker reads it."""
    return timezone.localtime(timezone.now() + timedelta(days=1)).strftime(_PICKER_FORMAT)


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}))


class ResolveForm(forms.Form):
    """The inputs of a resolution, and a note."""

    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, resolution: Resolution, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inputs = {item.name: _input(item, user) for item in resolution.inputs()}
        self.fields = {**inputs, "note": self.fields["note"]}


def _input(item: Field, user: User) -> forms.Field:
    match item.kind:
        case "textarea":
            return forms.CharField(label=item.label, required=item.required, widget=forms.Textarea(attrs={"rows": 3}))
        case "number":
            return forms.DecimalField(label=item.label, required=item.required)
        case "date":
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(label=item.label, required=item.required, widget=widget)
        case "choice" if item.choices:
            choices = [("", "–"), *item.choices(user)]
            return forms.ChoiceField(label=item.label, required=item.required, choices=choices)
    return forms.CharField(label=item.label, required=item.required)
