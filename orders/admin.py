"""Channels, import mappings and intake messages on the administration site."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.actor import Actor
from core.admin import ReadOnlyAdmin
from orders.models import Channel, ImportMapping, IntakeMessage
from orders.rules.masking import masked
from orders.selectors.intake import messages_for
from orders.selectors.orders import channels_for
from orders.services.channels import FIELDS, create_channel, update_channel


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    """The webhook's secret isn't shown here; the channel's page changes it."""

    list_display = ("code", "name", "kind", "currency", "country", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("code", "name")
    fields = ("code", *FIELDS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        return channels_for(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return ("code",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Channel, form: ModelForm[Channel], change: bool) -> None:
        actor = Actor.for_user(request.user)
        if change:
            update_channel(channel_id=obj.pk, values=form.cleaned_data, actor=actor)
        else:
            obj.pk = create_channel(code=obj.code, values=form.cleaned_data, actor=actor).pk

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        return False


@admin.register(ImportMapping)
class ImportMappingAdmin(admin.ModelAdmin[ImportMapping]):
    list_display = ("name", "channel", "is_default", "updated_at")
    list_filter = ("channel",)
    search_fields = ("name", "channel__code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportMapping]:
        return ImportMapping.objects.filter(channel__in=channels_for(request.user)).select_related("channel")


@admin.register(IntakeMessage)
class IntakeMessageAdmin(ReadOnlyAdmin[IntakeMessage]):
    list_display = ("external_id", "channel", "source", "outcome", "received_at", "seen_count")
    list_filter = ("outcome", "channel", "source")
    search_fields = ("external_id__exact",)
    fields = (
        "channel", "source", "external_id", "outcome", "errors", "order", "received_at", "last_seen_at",
        "seen_count", "actor_label",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntakeMessage]:
        return messages_for(request.user).select_related("channel", "order")

    def get_fields(self, request: HttpRequest, obj: IntakeMessage | None = None) -> Any:
        return (*self.fields, "raw_whole" if may_see_personal_data(request.user) else "raw_masked")

    def get_readonly_fields(self, request: HttpRequest, obj: IntakeMessage | None = None) -> Any:
        return self.get_fields(request, obj)

    @admin.display(description=_("Content"))
    def raw_whole(self, obj: IntakeMessage) -> str:
        return json.dumps(obj.raw, indent=2, ensure_ascii=False)

    @admin.display(description=_("Content (personal data masked)"))
    def raw_masked(self, obj: IntakeMessage) -> str:
        return json.dumps(masked(obj.raw), indent=2, ensure_ascii=False)
