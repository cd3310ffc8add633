from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.crypto import EncryptedJSONField
from inventory.models import Warehouse
from logistics.enums import EventSource, PushState, ShipmentStatus
from orders.models import Channel, FulfilmentOrder, Order


class Carrier(models.Model):
    """A parcel service and how to talk to it; the adapter names the wire format.

    `consecutive_failures` and `circuit_open_until` are the circuit breaker: shared by all workers, shown in
    the admin, cleared by the first answer.
    """

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_zh = models.CharField(_("Chinese name"), max_length=120, blank=True)
    adapter = models.CharField(_("adapter"), max_length=32)
    carrier_code = models.CharField(
        _("carrier's code in the adapter"), max_length=32, blank=True, help_text=_("For example shunfeng.")
    )
    base_url = models.URLField(_("address"), blank=True, help_text=_("Without a path; the adapter adds its own."))
    credentials = EncryptedJSONField(_("credentials"), default=dict, blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    services = ArrayField(models.CharField(max_length=40), verbose_name=_("services"), default=list, blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: takes no new parcels. Those under way are followed to their end.")
    )
    supports_push = models.BooleanField(_("pushes"), default=False)
    rate_per_second = models.PositiveSmallIntegerField(
        _("calls a second"), default=10, help_text=_("0 means without limit.")
    )
    max_connections = models.PositiveSmallIntegerField(_("calls at once"), default=8)
    timeout_seconds = models.PositiveSmallIntegerField(_("time-out (s)"), default=8)
    time_scale = models.PositiveIntegerField(
        _("time scale"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("1 in the real world; with the carrier sandbox, how many times faster its clock runs."),
    )
    consecutive_failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    circuit_open_until = models.DateTimeField(_("paused until"), null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=255, blank=True, editable=False)
    last_error_at = models.DateTimeField(_("last failure"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(time_scale__gte=1), name="carrier_time_scale_positive")]

    def __str__(self) -> str:
        return self.name

    @property
    def local_name(self) -> str:
        """The name in the reader's language."""
        return local_name(self.name, self.name_zh)


def local_name(name: str, name_zh: str) -> str:
    """A carrier's name in the reader's language."""
    return name_zh if name_zh and (get_language() or "").startswith("zh") else name


class TransitTime(models.Model):
    """How long a carrier takes to a place: the table behind the estimate made at hand-over.

    The most specific row wins: service before none, province before country before everywhere.
    """

    carrier = models.ForeignKey(
        Carrier, models.CASCADE, db_index=False, related_name="transit_times", verbose_name=_("carrier")
    )
    service = models.CharField(_("service"), max_length=40, blank=True)
    origin_country = models.CharField(_("from country"), max_length=2, blank=True)
    country = models.CharField(_("to country"), max_length=2, blank=True)
    province = models.CharField(_("to province"), max_length=120, blank=True)
    days = models.PositiveSmallIntegerField(_("days"))
    business_days_only = models.BooleanField(
        _("working days only"), default=False, help_text=_("Saturdays, Sundays and holidays don't count.")
    )

    class Meta:
        verbose_name = _("transit time")
        verbose_name_plural = _("transit times")
        ordering = ["carrier", "country", "province", "service"]
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "service", "origin_country", "country", "province"], name="transit_time_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.carrier_id} {self.country} {self.province}: {self.days}"


class CarrierRule(models.Model):
    """Chooses a carrier: the first active rule, by priority, whose conditions all hold."""

    priority = models.PositiveSmallIntegerField(_("priority"), default=100)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("warehouse")
    )
    channel = models.ForeignKey(
        Channel, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("channel")
    )
    countries = ArrayField(models.CharField(max_length=2), verbose_name=_("countries"), default=list, blank=True)
    provinces = ArrayField(models.CharField(max_length=120), verbose_name=_("provinces"), default=list, blank=True)
    max_weight_g = models.PositiveIntegerField(_("up to weight (g)"), null=True, blank=True)
    min_total = models.DecimalField(_("from order total"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency of the total"), max_length=3, blank=True)
    carrier = models.ForeignKey(Carrier, models.CASCADE, related_name="rules", verbose_name=_("carrier"))
    service = models.CharField(_("service"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("carrier rule")
        verbose_name_plural = _("carrier rules")
        ordering = ["priority", "id"]

    def __str__(self) -> str:
        return self.name


class Shipment(models.Model):
    """One parcel on its way: its label, its tracking number and what is known of it."""

    number = models.CharField(_("number"), max_length=24)
    fulfilment = models.ForeignKey(
        FulfilmentOrder, models.PROTECT, related_name="shipments", verbose_name=_("fulfilment order")
    )
    order = models.ForeignKey(
        Order,
        models.PROTECT,
        db_index=False,  # shipment_by_order
        related_name="shipments",
        verbose_name=_("order"),
    )
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", verbose_name=_("warehouse"))
    carrier = models.ForeignKey(
        Carrier,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # what is asked by carrier has partial indexes of its own
        related_name="shipments",
        verbose_name=_("carrier"),
    )
    service = models.CharField(_("service"), max_length=40, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=24, choices=ShipmentStatus)
    weight_g = models.PositiveIntegerField(_("weight (g)"), default=0)
    destination_country = models.CharField(_("country"), max_length=2, blank=True)

    company_code = models.CharField(_("company as corrected by the carrier"), max_length=32, blank=True, editable=False)
    carrier_reference = models.CharField(_("carrier's reference"), max_length=64, blank=True, editable=False)
    label_cost = models.DecimalField(_("label cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    label_currency = models.CharField(_("currency"), max_length=3, blank=True)

    # The carrier has to be called about the label: to buy it, or, once cancelled, to give it back. Claiming
    # moves the instant ahead, so that a worker that dies loses nothing but time.
    label_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Set while a label may have been bought without our knowing: from before the call until its result is saved.
    label_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The fulfilment order's readdressed_at when the address for the label was read: which correction it knows of.
    label_readdressed_at = models.DateTimeField(null=True, blank=True, editable=False)
    label_attempts = models.PositiveSmallIntegerField(_("label attempts"), default=0)
    label_error = models.CharField(_("label error"), max_length=255, blank=True)
    label_created_at = models.DateTimeField(_("label created"), null=True, blank=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)

    next_poll_at = models.DateTimeField(_("next check"), null=True, blank=True, editable=False)
    subscribe_due = models.BooleanField(default=False, editable=False)
    # A fingerprint of the carrier's last answer: most answers say nothing new and need no look at the events.
    track_digest = models.CharField(max_length=32, blank=True, editable=False)
    poll_failures = models.PositiveSmallIntegerField(_("failed checks in a row"), default=0, editable=False)
    poll_error = models.CharField(_("check error"), max_length=255, blank=True, editable=False)
    last_checked_at = models.DateTimeField(_("last successful check"), null=True, blank=True)
    last_event_at = models.DateTimeField(_("last event"), null=True, blank=True)
    failed_attempt_count = models.PositiveSmallIntegerField(_("failed delivery attempts"), default=0)
    problem_settled_at = models.DateTimeField(_("problem settled"), null=True, blank=True, editable=False)
    estimated_at_handover = models.DateTimeField(_("estimate at hand-over"), null=True, blank=True)
    estimated_delivery_at = models.DateTimeField(_("estimated delivery"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints = [
            models.UniqueConstraint(
                fields=["number"], name="shipment_number_unique", opclasses=["varchar_pattern_ops"]
            ),
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="shipment_tracking_unique",
            ),
            models.UniqueConstraint(
                fields=["fulfilment"],
                condition=~Q(status__in=["cancelled", "lost", "returned"]),
                name="shipment_one_live_per_fulfilment",
            ),
        ]
        indexes = [
            models.Index(fields=["order"], name="shipment_by_order"),
            models.Index(fields=["tracking_number"], name="shipment_by_tracking"),
            models.Index(fields=["status", "-id"], name="shipment_by_status"),
            models.Index(fields=["label_due_at"], condition=Q(label_due_at__isnull=False), name="shipment_label_due"),
            models.Index(
                fields=["carrier", "next_poll_at"],
                include=["id"],  # claimed ones are passed over without a look at the table
                condition=Q(next_poll_at__isnull=False),
                name="shipment_poll_due",
            ),
            models.Index(fields=["last_event_at"], condition=Q(next_poll_at__isnull=False), name="shipment_still"),
        ]
        permissions = [("handle_shipment", _("retry labels, change carrier and check parcels"))]

    def __str__(self) -> str:
        return self.tracking_number or self.number


class CheckClaim(models.Model):
    """A worker asks the carrier about a parcel right now; holds while the parcel's `next_poll_at` stays as it is.

    A row of its own, because moving `next_poll_at` writes into every index of the parcels: 11 MB for 200 of a million.
    """

    shipment = models.OneToOneField(
        Shipment,
        models.CASCADE,
        primary_key=True,
        db_constraint=False,  # its check would write a lock into every parcel that is claimed
        related_name="+",
        verbose_name=_("shipment"),
    )
    next_poll_at = models.DateTimeField(_("next check"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("check under way")
        verbose_name_plural = _("checks under way")

    def __str__(self) -> str:
        return str(self.shipment_id)


class ShipmentLabel(models.Model):
    shipment = models.OneToOneField(Shipment, models.CASCADE, related_name="label", verbose_name=_("shipment"))
    pdf = models.BinaryField(_("PDF"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")

    def __str__(self) -> str:
        return str(self.shipment_id)


class TrackingEvent(models.Model):
    """One scan of a parcel as the carrier told it; append-only."""

    shipment = models.ForeignKey(
        Shipment,
        models.PROTECT,
        db_index=False,  # tracking_event_by_shipment
        related_name="events",
        verbose_name=_("shipment"),
    )
    dedupe_key = models.CharField(max_length=64, editable=False)
    occurred_at = models.DateTimeField(_("occurred"))
    ingested_at = models.DateTimeField(_("ingested"))
    status = models.CharField(
        _("status"), max_length=24, choices=ShipmentStatus, blank=True, help_text=_("Empty: changes no state.")
    )
    rank = models.PositiveSmallIntegerField(default=0, editable=False)
    carrier_status = models.CharField(_("carrier's status"), max_length=64, blank=True)
    description = models.CharField(_("description"), max_length=500, blank=True)
    location = models.CharField(_("place"), max_length=255, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=EventSource)

    class Meta:
        verbose_name = _("tracking event")
        verbose_name_plural = _("tracking events")
        constraints = [models.UniqueConstraint(fields=["shipment", "dedupe_key"], name="tracking_event_unique")]
        indexes = [models.Index(fields=["shipment", "-occurred_at"], name="tracking_event_by_shipment")]

    def __str__(self) -> str:
        return f"{self.status} {self.occurred_at:%Y-%m-%d %H:%M}"


class PushMessage(models.Model):
    """A carrier's push as it came, kept until and after it is ingested."""

    carrier = models.ForeignKey(
        Carrier,
        models.CASCADE,
        db_index=False,  # push_message_unique
        related_name="pushes",
        verbose_name=_("carrier"),
    )
    body_sha256 = models.CharField(max_length=64)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=16, choices=PushState, default=PushState.RECEIVED)
    error = models.CharField(_("error"), max_length=255, blank=True)
    received_at = models.DateTimeField(_("received"))
    ingested_at = models.DateTimeField(_("ingested"), null=True, blank=True)
    seen_count = models.PositiveIntegerField(_("times seen"), default=1)

    class Meta:
        verbose_name = _("push message")
        verbose_name_plural = _("push messages")
        constraints = [models.UniqueConstraint(fields=["carrier", "body_sha256"], name="push_message_unique")]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="received"), name="push_message_due"),
            models.Index(fields=["ingested_at"], condition=~Q(state="received"), name="push_message_old"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier_id} {self.received_at:%Y-%m-%d %H:%M}"


class DeliveryRating(models.Model):
    """What the customer said on the tracking page about one order's delivery; one per order."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="delivery_rating", verbose_name=_("order"))
    stars = models.PositiveSmallIntegerField(_("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.TextField(_("comment"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("delivery rating")
        verbose_name_plural = _("delivery ratings")
        constraints = [models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="delivery_rating_stars")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.stars}"
