"""Orders on the administration site: rows to read, changes by the services that the console calls.

Channels, import mappings and data errors are master data or remarks that managers edit here.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.db.models import Model, QuerySet, Value
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.accounts.selectors import may_see_personal_data
from core.actor import Actor, actor_name, reason_words
from core.admin import KeptAdmin, LargeTableAdmin, ReadOnlyAdmin, code_filter
from core.audit.admin import AuditedAdmin
from core.exceptions import DomainError
from orders.channels import readable
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.finding_words import expected_words
from orders.models import (
    Channel,
    DataError,
    Finding,
    FulfilmentLine,
    FulfilmentOrder,
    Hold,
    ImportMapping,
    IntakeMessage,
    Order,
    OrderHistory,
    OrderLine,
)
from orders.rules.masking import masked, masked_finding
from orders.rules.raw_text import as_rows
from orders.rules.validation import CHECKS, check_words, message
from orders.schema import FieldError
from orders.schema.words import field_words, sentence
from orders.selectors.intake import messages_for
from orders.selectors.orders import channels_for, fulfilments_for, of_orders_for, orders_for
from orders.services.approval import approve_order
from orders.services.cancel import cancel_order
from orders.services.channels import FIELDS, create_channel, update_channel
from orders.services.holds import hold_order, release_all_holds, release_hold

M = TypeVar("M", bound=Model)

# A step is the order's or that of one of its fulfilment orders; both call the statuses they share the same.
_STATUS_NAMES = {**dict(FulfilmentStatus.choices), **dict(OrderStatus.choices)}

PERSONAL_FIELDS = (
    "customer",
    "buyer_name",
    "buyer_email",
    "buyer_phone",
    "ship_name",
    "ship_phone",
    "ship_street",
    "ship_postal_code",
    "buyer_note",
)


@admin.register(Channel)
class ChannelAdmin(KeptAdmin[Channel]):
    """The webhook's secret isn't shown here; the channel's page changes it."""

    list_display = ("code", "name", "kind", "currency", "country", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("code", "name")
    fields = ("code", *FIELDS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        return channels_for(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return ("code",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Channel, form: ModelForm[Channel], change: bool) -> None:
        actor = Actor.for_user(request.user)
        if change:
            update_channel(channel_id=obj.pk, values=form.cleaned_data, actor=actor)
        else:
            obj.pk = create_channel(code=obj.code, values=form.cleaned_data, actor=actor).pk


@admin.register(ImportMapping)
class ImportMappingAdmin(AuditedAdmin[ImportMapping]):
    list_display = ("name", "channel", "is_default", "updated_at")
    list_filter = ("channel",)
    search_fields = ("name", "channel__code")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "channel":
            kwargs["queryset"] = channels_for(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportMapping]:
        return ImportMapping.objects.filter(channel__in=channels_for(request.user)).select_related("channel")


@admin.register(IntakeMessage)
class IntakeMessageAdmin(ReadOnlyAdmin[IntakeMessage]):
    list_display = ("external_id", "channel", "source", "outcome", "received_at", "seen_count")
    list_filter = ("outcome", "channel", "source")
    search_fields = ("external_id__exact",)
    fields = (
        "channel", "source", "external_id", "outcome", "errors_in_words", "order", "received_at", "last_seen_at",
        "seen_count", "actor_in_words",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntakeMessage]:
        return messages_for(request.user).select_related("channel", "order")

    def get_fields(self, request: HttpRequest, obj: IntakeMessage | None = None) -> Any:
        return (*self.fields, "raw_whole" if may_see_personal_data(request.user) else "raw_masked")

    def get_readonly_fields(self, request: HttpRequest, obj: IntakeMessage | None = None) -> Any:
        return self.get_fields(request, obj)

    @admin.display(description=_("errors"))
    def errors_in_words(self, obj: IntakeMessage) -> str:
        said = (sentence(FieldError.from_json(error)) for error in obj.errors)
        return "\n".join(said) or self.get_empty_value_display()

    @admin.display(description=_("by"))
    def actor_in_words(self, obj: IntakeMessage) -> str:
        return actor_name(obj.actor_label)

    @admin.display(description=_("Content"))
    def raw_whole(self, obj: IntakeMessage) -> str:
        return _as_block(readable(obj.source, obj.raw))

    @admin.display(description=_("Content (personal data masked)"))
    def raw_masked(self, obj: IntakeMessage) -> str:
        return _as_block(masked(readable(obj.source, obj.raw)))


def _as_block(content: Any) -> str:
    return render_to_string("orders/_raw.html", {"rows": as_rows(content)})


class ReasonForm(ActionForm):
    """The action bar of a list, with the reason that the services keep."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=255)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin[Order]):
    list_display = ("number", "external_id", "channel", "status", "payment_status", "open_hold_count", "total",
                    "currency", "received_at", "released_at")  # fmt: skip
    list_filter = ("status", "payment_status", "channel", "received_at")
    list_select_related = ("channel",)
    ordering = ("-id",)
    search_fields = ("number__startswith", "external_id__exact")
    search_help_text = _("Beginning of an order number, or a whole channel order number")
    action_form = ReasonForm
    actions = ("approve", "hold", "release_holds", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return orders_for(request.user).order_by("-id")

    def get_exclude(self, request: HttpRequest, obj: Order | None = None) -> tuple[str, ...]:
        return () if may_see_personal_data(request.user) else PERSONAL_FIELDS

    @admin.action(description=_("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        actor, reason = Actor.for_user(request.user), _reason(request)
        _each(request, orders, lambda order: approve_order(order_id=order.pk, actor=actor, reason=reason))

    @admin.action(description=_("Hold"), permissions=["hold"])
    def hold(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        actor, note = Actor.for_user(request.user), _reason(request)
        _each(
            request,
            orders,
            lambda order: hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=actor, note=note),
        )

    @admin.action(description=_("Release holds"), permissions=["hold"])
    def release_holds(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        actor, note = Actor.for_user(request.user), _reason(request)
        _each(request, orders, lambda order: release_all_holds(order_id=order.pk, actor=actor, note=note))

    @admin.action(description=_("Cancel orders"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        """Asks first, with the number, for it can't be undone."""
        actor, reason = Actor.for_user(request.user), _reason(request)
        if "confirmed" not in request.POST or not reason:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Cancel orders"),
                "count": orders.count(),
                "first_orders": orders[:20],
                "reason": reason,
                "checkbox_name": ACTION_CHECKBOX_NAME,
                "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
                "select_across": request.POST.get("select_across", "0"),
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/orders/order_cancel.html", context)
        _each(request, orders, lambda order: cancel_order(order_id=order.pk, actor=actor, reason=reason))
        return None

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.approve_order")

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.hold_order")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.cancel_order")


class PartOfOrderAdmin(ReadOnlyAdmin[M]):
    """Rows that belong to an order: within the person's scopes, found by the order's number."""

    ordering = ("-id",)
    list_select_related = ["order"]
    search_fields = ["order__number__exact"]
    search_help_text = _("Order number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return of_orders_for(request.user, super().get_queryset(request))


@admin.register(OrderLine)
class OrderLineAdmin(PartOfOrderAdmin[OrderLine]):
    list_display = ("order", "position", "external_sku", "sku", "name", "quantity", "unit_price", "total")
    list_select_related = ["order", "sku"]
    search_fields = ["order__number__exact", "sku__code__exact"]
    search_help_text = _("Order number or SKU code")


@admin.register(Finding)
class FindingAdmin(PartOfOrderAdmin[Finding]):
    list_display = ("order", "in_words", "severity", "field_in_words", "expected_words", "found_at")
    list_filter = ("severity", code_filter("code", _("check"), lambda: ((code, check_words(code)) for code in CHECKS)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        return super().get_queryset(request).annotate(is_whole=Value(may_see_personal_data(request.user)))

    def get_fields(self, request: HttpRequest, obj: Finding | None = None) -> tuple[str, ...]:
        quoting = ("params", "suggestion") if may_see_personal_data(request.user) else ()
        return "order", "in_words", "code", "severity", "field_in_words", "expected_words", *quoting, "found_at"

    @admin.display(description=_("field"), ordering="field")
    def field_in_words(self, finding: Finding) -> str:
        return field_words(finding.field)

    @admin.display(description=_("What is wrong"), ordering="code")
    def in_words(self, finding: Finding) -> str:
        return message(finding.code, _shown(finding)["params"], finding.order.currency)

    @admin.display(description=_("expected"), ordering="expected")
    def expected_words(self, finding: Finding) -> str:
        return expected_words(_shown(finding), finding.order.currency) or self.get_empty_value_display()


def _shown(finding: Finding) -> dict[str, Any]:
    """The finding's fields as the person may see them; get_queryset() says whether whole."""
    return vars(finding) if finding.is_whole else masked_finding(vars(finding))  # type: ignore[attr-defined]


@admin.register(Hold)
class HoldAdmin(PartOfOrderAdmin[Hold]):
    list_display = ("order", "reason", "note", "until", "placed_at", "placed_by", "released_at", "released_by")
    list_filter = ("reason", ("released_at", admin.EmptyFieldListFilter), "placed_at")
    list_select_related = ["order", "placed_by", "released_by"]
    action_form = ReasonForm
    actions = ("release",)

    @admin.action(description=_("Release hold"), permissions=["hold"])
    def release(self, request: HttpRequest, holds: QuerySet[Hold]) -> None:
        actor, note = Actor.for_user(request.user), _reason(request)
        _each(request, holds, lambda hold: release_hold(hold_id=hold.pk, actor=actor, note=note))

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.hold_order")


@admin.register(FulfilmentOrder)
class FulfilmentOrderAdmin(ReadOnlyAdmin[FulfilmentOrder]):
    list_display = ("number", "order", "warehouse", "status", "picker", "released_at", "ship_before", "shipped_at")
    list_filter = ("status", "warehouse", "released_at")
    ordering = ("-id",)
    search_fields = ["number__startswith"]
    search_help_text = _("Beginning of an order number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FulfilmentOrder]:
        return fulfilments_for(request.user).select_related("picker").order_by("-id")


@admin.register(FulfilmentLine)
class FulfilmentLineAdmin(ReadOnlyAdmin[FulfilmentLine]):
    list_display = ("fulfilment", "sku", "quantity", "picked_quantity", "packed_quantity")
    list_filter = ("fulfilment__status",)
    list_select_related = ["fulfilment", "sku"]
    ordering = ("-id",)
    search_fields = ["fulfilment__number__exact", "sku__code__exact"]
    search_help_text = _("Number of a fulfilment order, or SKU code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FulfilmentLine]:
        return of_orders_for(request.user, super().get_queryset(request), "fulfilment__order")


@admin.register(OrderHistory)
class OrderHistoryAdmin(PartOfOrderAdmin[OrderHistory]):
    list_display = ("at", "order", "fulfilment", "from_in_words", "to_in_words", "actor_label", "reason_in_words")
    list_filter = (code_filter("to_status", _("to"), _STATUS_NAMES.items), "at")
    list_select_related = ["order", "fulfilment"]

    @admin.display(description=_("from"), ordering="from_status")
    def from_in_words(self, step: OrderHistory) -> Any:
        return _STATUS_NAMES.get(step.from_status, step.from_status)

    @admin.display(description=_("to"), ordering="to_status")
    def to_in_words(self, step: OrderHistory) -> Any:
        return _STATUS_NAMES.get(step.to_status, step.to_status)

    @admin.display(description=_("reason"))
    def reason_in_words(self, step: OrderHistory) -> str:
        return reason_words(step.reason)


@admin.register(DataError)
class DataErrorAdmin(AuditedAdmin[DataError], LargeTableAdmin[DataError]):
    """Complaints and returns that were caused by wrong data count towards the escape rate; they are noted here."""

    list_display = ("order", "source", "field", "note", "found_at")
    list_filter = ("source", "found_at")
    list_select_related = ["order"]
    ordering = ("-id",)
    raw_id_fields = ("order",)
    search_fields = ["order__number__exact"]
    search_help_text = _("Order number")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "order":
            kwargs["queryset"] = orders_for(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataError]:
        return of_orders_for(request.user, super().get_queryset(request))


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


def _each(request: HttpRequest, rows: QuerySet[M], act: Callable[[M], object]) -> None:
    """Run a service on every row; say which ones it refused and why."""
    done = 0
    for row in rows:
        try:
            act(row)
            done += 1
        except DomainError as error:
            messages.warning(request, f"{row}: {error.message}")
    if done:
        messages.info(request, ngettext("%(count)s done.", "%(count)s done.", done) % {"count": done})
