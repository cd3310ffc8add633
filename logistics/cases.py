"""The exceptions that logistics knows: what they are, who minds them, and the ways out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.actor import Actor
from core.cases.models import Case
from core.cases.registry import CaseSeed, CaseType, Field, Resolution, register_case_type
from core.countries import country_name
from core.exceptions import DomainError
from core.ui.formats import absolute_text
from core.words import listed
from logistics.case_facts import facts_of_parcel_case, parcel_url
from logistics.codes import ATTEMPT_FAILED, LABEL_FAILED, NO_CARRIER, NO_MOVEMENT, PARCEL_EXCEPTION
from logistics.enums import ShipmentStatus
from logistics.label_cases import ASKED, REASON, label_replaced, left_with_old_label
from logistics.models import Carrier, Shipment, local_name
from logistics.selectors import still_parcels, visible_shipments
from logistics.services.consequences import PROBLEM_STATES, seed
from logistics.services.problems import replace_lost, settle_problem, ship_again, write_off
from logistics.services.shipments import change_carrier, poll_now, retry_label

_S = ShipmentStatus
HANDLE = "logistics.handle_shipment"
_LEFT = frozenset({str(_S.EXCEPTION), str(_S.LOST), str(_S.EXPIRED)})


def _carriers(_user: Any) -> list[tuple[str, str]]:
    return [(carrier.code, carrier.local_name) for carrier in Carrier.objects.filter(is_active=True).order_by("name")]


BEING_BOUGHT = _("The label is being bought. The exception ends by itself once it is there.")
CARRIER = Field("carrier", _("Carrier"), "choice", choices=_carriers)
DETECT_AT_MOST = 500


def register() -> None:
    """Called once from LogisticsConfig.ready()."""
    parcels = (_no_carrier(), _label_failed(), _no_movement(), _attempt_failed(), _parcel_exception())
    for case_type in (*parcels, label_replaced(), left_with_old_label()):
        register_case_type(case_type)


def _no_carrier() -> CaseType:
    return CaseType(
        code=NO_CARRIER,
        label=_("No carrier for a parcel"),
        severity="warning",
        role=Role.OPERATIONS_MANAGER,
        respond_minutes=30,
        resolve_minutes=120,
        procedure=_(
            "No carrier rule takes this parcel: its country, province, weight or value is outside all of them, or the "
            "carrier is switched off. Choose a carrier for this one, or change rules and carriers in the admin."
        ),
        resolutions=(
            Resolution("choose", _("Choose carrier"), HANDLE, _choose_carrier, "primary", (CARRIER,)),
            Resolution(
                "retry",
                _("Apply the rules again"),
                HANDLE,
                _retry_label,
                stays=_("The rules are being applied again. The exception ends by itself once one takes the parcel."),
            ),
        ),
        still_true=_still_without_carrier,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={
            "none": _("No rule takes {weight} kg to {country}"),
            "switched_off": _("Every carrier that takes {weight} kg to {country} is switched off: {carriers}"),
        },
        param_words={"country": country_name, "carriers": _carrier_names},
        icon="truck-off",
    )


def _label_failed() -> CaseType:
    return CaseType(
        code=LABEL_FAILED,
        label=_("Label failed"),
        severity="danger",
        role=Role.WAREHOUSE_OPERATOR,
        respond_minutes=30,
        resolve_minutes=120,
        procedure=_(
            "Read what the carrier answered. A wrong address is corrected on the order, then the label is tried again. "
            "If the carrier is down for long or doesn't serve the place, choose another one."
        ),
        resolutions=(
            Resolution(
                "retry",
                _("Retry label"),
                HANDLE,
                _retry_label,
                "primary",
                stays=BEING_BOUGHT,
            ),
            Resolution(
                "change_carrier",
                _("Change carrier"),
                HANDLE,
                _choose_carrier,
                "secondary",
                (CARRIER,),
                stays=BEING_BOUGHT,
            ),
        ),
        still_true=_still_without_label,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={"failed": _("{carrier}: {reason}")},
        param_words={"carrier": _carrier_name},
        icon="tag-off",
    )


def _no_movement() -> CaseType:
    return CaseType(
        code=NO_MOVEMENT,
        label=_("Parcel doesn't move"),
        severity="warning",
        role=Role.CUSTOMER_SERVICE,
        respond_minutes=240,
        resolve_minutes=1440,
        procedure=_(
            "Check the parcel now. If there is still nothing new, call the carrier with the tracking number, and tell "
            "the customer. If the carrier can't find it, agree on a replacement or a refund and settle the exception."
        ),
        resolutions=(
            Resolution("poll", _("Check now"), HANDLE, _poll_now, "primary", stays=ASKED),
            Resolution("settle", _("Settled with carrier"), HANDLE, _settle, "secondary", (REASON,)),
        ),
        still_true=_still_not_moving,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        detector=_detect_not_moving,
        summaries={"still": _("No news since {since}")},
        param_words={"since": _moment_words},
        icon="clock-pause",
    )


def _attempt_failed() -> CaseType:
    return CaseType(
        code=ATTEMPT_FAILED,
        label=_("Delivery attempt failed"),
        severity="warning",
        role=Role.CUSTOMER_SERVICE,
        respond_minutes=120,
        resolve_minutes=480,
        procedure=_(
            "Ask the customer for a time or another address, and pass it on to the carrier. The exception ends by "
            "itself when the parcel is out for delivery again."
        ),
        resolutions=(
            Resolution("settle", _("New attempt agreed"), HANDLE, _settle, "primary", (REASON,)),
            Resolution("poll", _("Check now"), HANDLE, _poll_now, stays=ASKED),
        ),
        still_true=_still_failed_attempt,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={str(_S.ATTEMPT_FAILED): _("The carrier couldn't deliver the parcel")},
        icon="home-x",
    )


def _parcel_exception() -> CaseType:
    return CaseType(
        code=PARCEL_EXCEPTION,
        label=_("Problem parcel"),
        severity="danger",
        role=Role.CUSTOMER_SERVICE,
        respond_minutes=60,
        resolve_minutes=480,
        procedure=_(
            "Damaged or lost: claim it from the carrier and agree with the customer on a replacement or a refund. "
            "Returning: find out why and correct the address; once it is back, send it again or refund."
        ),
        resolutions=_ways_out_of_trouble(),
        still_true=_still_a_problem,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={
            str(_S.EXCEPTION): _("The carrier reports a problem"),
            str(_S.RETURNING): _("The parcel is on its way back"),
            str(_S.RETURNED): _("The parcel came back"),
            str(_S.LOST): _("The carrier lost the parcel"),
            str(_S.EXPIRED): _("Nothing was heard of the parcel for too long"),
        },
        icon="package-off",
    )


def _ways_out_of_trouble() -> tuple[Resolution, ...]:
    """What can be done with a parcel depends on where it is: back, gone, or still with the carrier."""
    back, moving = frozenset({str(_S.RETURNED)}), frozenset({str(_S.EXCEPTION), str(_S.RETURNING)})
    gone = frozenset({str(_S.LOST), str(_S.EXPIRED)})
    return (
        Resolution("ship_again", _("Send again"), HANDLE, _ship_again, only_for=back, primary_for=back),
        Resolution("replace", _("Send a replacement"), HANDLE, _replace, only_for=_LEFT, primary_for=gone),
        Resolution("settle", _("Settled with customer"), HANDLE, _settle, fields=(REASON,), primary_for=moving),
        Resolution("write_off", _("Refund instead"), HANDLE, _write_off, fields=(REASON,), only_for=_LEFT | back),
        Resolution("poll", _("Check now"), HANDLE, _poll_now, only_for=moving | gone, stays=ASKED),
    )


# Ways out


def _choose_carrier(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    code = str(params.get("carrier", "")).strip()
    carrier = Carrier.objects.filter(code__iexact=code, is_active=True).first()
    if carrier is None:
        known = ", ".join(Carrier.objects.filter(is_active=True).values_list("code", flat=True))
        raise DomainError(_("There is no carrier %(code)s. Known: %(known)s.") % {"code": code, "known": known})
    change_carrier(shipment_id=case.subject_id, carrier_id=carrier.pk, actor=actor)


def _retry_label(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    retry_label(shipment_id=case.subject_id, actor=actor)


def _poll_now(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    poll_now(shipment_id=case.subject_id, actor=actor)


def _ship_again(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    ship_again(shipment_id=case.subject_id, actor=actor)


def _replace(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    replace_lost(shipment_id=case.subject_id, actor=actor)


def _write_off(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    write_off(shipment_id=case.subject_id, reason=str(params.get("reason", "")), actor=actor)


def _settle(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    settle_problem(shipment_id=case.subject_id, reason=str(params.get("reason", "")), actor=actor)


# Verification


def _true(ids: Sequence[int], condition: Q) -> set[int]:
    return set(Shipment.objects.filter(condition, pk__in=ids).values_list("pk", flat=True))


def _still_without_carrier(ids: Sequence[int]) -> set[int]:
    return _true(ids, Q(status=_S.PENDING, carrier=None))


def _still_without_label(ids: Sequence[int]) -> set[int]:
    """A new try takes the error away, not the cause: that is a label that isn't there."""
    return _true(ids, Q(status=_S.PENDING))


def _still_not_moving(ids: Sequence[int]) -> set[int]:
    return {shipment.pk for shipment in still_parcels(timezone.now(), ids=ids)}


def _still_failed_attempt(ids: Sequence[int]) -> set[int]:
    return _true(ids, Q(status=_S.ATTEMPT_FAILED, problem_settled_at=None))


def _still_a_problem(ids: Sequence[int]) -> set[int]:
    return _true(ids, Q(status__in=PROBLEM_STATES, problem_settled_at=None))


def _moment_words(text: str) -> str:
    """A kept instant in the reader's zone; a text that is none as it is."""
    try:
        return absolute_text(datetime.fromisoformat(text))
    except ValueError:
        return text


def _carrier_name(name: str | Sequence[str]) -> str:
    return name if isinstance(name, str) else local_name(*name)


def _carrier_names(names: Sequence[Sequence[str]]) -> str:
    return listed(local_name(name, name_zh) for name, name_zh in names)


def _detect_not_moving() -> Sequence[CaseSeed]:
    return [
        seed(
            shipment,
            NO_MOVEMENT,
            "still",
            channel_id=shipment.order.channel_id,
            cause_at=shipment.last_event_at,
            since=shipment.last_event_at.isoformat(timespec="minutes") if shipment.last_event_at else "",
        )
        for shipment in still_parcels(timezone.now(), limit=DETECT_AT_MOST)
    ]
