"""The carriers' health on the System page."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.console.system import SYSTEM
from core.ui.content import Badge, PanelContent
from core.ui.panels import register_panel
from logistics.selectors import carrier_health

_BADGES = {
    "ok": Badge(label=_("Answers"), colour="success", icon="check"),
    "failing": Badge(label=_("Failing"), colour="warning", icon="alert-triangle"),
    "paused": Badge(label=_("Paused"), colour="danger", icon="player-pause"),
    "off": Badge(label=_("Switched off"), colour="neutral", icon="power"),
}


def _carriers(request: HttpRequest, _obj: Any) -> PanelContent | None:
    rows = [{"health": health, "badge": _BADGES[health.state]} for health in carrier_health()]
    return PanelContent("logistics/_system_carriers.html", {"rows": rows}) if rows else None


register_panel(SYSTEM, code="carriers", title=_("Carriers"), render=_carriers, order=40)
