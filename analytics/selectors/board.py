"""The five-pains board: every figure beside the same figure of the period before."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.rules.figures import Figure, Pain, Period, Unit
from analytics.selectors import Scope, figures

Measure = Callable[[Mapping[str, Any]], float | None]
Source = Callable[[Period, Scope], Mapping[str, Any]]


def ratio(part: str, whole: str) -> Measure:
    """part ÷ whole of a measured row; None of nothing."""
    return lambda measured: measured[part] / measured[whole] if measured[whole] else None


def value(name: str) -> Measure:
    return lambda measured: None if measured[name] is None else float(measured[name])


class Measured:
    """A source measured over the period and the one before."""

    def __init__(self, source: Source, period: Period, scope: Scope) -> None:
        self._source, self._period, self._scope = source, period, scope

    @cached_property
    def now(self) -> Mapping[str, Any]:
        return self._source(self._period, self._scope)

    @cached_property
    def before(self) -> Mapping[str, Any]:
        return self._source(self._period.before, self._scope)

    def figure(
        self,
        code: str,
        label: str | Promise,
        definition: str | Promise,
        measure: Measure,
        basis: str,
        unit: Unit = Unit.SECONDS,
        *,
        better: str = "down",
        is_live: bool = False,
        rows_url: str = "",
        basis_of: str = "",
    ) -> Figure:
        """One figure of this source; a live one describes this moment and has no before.

        `basis` is the measured column that counts the rows; `basis_of` names what they are where it doesn't.
        """
        return Figure(
            code=code,
            label=label,
            definition=definition,
            unit=unit,
            better=better,
            value=measure(self.now),
            basis=self.now[basis],
            basis_of=basis_of or basis,
            previous=None if is_live else measure(self.before),
            rows_url=rows_url,
        )


def five_pains(period: Period, scope: Scope) -> list[Pain]:
    """All five pains over a period, for what the scope covers."""

    def measured(source: Source) -> Measured:
        return Measured(source, period, scope)

    return [
        Pain(
            "handling",
            _("Orders handled slowly, by hand"),
            _("Intake, validation, allocation, release and shipping run by themselves."),
            _handling(measured(figures.handling)),
        ),
        Pain(
            "data",
            _("Wrong order data"),
            _("Every order is checked at the door; people look only where a rule asks."),
            _data(measured(figures.escapes), measured(figures.false_holds)),
        ),
        Pain(
            "tracking",
            _("Customers can't follow their orders"),
            _("Carriers are asked and listened to; one page tells the customer."),
            _tracking(
                measured(figures.freshness),
                measured(figures.latency),
                measured(figures.eta_error),
                measured(figures.satisfaction),
            ),
        ),
        Pain(
            "exceptions",
            _("Exceptions handled late"),
            _("Each exception has an owner, a deadline and a verified end."),
            _exceptions(
                measured(figures.due_cases),
                measured(figures.opened_cases),
                measured(figures.resolved_cases),
                measured(figures.reopened_cases),
                measured(figures.open_cases),
            ),
        ),
        Pain(
            "use",
            _("Data not used"),
            _("Customers are recognised across channels, so that who comes back is known."),
            _use(measured(figures.customers)),
            note=_("Forecast error and campaign uplift are measured once forecasts and campaigns run."),
        ),
    ]


def _handling(handling: Measured) -> Sequence[Figure]:
    orders = reverse("orders:order_list")
    return (
        handling.figure(
            "release_median",
            _("Received to released, median"),
            _("Released − received by the clock, median over orders received in the period, cancelled ones apart."),
            value("release_median"),
            "released",
            rows_url=f"{orders}?sort=-released_at",
        ),
        handling.figure(
            "release_p90",
            _("Received to released, 90th percentile"),
            _("Nine of ten orders were released within this time."),
            value("release_p90"),
            "released",
        ),
        handling.figure(
            "ship_median",
            _("Received to shipped, median"),
            _("Shipped − received by the clock, median over orders received in the period, cancelled ones apart."),
            value("ship_median"),
            "shipped",
        ),
        handling.figure(
            "ship_p90",
            _("Received to shipped, 90th percentile"),
            _("Nine of ten orders were shipped within this time."),
            value("ship_p90"),
            "shipped",
        ),
        handling.figure(
            "touchless",
            _("Touchless"),
            _("Orders that no person typed in or acted on before their release ÷ orders released."),
            ratio("touchless", "released"),
            "released",
            Unit.RATIO,
            better="up",
        ),
    )


def _data(escapes: Measured, holds: Measured) -> Sequence[Figure]:
    return (
        escapes.figure(
            "escape_rate",
            _("Escape rate"),
            _("Orders with a data error found after release ÷ orders released, counted to the day of release."),
            ratio("escaped", "released"),
            "released",
            Unit.RATIO,
        ),
        holds.figure(
            "held_share",
            _("Held at the door"),
            _("Orders that validation held ÷ orders received; waiting for payment isn't counted."),
            ratio("held", "received"),
            "received",
            Unit.RATIO,
            rows_url=f"{reverse('orders:order_list')}?on_hold=true",
        ),
        holds.figure(
            "false_hold_rate",
            _("False-hold rate"),
            _("Orders whose every hold was released with the held field unchanged ÷ orders received."),
            ratio("false_held", "received"),
            "received",
            Unit.RATIO,
        ),
    )


def _tracking(fresh: Measured, latency: Measured, eta: Measured, ratings: Measured) -> Sequence[Figure]:
    return (
        fresh.figure(
            "freshness_p90",
            _("Age of tracking data, 90th percentile"),
            _("Now − last successful check, over parcels in transit."),
            value("age_p90"),
            "in_transit",
            is_live=True,
            rows_url=reverse("logistics:shipment_list"),
        ),
        latency.figure(
            "latency_median",
            _("Event latency, median"),
            _("Ingested − occurred, over tracking events that came in during the period."),
            value("median"),
            "events",
        ),
        eta.figure(
            "eta_error_median",
            _("Error of the delivery estimate, median"),
            _("|Delivered − estimate made at hand-over|, over parcels delivered in the period."),
            value("error_median"),
            "delivered",
            basis_of="delivered_parcels",
        ),
        ratings.figure(
            "satisfaction",
            _("Satisfied customers"),
            _("Ratings of 4 or 5 ÷ ratings given on the tracking page, for orders delivered in the period."),
            ratio("satisfied", "ratings"),
            "ratings",
            Unit.RATIO,
            better="up",
        ),
        ratings.figure(
            "response_rate",
            _("Response rate"),
            _("Orders with a rating ÷ orders delivered in the period."),
            ratio("ratings", "delivered"),
            "delivered",
            Unit.RATIO,
            better="up",
        ),
    )


def _exceptions(
    due: Measured, opened: Measured, resolved: Measured, reopened: Measured, still_open: Measured
) -> Sequence[Figure]:
    return (
        due.figure(
            "on_time",
            _("Handled on time"),
            _(
                "Exceptions resolved by their due time and not reopened ÷ exceptions due in the period; "
                "a reopened one counts to the time it was due first."
            ),
            ratio("on_time", "due"),
            "due",
            Unit.RATIO,
            better="up",
        ),
        opened.figure(
            "notice_median",
            _("Time to notice, median"),
            _("Exception opened − cause occurred, over exceptions opened in the period."),
            value("notice_median"),
            "opened",
        ),
        resolved.figure(
            "resolve_median",
            _("Time to resolve, median"),
            _("Resolved − opened by the clock, over exceptions resolved in the period."),
            value("resolve_median"),
            "resolved",
        ),
        reopened.figure(
            "reopened_share",
            _("Reopened"),
            _(
                "Exceptions reopened because the cause was still there ÷ exceptions resolved in the period, "
                "counted to the day they were first resolved."
            ),
            ratio("reopened", "resolved"),
            "resolved",
            Unit.RATIO,
        ),
        still_open.figure(
            "unowned",
            _("Open without an owner"),
            _("Open exceptions without a person or team."),
            value("unowned"),
            "open",
            Unit.COUNT,
            is_live=True,
            rows_url=f"{reverse('cases:case_list')}?state=open&owner=no_team",
        ),
    )


def _use(customers: Measured) -> Sequence[Figure]:
    return (
        customers.figure(
            "returning_share",
            _("Returning customers"),
            _("Customers who had ordered before ÷ customers who ordered in the period, on any channel."),
            ratio("returning_buyers", "buyers"),
            "buyers",
            Unit.RATIO,
            better="up",
        ),
        customers.figure(
            "orders_per_customer",
            _("Orders per customer"),
            _("Orders ÷ customers who ordered in the period, cancelled orders apart."),
            ratio("orders", "buyers"),
            "buyers",
            Unit.COUNT,
            better="up",
        ),
    )


HEADLINES = ("release_median", "escape_rate", "freshness_p90", "on_time", "returning_share")


def headline(period: Period, scope: Scope) -> list[Figure]:
    """One figure of each pain."""
    found = {figure.code: figure for pain in five_pains(period, scope) for figure in pain.figures}
    return [found[code] for code in HEADLINES]
