from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.notifications.enums import Level, MessageStatus
from core.notifications.filters import MessageFilter, NotificationFilter
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.permissions import RESEND, VIEW_LOG
from core.notifications.registry import find_template
from core.notifications.selectors import messages_for, notifications_of, preferences_of
from core.notifications.services import choose_preferences, mark_read, resend
from core.ui.columns import Column
from core.ui.content import EmptyState, Header, PageAction
from core.ui.lists import PresetView
from core.ui.views import ActionPage, ConsoleView, DetailPage, ListPage, back_url, go, say

PANEL_LENGTH = 10


class NotificationList(ListPage[Notification]):
    key = "notifications.notification"
    title = _("Notifications")
    model = Notification
    url_name = "notifications:list"
    icon = "bell"
    filterset_class = NotificationFilter
    can_export = False
    columns = (
        Column("title", _("What"), link=True, width="l"),
        Column("level", _("Level"), cell="status", enum=Level),
        Column("created_at", _("When"), cell="when"),
        Column("read_at", _("Read"), cell="when"),
    )
    views = (PresetView("unread", _("Unread"), "unread=true"),)

    def get_queryset(self, user: Any) -> Any:
        return notifications_of(user)

    def row_url(self, row: Notification) -> str:
        return reverse("notifications:open", args=[row.pk])

    def peek_url(self, row: Notification) -> None:
        return None

    def row_class(self, row: Notification) -> str:
        return "row-muted" if row.read_at else ""

    def menu(self, user: Any) -> list[PageAction]:
        return [
            PageAction(
                label=_("Mark all as read"), url=reverse("notifications:read_all"), method="post", icon="checks"
            ),
            PageAction(label=_("What to be told of"), url=reverse("notifications:preferences"), icon="settings"),
        ]

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No notifications."),
            body=_("What concerns you appears here and behind the bell."),
            icon=self.icon,
        )


class OpenNotification(ConsoleView):
    """Marks a notification as read and leads to what it is about."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        notification = get_object_or_404(Notification, pk=pk, user_id=request.user.pk)
        mark_read(user_id=notification.user_id, ids=[pk])
        return HttpResponseRedirect(notification.url or reverse("notifications:list"))


class ReadAll(ConsoleView):
    def post(self, request: HttpRequest) -> HttpResponse:
        mark_read(user_id=request.user.pk or 0)
        return go(request, back_url(request, reverse("notifications:list")))


class BellPanel(ConsoleView):
    """The newest notifications, under the bell."""

    def get(self, request: HttpRequest) -> HttpResponse:
        newest = notifications_of(request.user).order_by("-id")[:PANEL_LENGTH]  # type: ignore[arg-type]
        return self.page("notifications/_bell.html", {"notifications": newest})


class PreferencesPage(ConsoleView):
    """What a person wants to be told of, and how."""

    title = _("What to be told of")
    template_name = "notifications/preferences.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(context={"rows": preferences_of(request.user)})  # type: ignore[arg-type]

    def post(self, request: HttpRequest) -> HttpResponse:
        in_app, email = set(request.POST.getlist("in_app")), set(request.POST.getlist("email"))
        codes = [template.code for template, _in_app, _email in preferences_of(request.user)]  # type: ignore[arg-type]
        choices = {code: (code in in_app, code in email) for code in codes}
        choose_preferences(user_id=request.user.pk or 0, choices=choices)
        say(request, _("Saved."))
        return go(request, reverse("notifications:preferences"))


class MessageList(ListPage[OutgoingMessage]):
    """The send log."""

    key = "notifications.message"
    title = _("Send log")
    model = OutgoingMessage
    permission = VIEW_LOG
    url_name = "notifications:message_list"
    icon = "mail"
    filterset_class = MessageFilter
    columns = (
        Column("subject", _("Subject"), link=True, width="l"),
        Column("to", _("To")),
        Column("template", _("Message"), accessor=lambda message: _template_label(message.template)),
        Column("status", _("Status"), cell="status", enum=MessageStatus),
        Column("attempts", _("Tries"), cell="number", default=False),
        Column("created_at", _("Created"), cell="when"),
        Column("sent_at", _("Sent"), cell="when"),
    )
    views = (
        PresetView("problems", _("Problems"), "status=failed&status=unknown"),
        PresetView("waiting", _("Waiting"), "status=queued&status=sending"),
    )

    def get_queryset(self, user: Any) -> Any:
        return messages_for(user)

    def row_url(self, row: OutgoingMessage) -> str:
        return reverse("notifications:message_detail", args=[row.pk])

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing was sent yet."), body=_("Every e-mail that leaves is listed here."), icon="mail"
        )


class MessagePage(DetailPage[OutgoingMessage]):
    key = "notifications.message"
    list_key = "notifications.message"
    permission = VIEW_LOG
    audit_subject = "notifications.outgoingmessage"

    def header(self, obj: OutgoingMessage) -> Header:
        again = PageAction(
            label=_("Send again"),
            url=reverse("notifications:message_resend", args=[obj.pk]),
            method="post",
            icon="send",
            style="primary",
            permission=RESEND,
            confirm=_("It may have been sent already; then it arrives twice.")
            if obj.status == MessageStatus.UNKNOWN
            else "",
        )
        is_open_question = obj.status in {MessageStatus.FAILED, MessageStatus.UNKNOWN}
        return Header(title=obj.subject, status=MessageStatus(obj.status), primary=again if is_open_question else None)


class ResendMessage(ActionPage[OutgoingMessage]):
    list_key = "notifications.message"
    permission = RESEND
    message = _("It is sent again.")

    def perform(self, obj: OutgoingMessage) -> None:
        resend(message_id=obj.pk, actor=Actor.for_user(self.request.user))


def _template_label(code: str) -> str:
    template = find_template(code)
    return str(template.label) if template else code
