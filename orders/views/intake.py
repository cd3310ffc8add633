"""Intake messages: what channels sent, what became of it, and taking it once more."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.actor import Actor, actor_name
from core.ui.columns import Column
from core.ui.content import EmptyState, Header, PageAction
from core.ui.formats import relative_text
from core.ui.lists import PresetView
from core.ui.views import ActionPage, DetailPage, ListPage
from orders.enums import IntakeOutcome
from orders.intake_filters import MessageFilter
from orders.models import IntakeMessage
from orders.schema import FieldError
from orders.schema.words import sentence
from orders.selectors.intake import messages_for
from orders.services.intake import replay_message


def first_reason(message: IntakeMessage) -> str:
    """The first error in words, with how many more there are."""
    errors = [sentence(FieldError.from_json(entry)) for entry in message.errors]
    if not errors:
        return ""
    more = f" (+{len(errors) - 1})" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"


class MessageList(ListPage[IntakeMessage]):
    key = "orders.intakemessage"
    title = _("Intake messages")
    model = IntakeMessage
    permission = "orders.view_intake"
    url_name = "orders:intake_list"
    icon = "inbox"
    filterset_class = MessageFilter
    ordering = "-id"
    columns = (
        Column("external_id", _("Channel order number"), cell="mono", link=True),
        Column("outcome", _("Outcome"), cell="status", enum=IntakeOutcome),
        Column("reason", _("Reason"), accessor=first_reason, width="l"),
        Column("channel", _("Channel"), accessor="channel.name", width="m"),
        Column("order", _("Order"), accessor="order.number", cell="mono"),
        Column("source", _("Source"), accessor="get_source_display"),
        Column("received_at", pgettext_lazy("time of a message", "Received"), cell="when"),
        Column("seen_count", _("Times seen"), cell="number"),
        Column("actor_label", _("By"), accessor=lambda row: actor_name(row.actor_label), default=False, width="m"),
    )
    views = (
        PresetView("rejected", _("Rejected"), "outcome=rejected", roles=("order_clerk",)),
        PresetView("updated", _("Updates"), "outcome=updated"),
    )

    def get_queryset(self, user: Any) -> QuerySet[IntakeMessage]:
        return messages_for(user).select_related("channel", "order").defer("raw")

    def row_url(self, row: IntakeMessage) -> str:
        return reverse("orders:intake_detail", args=[row.pk])

    def row_label(self, row: IntakeMessage) -> str:
        return row.external_id or f"#{row.pk}"

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No messages."),
            body=_("Every order that a channel sends is kept here as it came, refused ones with the reason."),
            icon=self.icon,
        )


class MessageDetail(DetailPage[IntakeMessage]):
    key = "orders.intakemessage"
    list_key = "orders.intakemessage"
    permission = "orders.view_intake"

    def get_queryset(self, user: Any) -> QuerySet[IntakeMessage]:
        return messages_for(user).select_related("channel", "order")

    def header(self, obj: IntakeMessage) -> Header:
        replay = PageAction(
            label=_("Take once more"),
            url=reverse("orders:intake_replay", args=[obj.pk]),
            method="post",
            permission="orders.import_order",
            icon="refresh",
            key="r",
        )
        return Header(
            title=_title(obj),
            line=" · ".join([str(obj.channel), str(obj.get_source_display()), relative_text(obj.received_at)]),
            status=IntakeOutcome(obj.outcome),
            code=obj.external_id,
            primary=replay if obj.outcome == IntakeOutcome.REJECTED else None,
            menu=() if obj.outcome == IntakeOutcome.REJECTED else (replay,),
        )


def _title(message: IntakeMessage) -> str | Promise:
    if message.external_id:
        return _("Message about %(number)s") % {"number": message.external_id}
    return _("Message without an order number")


class MessageReplay(ActionPage[IntakeMessage]):
    list_key = "orders.intakemessage"
    permission = "orders.import_order"

    def perform(self, obj: IntakeMessage) -> str:
        result = replay_message(message_id=obj.pk, actor=Actor.for_user(self.request.user))
        if result.outcome == IntakeOutcome.REJECTED:
            return gettext("Still refused: %(reason)s.") % {"reason": sentence(FieldError.from_json(result.errors[0]))}
        if result.outcome == IntakeOutcome.DUPLICATE:
            return gettext("Order %(number)s has this already.") % {"number": result.order_number}
        return gettext("Taken as order %(number)s.") % {"number": result.order_number}
