"""The warehouse: what is to be picked, the pick screen, the pack screen."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.actor import Actor
from core.exceptions import DomainError
from core.ui.content import EmptyState, PageAction, Text
from core.ui.lists import PresetView
from core.ui.scanning import ScanResult
from core.ui.views import ActionPage, FormPage, ListPage, QueuePage
from core.words import said_of
from inventory.selectors import codes_of_skus, resolve_skus
from logistics.bulk import FULFILMENT_ACTIONS
from logistics.case_facts import carrier_url
from logistics.enums import ShipmentStatus
from logistics.filters import FulfilmentFilter
from logistics.forms import PackForm, ShortForm
from logistics.models import Shipment
from logistics.rules.scans import Scan, read_scan
from logistics.selectors import has_no_carrier
from logistics.services.choice import carriers_switched_off
from logistics.services.warehouse import hand_over_parcel, report_missing
from logistics.tables import FULFILMENT_COLUMNS
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentLine, FulfilmentOrder
from orders.selectors.orders import fulfilments_for
from orders.services.fulfilment import check, pick, picked_by, record_packed, start_picking, stop_picking

PICK = "orders.pick_fulfilment"
OPERATOR = (Role.WAREHOUSE_OPERATOR.value,)


class FulfilmentList(ListPage[FulfilmentOrder]):
    key = "logistics.fulfilment"
    title = _("Fulfilment orders")
    model = FulfilmentOrder
    permission = "orders.view_fulfilmentorder"
    columns = FULFILMENT_COLUMNS
    filterset_class = FulfilmentFilter
    actions = FULFILMENT_ACTIONS
    url_name = "logistics:fulfilment_list"
    icon = "building-warehouse"
    views = (
        PresetView("to_pick", _("To pick"), "status=released&sort=id", roles=OPERATOR),
        PresetView("picking", _("Being picked"), "status=picking"),
        PresetView("packed", _("Packed, to hand over"), "status=packed"),
        PresetView("backordered", _("Waiting for stock"), "status=backordered"),
        PresetView("shipped", _("Shipped"), "status=shipped"),
    )

    def get_queryset(self, user: Any) -> QuerySet[FulfilmentOrder]:
        lines = FulfilmentLine.objects.filter(fulfilment=OuterRef("pk")).order_by().values("fulfilment")
        live = Shipment.objects.filter(fulfilment=OuterRef("pk")).exclude(status=ShipmentStatus.CANCELLED)
        return (
            fulfilments_for(user)
            .select_related("order__channel", "picker")
            .annotate(
                unit_total=Subquery(lines.annotate(units=Sum("quantity")).values("units")),
                line_total=Subquery(lines.annotate(count=Count("pk")).values("count")),
                tracking=Subquery(live.order_by("-pk").values("tracking_number")[:1]),
            )
        )

    def row_url(self, row: FulfilmentOrder) -> str:
        if row.status in (FulfilmentStatus.RELEASED, FulfilmentStatus.PICKING):
            return reverse("logistics:pick", args=[row.pk])
        return reverse("orders:order_detail", args=[row.order_id])

    def row_label(self, row: FulfilmentOrder) -> str:
        return row.number

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("Start picking"),
            url=reverse("logistics:pick_next"),
            icon="player-play",
            permission=PICK,
            style="primary",
            key="p",
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing for the warehouse"),
            body=_("Orders appear here when they are released. Backorders follow when stock arrives."),
            icon=self.icon,
        )


class Station(QueuePage[FulfilmentOrder]):
    """What picking and packing share: a fulfilment order of the address, its lines, one unit a scan."""

    permission = PICK
    counted = "picked_quantity"

    def get_item(self, user: Any) -> FulfilmentOrder | None:
        return get_object_or_404(fulfilments_for(user), pk=self.kwargs["pk"])

    def lines(self, item: FulfilmentOrder) -> list[FulfilmentLine]:
        """The lines by bin, the ones still to do first."""
        return sorted(lines_by_bin(item), key=lambda line: getattr(line, self.counted) >= line.quantity)

    def progress(self, item: FulfilmentOrder) -> tuple[int, int]:
        totals = item.lines.aggregate(done=Sum(self.counted), total=Sum("quantity"))
        return totals["done"] or 0, totals["total"] or 0

    def work_context(self, item: FulfilmentOrder) -> dict[str, Any]:
        done, total = self.progress(item)
        lines = self.lines(item)
        codes = codes_of_skus(item.order.channel.code, [line.sku_id for line in lines])
        return {"lines": _with_counts(lines, self.counted, codes), "is_done": done == total}

    def exit_url(self) -> str:
        return reverse("logistics:fulfilment_list")

    def closed_title(self, user: Any) -> Text:
        cancelled = self._cancelled(user)
        return _was_cancelled(cancelled) if cancelled else super().closed_title(user)

    def empty_state(self, user: Any) -> EmptyState:
        cancelled = self._cancelled(user)
        if cancelled is None:
            return super().empty_state(user)
        return EmptyState(title=_was_cancelled(cancelled), body=_("Put its goods back on the shelf."), icon="ban")

    def _cancelled(self, user: Any) -> FulfilmentOrder | None:
        """The fulfilment order of the address, if it was cancelled while somebody had it in hand."""
        orders = fulfilments_for(user).filter(status=FulfilmentStatus.CANCELLED)
        return orders.filter(pk=self.kwargs["pk"]).first() if "pk" in self.kwargs else None

    def take(self, item: FulfilmentOrder, scan: Scan, sku_id: int, actor: Actor) -> FulfilmentLine:
        """Call the service for one scan."""
        raise TypeError(f"{type(self).__name__} defines no take()")

    def done(self, item: FulfilmentOrder) -> ScanResult:
        """The answer to the last scan."""
        raise TypeError(f"{type(self).__name__} defines no done()")

    def scan(self, item: FulfilmentOrder, code: str, user: Any) -> ScanResult:
        scanned = read_scan(code)
        found = resolve_skus(item.order.channel.code, [scanned.code]).get(scanned.code)
        if found is None:
            raise DomainError(_("Unknown code: %(code)s") % {"code": scanned.code}, "unknown_code")
        line = self.take(item, scanned, found.id, Actor.for_user(user))
        done, total = self.progress(item)
        if done == total:
            return self.done(item)
        counted = getattr(line, self.counted)
        return ScanResult(
            outcome="ok",
            title=_("%(done)s of %(total)s") % {"done": counted, "total": line.quantity},
            message=line.sku.name,
            template="logistics/_station_lines.html",
            context={**self.work_context(item), "item": item, "view": self},
        )


def _was_cancelled(item: FulfilmentOrder) -> Text:
    return _("%(number)s was cancelled.") % {"number": item.number}


def lines_by_bin(item: FulfilmentOrder) -> list[FulfilmentLine]:
    """The lines in the order of a walk through the shelves."""
    return list(item.lines.select_related("sku").order_by("sku__bin_location", "sku__code", "pk"))


def _with_counts(
    lines: Sequence[FulfilmentLine], counted: str, codes: Mapping[int, Sequence[str]]
) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "done": getattr(line, counted),
            "left": line.quantity - getattr(line, counted),
            "is_done": getattr(line, counted) >= line.quantity,
            "codes": json.dumps(codes[line.sku_id]),
        }
        for line in lines
    ]


class PickStation(Station):
    title = _("Pick")
    template_name = "logistics/pick.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "pk" not in self.kwargs and (item := self.get_item(request.user)):
            # The screen's address names its order: what is scanned counts for the order that is seen.
            return redirect("logistics:pick", pk=item.pk)
        if (item := self.get_item(request.user)) and _is_taken(item, request.user):
            taken = {"item": None, "taken": item, "picked_by": picked_by(item), "exit": self.exit_url()}
            return self.page(context=taken)
        return super().get(request, *args, **kwargs)

    def refused(self, error: DomainError) -> ScanResult:
        if error.code != "picked_by_other":
            return super().refused(error)
        back = _("Put this back on the shelf.")
        return ScanResult(outcome="wrong", title=error.message, message=back, next_url=reverse("logistics:pick_next"))

    def get_item(self, user: Any) -> FulfilmentOrder | None:
        if "pk" in self.kwargs:
            item = super().get_item(user)
            return item if item and item.status in (FulfilmentStatus.RELEASED, FulfilmentStatus.PICKING) else None
        mine = fulfilments_for(user).filter(status=FulfilmentStatus.PICKING, picker=user).order_by("pk").first()
        waiting = fulfilments_for(user).filter(status=FulfilmentStatus.RELEASED)
        return mine or waiting.order_by("ship_before", "pk").first()

    def take(self, item: FulfilmentOrder, scan: Scan, sku_id: int, actor: Actor) -> FulfilmentLine:
        start_picking(fulfilment_id=item.pk, actor=actor)
        return pick(fulfilment_id=item.pk, sku_id=sku_id, quantity=scan.quantity, actor=actor)

    def done(self, item: FulfilmentOrder) -> ScanResult:
        return ScanResult(
            outcome="done",
            title=_("All picked"),
            message=item.number,
            next_url=reverse("logistics:pack", args=[item.pk]),
        )

    def empty_state(self, user: Any) -> EmptyState:
        if self._cancelled(user):
            return super().empty_state(user)
        return EmptyState(title=_("Nothing to pick"), body=_("Released orders appear here."), icon="circle-check")


def _is_taken(item: FulfilmentOrder, user: Any) -> bool:
    return item.status == FulfilmentStatus.PICKING and item.picker_id != user.pk


class PackStation(Station):
    title = _("Pack")
    template_name = "logistics/pack.html"
    counted = "packed_quantity"

    def get_item(self, user: Any) -> FulfilmentOrder | None:
        item = super().get_item(user)
        return item if item and item.status in (FulfilmentStatus.PICKING, FulfilmentStatus.PACKED) else None

    def work_context(self, item: FulfilmentOrder) -> dict[str, Any]:
        shipment = (
            item.shipments.exclude(status=ShipmentStatus.CANCELLED)
            .select_related("carrier", "order")
            .order_by("-pk")
            .first()
        )
        return {
            **super().work_context(item),
            "shipment": shipment,
            **self._homeless(shipment),
            "was_relabelled": _was_relabelled(item),
            "form": PackForm(initial={"weight_g": _weight(item)}),
        }

    def _homeless(self, shipment: Shipment | None) -> dict[str, Any]:
        """Whether no rule takes the parcel, and the carriers that would if they weren't switched off."""
        if shipment is None or not has_no_carrier(shipment):
            return {"is_homeless": False}
        user = self.request.user
        carriers = carriers_switched_off([shipment])[shipment.pk]
        named = [{"name": carrier.local_name, "url": carrier_url(carrier, user)} for carrier in carriers]
        return {"is_homeless": True, "switched_off": named}

    def take(self, item: FulfilmentOrder, scan: Scan, sku_id: int, actor: Actor) -> FulfilmentLine:
        return check(fulfilment_id=item.pk, sku_id=sku_id, quantity=scan.quantity)

    def done(self, item: FulfilmentOrder) -> ScanResult:
        return ScanResult(outcome="done", title=_("All checked"), message=item.number, next_url=self.request.path)


def _was_relabelled(item: FulfilmentOrder) -> bool:
    """Whether a label was made for this parcel that is no longer valid: it may have been printed."""
    return item.shipments.filter(status=ShipmentStatus.CANCELLED, label_created_at__isnull=False).exists()


def _weight(item: FulfilmentOrder) -> int | None:
    """What the goods weigh by the catalogue, in grams; None where a weight is missing."""
    weights = [(line.sku.weight_g, line.quantity) for line in item.lines.select_related("sku")]
    return sum((weight or 0) * quantity for weight, quantity in weights) or None


class FulfilmentAction(ActionPage[FulfilmentOrder]):
    permission = PICK

    def get_queryset(self, user: Any) -> QuerySet[FulfilmentOrder]:
        return fulfilments_for(user)

    @property
    def actor(self) -> Actor:
        return Actor.for_user(self.request.user)


class PickStop(FulfilmentAction):
    """Put an order back: somebody else may take it."""

    message = _("Put back into the queue.")

    def perform(self, obj: FulfilmentOrder) -> Text | None:
        stop_picking(fulfilment_id=obj.pk, actor=self.actor)
        return None

    def next_url(self, obj: FulfilmentOrder) -> str:
        return reverse("logistics:fulfilment_list")


class PickShort(FormPage[FulfilmentOrder]):
    """Say which shelf holds less than promised, line by line: what nobody looked for must not leave the stock."""

    permission = PICK
    title = _("Not enough there")
    intro = _(
        "Missing units leave the stock. The order gives the others back and is put together anew, from another "
        "warehouse if one has them. This can't be undone."
    )
    form_class = ShortForm
    submit_label = _("Report missing units")
    message = _("The missing units left the stock; the order looks for them elsewhere.")
    danger = True

    def get_queryset(self, user: Any) -> QuerySet[FulfilmentOrder]:
        return fulfilments_for(user)

    def form_kwargs(self) -> dict[str, Any]:
        lines = lines_by_bin(self.object) if self.object else []
        return {**super().form_kwargs(), "lines": [line for line in lines if line.picked_quantity < line.quantity]}

    def perform(self, form: ShortForm) -> FulfilmentOrder:
        return report_missing(
            fulfilment_id=self.kwargs["pk"], found=form.found, actor=Actor.for_user(self.request.user)
        )

    def success_url(self, result: FulfilmentOrder) -> str:
        return reverse("logistics:pick_next")

    def cancel_url(self) -> str:
        return reverse("logistics:pick", args=[self.kwargs["pk"]])


class PackClose(FormPage[FulfilmentOrder]):
    """Close the parcel with its weight."""

    permission = PICK
    title = _("Close parcel")
    form_class = PackForm
    submit_label = _("Close parcel")

    def get_queryset(self, user: Any) -> QuerySet[FulfilmentOrder]:
        return fulfilments_for(user)

    def get_title(self) -> Text:
        return said_of(self.title, self.object.number) if self.object else self.title

    def cancel_url(self) -> str:
        return reverse("logistics:pack", args=[self.kwargs["pk"]])

    def perform(self, form: PackForm) -> FulfilmentOrder:
        return record_packed(
            fulfilment_id=self.kwargs["pk"],
            weight_g=form.cleaned_data["weight_g"] or 0,
            actor=Actor.for_user(self.request.user),
        )

    def success_url(self, result: FulfilmentOrder) -> str:
        return reverse("logistics:pack", args=[result.pk])


class HandOver(FulfilmentAction):
    """The parcel goes with the carrier; the next pick follows."""

    def perform(self, obj: FulfilmentOrder) -> Text | None:
        hand_over_parcel(fulfilment_id=obj.pk, actor=self.actor)
        return _("%(number)s has left the warehouse.") % {"number": obj.number}

    def next_url(self, obj: FulfilmentOrder) -> str:
        return reverse("logistics:pick_next")


def picks_waiting(request: HttpRequest) -> QuerySet[FulfilmentOrder]:
    """What waits for a picker, the most urgent first."""
    return fulfilments_for(request.user).filter(status=FulfilmentStatus.RELEASED).order_by("ship_before", "pk")
