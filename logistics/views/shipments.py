"""The shipping pages: parcels, their labels, what carriers say of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.actor import Actor
from core.ui.content import EmptyState, Header, PageAction, Text
from core.ui.formats import absolute_text
from core.ui.lists import PresetView
from core.ui.timeline import TimelineEntry
from core.ui.views import ActionPage, ConsoleView, DetailPage, FormPage, ListPage
from logistics.bulk import SHIPMENT_ACTIONS
from logistics.codes import SHIPMENT_SUBJECT
from logistics.enums import ShipmentStatus
from logistics.filters import ShipmentFilter
from logistics.forms import CarrierForm
from logistics.models import Shipment, ShipmentLabel
from logistics.rules.public import scrubbed
from logistics.selectors import events_of, visible_shipments
from logistics.services.problems import ship_again
from logistics.services.shipments import change_carrier, poll_now, retry_label
from logistics.tables import SHIPMENT_COLUMNS

_S = ShipmentStatus
HANDLE = "logistics.handle_shipment"
TROUBLE = "status=attempt_failed&status=exception&status=delayed&status=lost&settled=false"


class ShipmentList(ListPage[Shipment]):
    key = "logistics.shipment"
    title = _("Shipments")
    model = Shipment
    permission = "logistics.view_shipment"
    columns = SHIPMENT_COLUMNS
    filterset_class = ShipmentFilter
    actions = SHIPMENT_ACTIONS
    url_name = "logistics:shipment_list"
    icon = "truck-delivery"
    views = (
        PresetView("moving", _("On the way"), "&".join(f"status={s.value}" for s in sorted(_S.MOVING))),
        PresetView("labels", _("Waiting for a label"), "status=pending"),
        PresetView("trouble", _("In trouble"), TROUBLE),
        PresetView("delivered", _("Delivered"), "status=delivered"),
    )

    def get_queryset(self, user: Any) -> QuerySet[Shipment]:
        return visible_shipments(user).select_related("order", "carrier", "warehouse")

    def row_url(self, row: Shipment) -> str:
        return reverse("logistics:shipment_detail", args=[row.pk])

    def row_label(self, row: Shipment) -> str:
        return row.tracking_number or row.number

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No shipments"),
            body=_("A shipment appears here when an order is released to its warehouse."),
            icon=self.icon,
        )


class ShipmentDetail(DetailPage[Shipment]):
    key = "logistics.shipment"
    list_key = "logistics.shipment"
    permission = "logistics.view_shipment"
    audit_subject = SHIPMENT_SUBJECT

    def header(self, obj: Shipment) -> Header:
        return Header(
            title=obj.tracking_number or obj.number,
            code=obj.tracking_number,
            line=_state_line(obj),
            status=_S(obj.status),
            primary=_primary(obj),
            menu=_menu(obj),
        )


def _state_line(shipment: Shipment) -> str:
    parts = [shipment.carrier.local_name if shipment.carrier else str(_("No carrier yet")), shipment.order.number]
    if shipment.estimated_delivery_at and not shipment.delivered_at:
        parts.append(str(_("expected %(at)s") % {"at": absolute_text(shipment.estimated_delivery_at)}))
    return " · ".join(parts)


def _action(shipment: Shipment, label: Any, name: str, icon: str, *, style: str = "default") -> PageAction:
    url = reverse(f"logistics:{name}", args=[shipment.pk])
    return PageAction(label=label, url=url, method="post", icon=icon, permission=HANDLE, style=style)


def _primary(shipment: Shipment) -> PageAction | None:
    if shipment.status == _S.PENDING and shipment.label_error:
        return _action(shipment, _("Try the label again"), "label_retry", "tag", style="primary")
    if shipment.status == _S.LABEL_CREATED:
        url = reverse("logistics:label", args=[shipment.pk])
        return PageAction(label=_("Print label"), url=url, icon="printer", permission=HANDLE, style="primary")
    if shipment.status == _S.RETURNED and shipment.problem_settled_at is None:
        return _action(shipment, _("Send again"), "ship_again", "repeat", style="primary")
    if shipment.status in _S.MOVING:
        return _action(shipment, _("Ask the carrier now"), "poll_now", "refresh", style="primary")
    return None


def _menu(shipment: Shipment) -> Sequence[PageAction]:
    menu = []
    if shipment.label_created_at:
        url = reverse("logistics:label", args=[shipment.pk])
        menu.append(PageAction(label=_("Print label"), url=url, icon="printer", permission=HANDLE))
    if shipment.handed_over_at is None and shipment.status in (_S.PENDING, _S.LABEL_CREATED):
        url = reverse("logistics:carrier_change", args=[shipment.pk])
        label = _("Change carrier")
        menu.append(PageAction(label=label, url=url, icon="switch-horizontal", permission=HANDLE, dialog=True))
    return menu


def tracking_entries(shipment: Shipment, user: Any) -> Iterable[TimelineEntry]:
    """The carrier's scans, for the timeline; people are taken out for who may not see personal data."""
    unmasked = may_see_personal_data(user)
    private = (shipment.order.ship_name, shipment.order.ship_street)
    for event in events_of(shipment.pk):
        status = _S(event.status) if event.status else None
        words = [part for part in (event.description, event.location) if part]
        yield TimelineEntry(
            at=event.occurred_at,
            title=status.label if status else event.carrier_status,
            body=" · ".join(words if unmasked else (scrubbed(part, private) for part in words)),
            actor=shipment.carrier.local_name if shipment.carrier else "",
            icon=status.icon if status else "point",
            colour=status.colour if status else "neutral",
        )


class ShipmentAction(ActionPage[Shipment]):
    permission = HANDLE
    list_key = "logistics.shipment"

    @property
    def actor(self) -> Actor:
        return Actor.for_user(self.request.user)

    def next_url(self, obj: Shipment) -> str:
        return reverse("logistics:shipment_detail", args=[obj.pk])


class LabelRetry(ShipmentAction):
    message = _("The label is being bought.")

    def perform(self, obj: Shipment) -> Text | None:
        retry_label(shipment_id=obj.pk, actor=self.actor)
        return None


class PollNow(ShipmentAction):
    message = _("The carrier is being asked.")

    def perform(self, obj: Shipment) -> Text | None:
        poll_now(shipment_id=obj.pk, actor=self.actor)
        return None


class ShipAgain(ShipmentAction):
    message = _("A new parcel is on its way to a label.")

    def perform(self, obj: Shipment) -> Text | None:
        ship_again(shipment_id=obj.pk, actor=self.actor)
        return None


class CarrierChange(FormPage[Shipment]):
    permission = HANDLE
    list_key = "logistics.shipment"
    title = _("Change carrier")
    intro = _("A label that was bought is given back, and a new one is bought from the other carrier.")
    form_class = CarrierForm
    submit_label = _("Change carrier")

    def perform(self, form: CarrierForm) -> Shipment:
        return change_carrier(
            shipment_id=self.kwargs["pk"],
            carrier_id=form.cleaned_data["carrier"].pk,
            service=form.cleaned_data["service"],
            actor=Actor.for_user(self.request.user),
        )

    def success_url(self, result: Shipment) -> str:
        return reverse("logistics:shipment_detail", args=[result.pk])


class Label(ConsoleView):
    """The label as PDF. It shows the recipient, so it is for those who handle parcels only."""

    permission = HANDLE

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        shipment = get_object_or_404(visible_shipments(request.user), pk=kwargs["pk"])
        label = get_object_or_404(ShipmentLabel, shipment=shipment)
        response = HttpResponse(bytes(label.pdf), content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="{shipment.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response
