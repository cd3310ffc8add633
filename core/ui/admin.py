"""Saved views for managers to tidy; what the console remembers, to look at."""

from typing import Any

from django import forms
from django.contrib import admin

from core.admin import ReadOnlyAdmin
from core.audit.admin import AuditedAdmin
from core.ui.models import ListPreference, SavedView, ScanReceipt
from core.ui.saved_views import lock_defaults


class SavedViewForm(forms.ModelForm[SavedView]):
    """A second default of a role is refused with the reason, also when two make one at once."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("default_for"):
            lock_defaults()  # the constraints are looked at after this, in the same transaction
        return data


@admin.register(SavedView)
class SavedViewAdmin(AuditedAdmin[SavedView]):
    form = SavedViewForm
    list_display = ["name", "page", "owner", "is_shared", "default_for"]
    list_filter = ["is_shared", "default_for", "page"]
    list_select_related = ["owner"]
    search_fields = ["name", "page", "owner__username", "owner__display_name"]


@admin.register(ListPreference)
class ListPreferenceAdmin(ReadOnlyAdmin[ListPreference]):
    list_display = ["user", "page"]
    list_filter = ["page"]
    list_select_related = ["user"]
    search_fields = ["page", "user__username", "user__display_name"]


@admin.register(ScanReceipt)
class ScanReceiptAdmin(ReadOnlyAdmin[ScanReceipt]):
    list_display = ["key", "user", "at"]
    list_filter = ["at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__display_name"]
