"""What notifications add to the console's frame."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.audit.words import register_action_labels
from core.notifications import views  # noqa: F401 - registers the lists
from core.notifications.models import OutgoingMessage
from core.notifications.permissions import VIEW_LOG
from core.notifications.selectors import unread_count
from core.ui.content import PanelContent
from core.ui.panels import register_panel
from core.ui.setup_links import register_setting
from core.ui.topbar import TopbarItem, register_topbar


def message_text(request: HttpRequest, message: OutgoingMessage) -> PanelContent:
    return PanelContent("notifications/_message_text.html")


def message_facts(request: HttpRequest, message: OutgoingMessage) -> PanelContent:
    return PanelContent("notifications/_message_facts.html")


register_topbar(
    TopbarItem(
        code="bell",
        label=_("Notifications"),
        icon="bell",
        url_name="notifications:list",
        panel_url_name="notifications:panel",
        count=unread_count,
        order=20,
    )
)
register_panel("notifications.message", code="text", title=_("Text"), render=message_text, order=10)
register_panel("notifications.message", code="facts", title=_("Sending"), render=message_facts, order=10, column="side")
register_setting(
    _("Messages"),
    _("What to be told of"),
    "notifications:preferences",
    "",
    description=_("Your own notifications, in the console and by e-mail"),
    icon="bell",
)
register_setting(
    _("Messages"),
    _("Message texts"),
    "admin:notifications_messagetemplate_changelist",
    "notifications.change_messagetemplate",
    description=_("Your own words for e-mails and notifications"),
    icon="message",
)
register_setting(
    _("Messages"),
    _("Send log"),
    "notifications:message_list",
    VIEW_LOG,
    description=_("Every e-mail that left, and what became of it"),
    icon="mail",
)
register_action_labels({"notifications.resent": (_("Message sent again"), "mail-forward", "info")})
