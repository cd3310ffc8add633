"""Pages of analytics: reads only."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from analytics.rules.figures import Period
from analytics.selectors import Scope
from analytics.selectors.board import five_pains
from analytics.selectors.figures import handling_by_day
from core.ui.counting import time_budget
from core.ui.views import ConsoleView
from core.ui.views.base import is_fragment

PERIODS = {"1": _("24 hours"), "7": _("7 days"), "30": _("30 days"), "90": _("90 days")}
DEFAULT_PERIOD = "7"
# Ninety days of a large business are millions of rows, more than what a request is otherwise given time for.
BUDGET_MS = 120_000


class FivePains(ConsoleView):
    """The board: five pains, each with its figures now and in the period before. Refreshes itself."""

    permission = "analytics.view_board"
    title = _("Five pains")
    template_name = "analytics/five_pains.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = request.GET.get("days", DEFAULT_PERIOD)
        days = chosen if chosen in PERIODS else DEFAULT_PERIOD
        period, scope = Period.days_until(timezone.now(), int(days)), Scope.of(request.user)
        is_whole = not is_fragment(request)
        with time_budget(BUDGET_MS):
            pains = five_pains(period, scope)
            chart = _handling_chart(period, scope) if is_whole else None
        context = {"days": days, "periods": PERIODS, "pains": pains, "measured_at": period.end}
        if is_whole:
            return self.page(context={**context, "chart": chart})
        return self.page("analytics/_pains.html", context)


def _handling_chart(period: Period, scope: Scope) -> dict[str, Any] | None:
    """Median minutes to release by day; None where there is less than two days to compare."""
    days = handling_by_day(period, scope, timezone.get_current_timezone_name())
    if len(days) < 2:
        return None
    return {
        "kind": "bar",
        "categories": [date_format(day["day"], "MONTH_DAY_FORMAT") for day in days],
        "series": [
            {
                "name": str(_("Median minutes to release")),
                "values": [None if day["hours"] is None else round(float(day["hours"]) * 60, 2) for day in days],
                "colour": "progress",
            }
        ],
    }
