from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core import net
from core.accounts.selectors import is_limited, scope_ids
from core.actor import Actor
from core.admin import KeptAdmin, ReadOnlyAdmin
from core.audit.admin import AuditedAdmin
from core.audit.services import record
from core.exceptions import DomainError
from logistics.carriers.registry import adapter_class, adapter_codes
from logistics.models import (
    Carrier,
    CarrierRule,
    CheckClaim,
    DeliveryRating,
    PushMessage,
    Shipment,
    ShipmentLabel,
    TrackingEvent,
    TransitTime,
)
from logistics.selectors import visible_shipments
from logistics.services.calling import credentials_of, push_url
from logistics.services.health import close_circuit
from logistics.services.labels import retry_homeless
from logistics.services.pushes import read_again
from logistics.services.shipments import poll_now, retry_label
from orders.selectors.orders import of_orders_for

M = TypeVar("M", bound=Model)
KEPT = "••••••••"


class CarrierForm(forms.ModelForm[Carrier]):
    """Credentials as one field per key of the adapter; what is stored is never sent back to the browser."""

    adapter = forms.ChoiceField(label=_("Adapter"))
    base_url = forms.URLField(
        label=_("Address"),
        required=False,
        assume_scheme="https",
        help_text=_("Without a path; the adapter adds its own."),
    )
    credentials = forms.CharField(
        label=_("Credentials"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("One “key: value” a line. A value shown as dots stays as it is."),
    )

    class Meta:
        model = Carrier
        fields = [
            "code",
            "name",
            "name_zh",
            "adapter",
            "carrier_code",
            "base_url",
            "credentials",
            "options",
            "services",
            "is_active",
            "supports_push",
            "rate_per_second",
            "max_connections",
            "timeout_seconds",
            "time_scale",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["adapter"].choices = [(code, code) for code in adapter_codes()]  # type: ignore[attr-defined]
        self.initial["credentials"] = "\n".join(f"{key}: {KEPT}" for key in credentials_of(self.instance))

    def clean_base_url(self) -> str:
        address: str = self.cleaned_data["base_url"]
        if address:
            try:
                net.check_url(address)
            except net.OutgoingRefused as error:
                raise ValidationError(str(error)) from error
        return address.rstrip("/")

    def clean_credentials(self) -> dict[str, str]:
        stored = credentials_of(self.instance)
        result: dict[str, str] = {}
        for line in self.cleaned_data["credentials"].splitlines():
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not key:
                continue
            if not colon or not value:
                raise ValidationError(_("“%(line)s” isn't a key and a value."), params={"line": key})
            result[key] = stored.get(key, "") if value == KEPT else value
        return result

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        adapter, credentials = data.get("adapter"), data.get("credentials")
        if adapter in adapter_codes() and credentials is not None:
            wanted = [key for key in adapter_class(adapter).credential_keys if not key.endswith("?")]
            missing = [key for key in wanted if not credentials.get(key)]
            if missing and data.get("is_active"):
                self.add_error("credentials", _("This adapter also needs: %(keys)s.") % {"keys": ", ".join(missing)})
        self._refuse_kept_elsewhere()
        return data

    def _refuse_kept_elsewhere(self) -> None:
        """Secrets that nobody can read here must not be sent to an address that somebody just typed."""
        if KEPT in self.data.get("credentials", "") and {"base_url", "adapter"} & set(self.changed_data):
            self.add_error("credentials", _("The address changed: type the credentials for the new one."))


class TransitTimeInline(admin.TabularInline[TransitTime, Carrier]):
    model = TransitTime
    extra = 0


@admin.register(Carrier)
class CarrierAdmin(AuditedAdmin[Carrier], KeptAdmin[Carrier]):
    form = CarrierForm
    list_display = [
        "code",
        "name",
        "adapter",
        "is_active",
        "health",
        "consecutive_failures",
        "circuit_open_until",
        "last_success_at",
        "last_error",
    ]
    list_filter = ["is_active", "adapter"]
    search_fields = ["code", "name", "name_zh"]
    readonly_fields = [
        "push_address",
        "health",
        "consecutive_failures",
        "circuit_open_until",
        "last_success_at",
        "last_error_at",
        "last_error",
    ]
    inlines = [TransitTimeInline]
    actions = ["resume"]

    def save_model(self, request: HttpRequest, obj: Carrier, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_active:
            _retry_homeless(request)

    @admin.display(description=_("Health"))
    def health(self, carrier: Carrier) -> str:
        if not carrier.is_active:
            return str(_("Switched off"))
        if carrier.circuit_open_until and carrier.circuit_open_until > timezone.now():
            return str(_("Paused after failures"))
        if carrier.consecutive_failures:
            return str(_("Failing"))
        return str(_("Answers") if carrier.last_success_at else _("Not called yet"))

    @admin.display(description=_("Address for pushes"))
    def push_address(self, carrier: Carrier) -> str:
        return push_url(carrier) or "–"

    @admin.action(description=_("Call again at once"), permissions=["change"])
    def resume(self, request: HttpRequest, carriers: QuerySet[Carrier]) -> None:
        for carrier in carriers:
            close_circuit(carrier_id=carrier.pk)
            record(
                action="logistics.carrier_resumed",
                actor=_actor(request),
                subject_type="logistics.carrier",
                subject_id=carrier.pk,
                subject_label=carrier.code,
            )


def _retry_homeless(request: HttpRequest) -> None:
    """Parcels without a carrier may have one now."""
    retried = retry_homeless()
    if retried:
        note = ngettext(
            "%(count)s parcel without a carrier is tried again.",
            "%(count)s parcels without a carrier are tried again.",
            retried,
        )
        messages.info(request, note % {"count": retried})


@admin.register(CarrierRule)
class CarrierRuleAdmin(AuditedAdmin[CarrierRule]):
    list_display = ["priority", "name", "is_active", "carrier", "service", "warehouse", "channel", "countries"]
    list_display_links = ["name"]
    list_filter = ["is_active", "carrier", "warehouse", "channel"]
    list_select_related = ["carrier", "warehouse", "channel"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CarrierRule]:
        """Rules for all, and those for channels and warehouses that the person may see."""
        rules = super().get_queryset(request)
        for kind in ("channel", "warehouse"):
            allowed = scope_ids(request.user, kind)
            if allowed is not None:
                rules = rules.filter(Q(**{kind: None}) | Q(**{f"{kind}__in": allowed}))
        return rules

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        allowed = scope_ids(request.user, db_field.name)
        if allowed is not None:
            kwargs["queryset"] = db_field.related_model.objects.filter(pk__in=allowed)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: CarrierRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _retry_homeless(request)


@admin.register(TransitTime)
class TransitTimeAdmin(AuditedAdmin[TransitTime]):
    list_display = ["carrier", "service", "origin_country", "country", "province", "days", "business_days_only"]
    list_filter = ["carrier", "country"]
    list_select_related = ["carrier"]
    search_fields = ["country", "province", "service"]


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin[Shipment]):
    list_display = ["number", "tracking_number", "carrier", "status", "order", "last_event_at", "next_poll_at"]
    list_filter = ["status", "carrier", "warehouse"]
    list_select_related = ["carrier", "order"]
    search_fields = ["=number", "=tracking_number", "=order__number"]
    raw_id_fields = ["fulfilment", "order"]
    actions = ["check_now", "buy_label_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return visible_shipments(request.user).order_by("-id")

    @admin.action(description=_("Check with the carrier now"), permissions=["handle"])
    def check_now(self, request: HttpRequest, shipments: QuerySet[Shipment]) -> None:
        _each(request, shipments, lambda pk: poll_now(shipment_id=pk, actor=_actor(request)))

    @admin.action(description=_("Retry label"), permissions=["handle"])
    def buy_label_again(self, request: HttpRequest, shipments: QuerySet[Shipment]) -> None:
        _each(request, shipments, lambda pk: retry_label(shipment_id=pk, actor=_actor(request)))

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("logistics.handle_shipment")


class PartOfShipmentAdmin(ReadOnlyAdmin[M]):
    """Rows that belong to a parcel that the person may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        rows = super().get_queryset(request)
        return rows.filter(shipment__in=visible_shipments(request.user)) if is_limited(request.user) else rows


@admin.register(TrackingEvent)
class TrackingEventAdmin(PartOfShipmentAdmin[TrackingEvent]):
    list_display = ["shipment", "occurred_at", "status", "description", "location", "source", "ingested_at"]
    list_filter = ["status", "source"]
    list_select_related = ["shipment"]
    search_fields = ["=shipment__tracking_number", "=shipment__number"]


@admin.register(CheckClaim)
class CheckClaimAdmin(PartOfShipmentAdmin[CheckClaim]):
    list_display = ["shipment", "next_poll_at", "expires_at"]
    list_select_related = ["shipment"]
    search_fields = ["=shipment__tracking_number", "=shipment__number"]


@admin.register(ShipmentLabel)
class ShipmentLabelAdmin(PartOfShipmentAdmin[ShipmentLabel]):
    list_display = ["shipment", "created_at"]
    list_select_related = ["shipment"]
    search_fields = ["=shipment__number", "=shipment__tracking_number"]
    exclude = ["pdf"]


@admin.register(PushMessage)
class PushMessageAdmin(ReadOnlyAdmin[PushMessage]):
    list_display = ["id", "carrier", "state", "received_at", "ingested_at", "seen_count", "error"]
    list_filter = ["state", "carrier"]
    list_select_related = ["carrier"]
    search_fields = ["=body_sha256"]
    actions = ["read_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PushMessage]:
        """A push tells of parcels of any channel: it isn't for people who are limited to some."""
        rows = super().get_queryset(request)
        return rows.none() if is_limited(request.user) else rows

    @admin.action(description=_("Read again"), permissions=["handle"])
    def read_again(self, request: HttpRequest, pushes: QuerySet[PushMessage]) -> None:
        read_again(message_ids=list(pushes.values_list("pk", flat=True)))

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("logistics.handle_shipment")


@admin.register(DeliveryRating)
class DeliveryRatingAdmin(ReadOnlyAdmin[DeliveryRating]):
    list_display = ["order", "stars", "comment", "created_at"]
    list_filter = ["stars"]
    list_select_related = ["order"]
    search_fields = ["=order__number"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryRating]:
        return of_orders_for(request.user, super().get_queryset(request))


def _actor(request: HttpRequest) -> Actor:
    user: AbstractBaseUser | Any = request.user
    return Actor.for_user(user)


def _each(request: HttpRequest, shipments: QuerySet[Shipment], act: Any) -> None:
    """Run a service on every shipment; say which ones it refused."""
    done = 0
    for shipment in shipments:
        try:
            act(shipment.pk)
            done += 1
        except DomainError as error:
            messages.warning(request, f"{shipment.number}: {error}")
    if done:
        messages.info(request, ngettext("%(count)s parcel", "%(count)s parcels", done) % {"count": done})
