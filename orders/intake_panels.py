"""Panels of channels and of intake messages."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.audit.words import register_action_labels
from core.ui.content import PanelContent
from core.ui.panels import register_panel
from core.ui.setup_links import register_setting
from orders.channels import canonical_payload, readable
from orders.enums import ChannelKind, IntakeOutcome, IntakeSource
from orders.importing.mapping import importable_fields
from orders.models import Channel, IntakeMessage
from orders.rules.masking import differences, masked
from orders.rules.raw_text import as_rows
from orders.schema import FieldError
from orders.schema.words import field_words, sentence
from orders.selectors.intake import previous_message

_RECENT = 10


def register() -> None:
    """Called once when the console starts."""
    page = "orders.intakemessage"
    register_panel(page, code="errors", title=_("Why it was refused"), render=errors, order=10)
    register_panel(page, code="changes", title=_("What changed since the message before"), render=changes, order=20)
    register_panel(page, code="raw", title=_("As it came"), render=raw, order=30)
    register_panel(page, code="facts", title=_("Message"), render=facts, order=10, column="side")
    page = "orders.channel"
    register_panel(page, code="address", title=_("Where orders are sent to"), render=endpoint, order=10)
    register_panel(page, code="mappings", title=_("Import mappings"), render=mappings, order=20)
    register_panel(
        page, code="recent", title=_("Newest messages"), render=recent, order=30, permission="orders.view_intake"
    )
    register_panel(page, code="settings", title=_("Settings"), render=settings, order=10, column="side")
    register_setting(
        _("Sales"),
        _("Channels"),
        "orders:channel_list",
        "orders.view_channel",
        description=_("Where orders come from, and what is asked of them"),
        icon="building-store",
    )
    register_action_labels(
        {
            "orders.received": (_("Received"), "inbox", "info"),
            "orders.changed_by_channel": (_("Changed by the channel"), "refresh", "info"),
            "orders.channel_change_refused": (_("The channel's change wasn't taken over"), "hand-stop", "warning"),
            "orders.channel_created": (_("Channel created"), "plus", "success"),
            "orders.channel_changed": (_("Channel changed"), "pencil", "info"),
            "orders.channel_secret_changed": (_("Webhook's secret changed"), "key", "warning"),
            "orders.mapping_saved": (_("Import mapping saved"), "table-import", "info"),
        }
    )


def errors(request: HttpRequest, message: IntakeMessage) -> PanelContent | None:
    if not message.errors:
        return None
    shown = [sentence(FieldError.from_json(entry)) for entry in message.errors]
    return PanelContent("orders/_intake_errors.html", {"errors": shown}, count=len(shown))


def raw(request: HttpRequest, message: IntakeMessage) -> PanelContent:
    hidden = not may_see_personal_data(request.user)
    content = readable(message.source, message.raw)
    content = masked(content) if hidden else content
    return PanelContent(
        "orders/_intake_raw.html",
        {"rows": as_rows(content), "hidden": hidden, "is_file": message.source == IntakeSource.FILE},
    )


def changes(request: HttpRequest, message: IntakeMessage) -> PanelContent | None:
    previous = previous_message(message)
    if previous is None:
        return None
    versions = [_readable(previous), _readable(message)]
    if not may_see_personal_data(request.user):
        versions = [masked(version) for version in versions]
    rows = [(field_words(path), old, new) for path, old, new in differences(*versions)]
    url = reverse("orders:intake_detail", args=[previous.pk])
    return PanelContent("orders/_intake_changes.html", {"rows": rows, "previous_url": url}, count=len(rows))


def _readable(message: IntakeMessage) -> Any:
    """The message as a canonical order where it is one: channels send much that doesn't matter here."""
    payload = canonical_payload(message.source, message.raw)
    return payload if isinstance(payload, dict) else message.raw


def facts(request: HttpRequest, message: IntakeMessage) -> PanelContent:
    return PanelContent("orders/_intake_facts.html", {"message": message})


def endpoint(request: HttpRequest, channel: Channel) -> PanelContent | None:
    if channel.kind == ChannelKind.SHOPIFY:
        address = request.build_absolute_uri(reverse("orders_hooks:shopify", args=[channel.code]))
    elif channel.kind == ChannelKind.API:
        address = request.build_absolute_uri(reverse("orders_api:orders"))
    else:
        return None
    context = {"address": address, "is_shopify": channel.kind == ChannelKind.SHOPIFY}
    return PanelContent("orders/_channel_endpoint.html", context)


def mappings(request: HttpRequest, channel: Channel) -> PanelContent | None:
    labels = importable_fields()
    rows = [
        {
            "mapping": mapping,
            "columns": [(labels[path], name) for path, name in mapping.columns.items() if path in labels],
        }
        for mapping in channel.mappings.order_by("-is_default", "name")
    ]
    if not rows and channel.kind != ChannelKind.FILE:
        return None
    return PanelContent("orders/_channel_mappings.html", {"rows": rows, "channel": channel}, count=len(rows))


def recent(request: HttpRequest, channel: Channel) -> PanelContent:
    newest = channel.messages.select_related("order").defer("raw").order_by("-pk")[:_RECENT]
    rows = [{"message": message, "outcome": IntakeOutcome(message.outcome)} for message in newest]
    return PanelContent("orders/_channel_messages.html", {"rows": rows})


def settings(request: HttpRequest, channel: Channel) -> PanelContent:
    return PanelContent("orders/_channel_settings.html", {"channel": channel})
