from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import is_limited
from core.admin import LargeTableAdmin, ReadOnlyAdmin, code_filter
from core.audit.admin import AuditedAdmin
from core.notifications.models import MessageTemplate, Notification, NotificationPreference, OutgoingMessage
from core.notifications.registry import LINK, Template, find_template, templates
from core.notifications.rules import Text, substitute
from core.notifications.selectors import messages_for


def _by_message(field: str) -> type[admin.SimpleListFilter]:
    return code_filter(field, _("message"), lambda: ((template.code, template.label) for template in templates()))


def _message_name(code: str) -> str:
    template = find_template(code)
    return str(template.label) if template else code


_EXAMPLE_LINK = "https://console.example.com/exceptions/1/"


class MessageTemplateForm(forms.ModelForm[MessageTemplate]):
    code = forms.ChoiceField(label=_("Message"))

    class Meta:
        model = MessageTemplate
        fields = ["code", "language", "channel", "subject", "body"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [(t.code, f"{t.label} ({t.code})") for t in templates()]  # type: ignore[attr-defined]


@admin.register(MessageTemplate)
class MessageTemplateAdmin(AuditedAdmin[MessageTemplate]):
    form = MessageTemplateForm
    list_display = ["in_words", "language", "channel", "subject"]
    list_filter = ["language", "channel", _by_message("code")]
    search_fields = ["code", "subject"]
    readonly_fields = ["placeholders", "preview", "standard_text"]

    @admin.display(description=_("message"), ordering="code")
    def in_words(self, message: MessageTemplate) -> str:
        return _message_name(message.code)

    @admin.display(description=_("Placeholders"))
    def placeholders(self, message: MessageTemplate) -> str:
        template = find_template(message.code)
        return " ".join(f"{{{{ {name} }}}}" for name in [*template.placeholders, LINK]) if template else "–"

    @admin.display(description=_("Preview with examples"))
    def preview(self, message: MessageTemplate) -> str | SafeString:
        """What was saved last, with the examples put in."""
        template = find_template(message.code)
        return _shown(template, message.text) if template else "–"

    @admin.display(description=_("Standard text"))
    def standard_text(self, message: MessageTemplate) -> str | SafeString:
        template = find_template(message.code)
        return _shown(None, template.text(message.language)) if template else "–"


def _shown(template: Template | None, text: Text) -> SafeString:
    """Subject and body as they stand, with the template's examples where one is given."""
    values = {**template.placeholders, LINK: _EXAMPLE_LINK} if template else None
    parts = [text.subject, text.body] if values is None else [substitute(t, values) for t in (text.subject, text.body)]
    return format_html("<strong>{}</strong><pre>{}</pre>", *parts)


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ReadOnlyAdmin[OutgoingMessage]):
    list_display = ["id", "subject", "to", "in_words", "status", "attempts", "created_at", "sent_at"]
    list_filter = ["status", "audience", _by_message("template")]
    search_fields = ["=id", "=to"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMessage]:
        return messages_for(request.user).order_by("-id")

    @admin.display(description=_("message"), ordering="template")
    def in_words(self, message: OutgoingMessage) -> str:
        return _message_name(message.template)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin[Notification]):
    list_display = ["id", "user", "in_words", "level", "count", "created_at", "read_at"]
    list_filter = ["level", _by_message("code")]
    list_select_related = ["user"]
    search_fields = ["=user__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        rows = super().get_queryset(request)
        return rows.filter(user=request.user.pk) if is_limited(request.user) else rows

    @admin.display(description=_("message"), ordering="code")
    def in_words(self, notification: Notification) -> str:
        return _message_name(notification.code)


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(AuditedAdmin[NotificationPreference], LargeTableAdmin[NotificationPreference]):
    list_display = ["user", "in_words", "in_app", "email"]
    list_filter = [_by_message("code")]
    list_select_related = ["user"]
    search_fields = ["user__username"]

    @admin.display(description=_("message"), ordering="code")
    def in_words(self, preference: NotificationPreference) -> str:
        return _message_name(preference.code)
