from typing import cast

from django import forms
from django.http import QueryDict

from core.ids import parse_id
from core.jobs.writers import WRITERS
from core.ui import lists


class ListForm(forms.Form):
    """What every job on a list is told: which list, and the query string that says which rows."""

    list = forms.CharField()
    query = forms.CharField(required=False)

    def clean_list(self) -> str:
        key: str = self.cleaned_data["list"]
        known = lists.keys()
        if key not in known:
            raise forms.ValidationError("unknown list")
        return key


class ExportForm(ListForm):
    columns = forms.CharField(required=False)
    format = forms.ChoiceField(choices=[(code, code) for code in WRITERS])

    def clean_columns(self) -> "list[str]":
        return [key for key in self.cleaned_data["columns"].split(",") if key]


class BulkForm(ListForm):
    action = forms.CharField()
    all = forms.BooleanField(required=False)

    def ids(self) -> "list[int] | None":
        """The ticked rows; None for all that match."""
        if self.cleaned_data["all"]:
            return None
        data = cast("QueryDict", self.data)
        return [pk for value in dict.fromkeys(data.getlist("ids")) if (pk := parse_id(value)) is not None]
