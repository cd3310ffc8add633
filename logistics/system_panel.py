"""The carriers' health on the System page."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.console.system import SYSTEM, register_trouble
from core.ui.content import Badge, Banner, PanelContent
from core.ui.panels import register_panel
from core.words import listed
from logistics.selectors import carrier_health, carriers_in_trouble

_BADGES = {
    "ok": Badge(label=_("Answers"), colour="success", icon="check"),
    "failing": Badge(label=_("Failing"), colour="warning", icon="alert-triangle"),
    "paused": Badge(label=_("Paused"), colour="danger", icon="player-pause"),
    "off": Badge(label=_("Switched off"), colour="neutral", icon="power"),
}


def _carriers(request: HttpRequest, _obj: Any) -> PanelContent | None:
    rows = [{"health": health, "badge": _BADGES[health.state]} for health in carrier_health()]
    return PanelContent("logistics/_system_carriers.html", {"rows": rows}) if rows else None


def _silent_carriers() -> Banner | None:
    """Carriers that are paused because they failed again and again, or are tried with a single call after that."""
    silent = [carrier.local_name for carrier in carriers_in_trouble()]
    if not silent:
        return None
    title = ngettext("A carrier doesn't answer", "%(count)d carriers don't answer", len(silent))
    return Banner(level="danger", title=title % {"count": len(silent)}, body=listed(silent))


register_trouble(_silent_carriers)
register_panel(SYSTEM, code="carriers", title=_("Carriers"), render=_carriers, order=40)
