"""The console's own pages in the navigation."""

from django.utils.translation import gettext_lazy as _

from core.ui import setup_links
from core.ui.nav import NavItem, register_nav

register_nav("today", NavItem(_("Today"), "ui:today", icon="home", order=1))
register_nav(
    "settings",
    NavItem(
        _("Settings"),
        "ui:settings",
        icon="settings",
        order=1,
        shown=lambda user: bool(setup_links.groups_for(user)),
    ),
)
