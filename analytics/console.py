"""Where analytics shows in the console."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.rules.figures import Period
from analytics.selectors import Scope
from analytics.selectors.board import headline
from core.accounts.enums import Role
from core.ui.content import PageAction, PanelContent
from core.ui.nav import NavItem, register_nav
from core.ui.today import register_today_card

register_nav(
    "analytics",
    NavItem(_("Five pains"), "analytics:five_pains", "analytics.view_board", "heart-rate-monitor", order=10),
)


def _card(request: HttpRequest) -> PanelContent:
    """The headline figure of each pain over the last 7 days."""
    figures = headline(Period.days_until(timezone.now(), 7), Scope.of(request.user))
    board = PageAction(label=_("All figures"), url=reverse("analytics:five_pains"))
    return PanelContent("analytics/_headline.html", {"figures": figures}, actions=(board,))


register_today_card(
    "analytics.five_pains",
    "analytics.view_board",
    60,
    _card,
    title=_("Five pains, last 7 days"),
    size="l",
    lazy=True,
    first_for=(Role.OPERATIONS_MANAGER, Role.ANALYST, Role.ADMINISTRATOR),
)
