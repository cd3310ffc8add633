"""Exceptions of labels that were replaced when the box was closed already, or gone."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.actor import Actor
from core.cases.models import Case
from core.cases.registry import CaseType, Field, Resolution
from logistics.case_facts import facts_of_parcel_case, parcel_url
from logistics.codes import LABEL_REPLACED, LEFT_WITH_OLD_LABEL
from logistics.models import Shipment
from logistics.selectors import visible_shipments
from logistics.services.problems import confirm_relabelled, settle_problem
from logistics.services.shipments import ASKABLE, poll_now
from logistics.services.void_labels import GONE_ASTRAY, WAITS_FOR_LABEL

HANDLE = "logistics.handle_shipment"
REASON = Field("reason", _("What was agreed"))
ASKED = _("The carrier is being asked. The exception ends by itself if the answer settles it.")
_CORRECTED = frozenset({"corrected"})  # nothing comes of asking about a label that was given back


def label_replaced() -> CaseType:
    return CaseType(
        code=LABEL_REPLACED,
        label=_("Label of a packed parcel replaced"),
        severity="danger",
        role=Role.WAREHOUSE_OPERATOR,
        respond_minutes=30,
        resolve_minutes=120,
        procedure=_(
            "The box is closed and may have the old label on it, which is no longer valid. Take the box out, take the "
            "old label off, print the new one and stick it on. If the box is gone, tell customer service: the carrier "
            "has it with the old label."
        ),
        resolutions=(Resolution("relabelled", _("New label is on the box"), HANDLE, _confirm_relabelled, "primary"),),
        still_true=_still_with_old_label,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={"packed": _("{number} is packed; the label on it is no longer valid")},
        icon="tag-off",
    )


def left_with_old_label() -> CaseType:
    return CaseType(
        code=LEFT_WITH_OLD_LABEL,
        label=_("Parcel left with its old label"),
        severity="danger",
        role=Role.CUSTOMER_SERVICE,
        respond_minutes=30,
        resolve_minutes=240,
        procedure=_(
            "The parcel goes to the recipient as it was before. Call the carrier with the tracking number: have it "
            "sent to the corrected address, or back to us. Tell the customer what was agreed. A parcel that comes "
            "back is sent again with a new label."
        ),
        resolutions=(
            Resolution("settle", _("Settled with carrier"), HANDLE, _settle, "primary", (REASON,)),
            Resolution(
                "poll", _("Check now"), HANDLE, _poll_now, offered=_can_be_asked, only_for=_CORRECTED, stays=ASKED
            ),
        ),
        still_true=_still_astray,
        subject_url=parcel_url,
        facts=facts_of_parcel_case,
        visible=visible_shipments,
        summaries={
            "corrected": _("The recipient was corrected when the parcel had left"),
            "void": _("The carrier has the parcel although its label was given back"),
        },
        icon="route-off",
    )


def _confirm_relabelled(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    confirm_relabelled(shipment_id=case.subject_id, actor=actor)


def _settle(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    settle_problem(shipment_id=case.subject_id, reason=str(params.get("reason", "")), actor=actor)


def _poll_now(case: Case, actor: Actor, _params: dict[str, Any]) -> None:
    poll_now(shipment_id=case.subject_id, actor=actor)


def _can_be_asked(case: Case, _user: Any) -> bool:
    return Shipment.objects.filter(pk=case.subject_id, status__in=ASKABLE).exclude(tracking_number="").exists()


def _still_with_old_label(ids: Sequence[int]) -> set[int]:
    return set(Shipment.objects.filter(WAITS_FOR_LABEL, pk__in=ids).values_list("pk", flat=True))


def _still_astray(ids: Sequence[int]) -> set[int]:
    return set(Shipment.objects.filter(GONE_ASTRAY, pk__in=ids).values_list("pk", flat=True))
