from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.accounts.models import validate_time_zone
from core.crypto import EncryptedTextField
from core.money import check_currency
from crm.models import Customer
from inventory.models import Sku, Warehouse
from orders.enums import (
    ChannelKind,
    DataErrorSource,
    FindingSeverity,
    FulfilmentStatus,
    HoldReason,
    IntakeOutcome,
    IntakeSource,
    OrderStatus,
    PaymentStatus,
)

MONEY: dict[str, Any] = {"max_digits": 14, "decimal_places": 2}


def validate_object(value: object) -> None:
    """Refuse JSON that isn't an object."""
    if not isinstance(value, dict):
        raise ValidationError(_('This must be a JSON object, such as {"rules": {}}.'))


class Channel(models.Model):
    """A place where the company sells: a shop, a marketplace, a file that somebody sends."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=ChannelKind, default=ChannelKind.API)
    is_active = models.BooleanField(_("active"), default=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    country = models.CharField(_("country"), max_length=2, default="CN")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    requires_payment = models.BooleanField(
        _("requires payment"), default=True, help_text=_("Off for invoiced or cash-on-delivery trade.")
    )
    requires_address = models.BooleanField(
        _("requires a full address"),
        default=True,
        help_text=_("Off where the channel gives only a country, as old invoices do."),
    )
    duplicate_window_hours = models.PositiveSmallIntegerField(_("duplicate window (hours)"), default=24)
    webhook_secret = EncryptedTextField(_("webhook secret"), blank=True, default="")
    settings = models.JSONField(_("rule settings"), default=dict, blank=True, validators=[validate_object])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_currency(self.currency)


class ImportMapping(models.Model):
    """How the columns of a channel's order file map to the canonical order."""

    channel = models.ForeignKey(
        Channel, models.CASCADE, db_index=False, related_name="mappings", verbose_name=_("channel")
    )
    name = models.CharField(_("name"), max_length=120)
    columns = models.JSONField(_("columns"), help_text=_("Canonical field → column heading."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        constraints = [
            models.UniqueConstraint(fields=["channel", "name"], name="import_mapping_name_unique"),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(is_default=True), name="import_mapping_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """A customer's order. Holds, payment and cases are kept apart from its status."""

    number = models.CharField(_("order number"), max_length=20)
    channel = models.ForeignKey(
        Channel, models.PROTECT, db_index=False, related_name="orders", verbose_name=_("channel")
    )
    external_id = models.CharField(_("channel order number"), max_length=64)
    display_number = models.CharField(
        _("number shown to the buyer"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=_("What the channel prints for people, such as #1001, where it isn't the channel order number."),
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, db_index=False, related_name="orders", verbose_name=_("customer")
    )
    status = models.CharField(_("status"), max_length=20, choices=OrderStatus)
    payment_status = models.CharField(_("payment"), max_length=20, choices=PaymentStatus)
    payment_method = models.CharField(_("payment method"), max_length=64, blank=True)
    payment_reference = models.CharField(_("payment reference"), max_length=120, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)

    currency = models.CharField(_("currency"), max_length=3)
    items_total = models.DecimalField(_("items"), **MONEY)
    shipping_fee = models.DecimalField(_("shipping fee"), **MONEY)
    discount = models.DecimalField(_("discount"), **MONEY)
    tax = models.DecimalField(_("tax"), **MONEY)
    total = models.DecimalField(_("total"), **MONEY)
    line_count = models.PositiveIntegerField(_("lines"))
    unit_count = models.PositiveIntegerField(_("units"))

    buyer_name = models.CharField(_("buyer"), max_length=255, blank=True)
    buyer_email = models.CharField(_("e-mail"), max_length=254, blank=True)
    buyer_phone = models.CharField(_("buyer phone"), max_length=40, blank=True)
    ship_name = models.CharField(_("recipient"), max_length=255, blank=True)
    ship_phone = models.CharField(_("phone"), max_length=40, blank=True)
    ship_phone_e164 = models.CharField(_("phone (E.164)"), max_length=20, blank=True, editable=False)
    ship_country = models.CharField(_("country"), max_length=2, blank=True)
    ship_province = models.CharField(_("province"), max_length=120, blank=True)
    ship_city = models.CharField(_("city"), max_length=120, blank=True)
    ship_district = models.CharField(_("district"), max_length=120, blank=True)
    ship_street = models.CharField(_("street"), max_length=500, blank=True)
    ship_postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    buyer_note = models.TextField(_("buyer's note"), blank=True)
    ship_by = models.DateTimeField(_("ship by"), null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True)

    placed_at = models.DateTimeField(_("placed"))
    received_at = models.DateTimeField(_("received"))
    channel_updated_at = models.DateTimeField(
        _("changed by the channel"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("The channel's time of the newest version received; older messages change nothing."),
    )
    validated_at = models.DateTimeField(_("validated"), null=True, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    allocated_at = models.DateTimeField(_("allocated"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    first_touched_at = models.DateTimeField(
        _("first touched by a person"), null=True, blank=True, help_text=_("Empty: touchless so far.")
    )

    # A stage's work list: set when there is something to do, cleared in the transaction that did it.
    validate_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    allocate_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    open_hold_count = models.PositiveSmallIntegerField(_("open holds"), default=0)
    payload_sha256 = models.CharField(max_length=64, editable=False)
    duplicate_key = models.CharField(max_length=64, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            # With these operator classes one index serves equality, uniqueness and search by the beginning.
            models.UniqueConstraint(fields=["number"], name="order_number_unique", opclasses=["varchar_pattern_ops"]),
            models.UniqueConstraint(
                fields=["external_id", "channel"],
                name="order_channel_external_unique",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.CheckConstraint(condition=Q(line_count__gt=0), name="order_has_lines"),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="order_by_status"),
            models.Index(fields=["channel", "-id"], name="order_by_channel"),
            models.Index(fields=["customer", "-id"], name="order_by_customer"),
            models.Index(
                fields=["display_number"],
                condition=~Q(display_number=""),
                opclasses=["varchar_pattern_ops"],
                name="order_by_display_number",
            ),
            models.Index(fields=["received_at"], name="order_by_received"),
            models.Index(fields=["-placed_at", "-id"], name="order_by_placed"),
            models.Index(fields=["released_at"], condition=Q(released_at__isnull=False), name="order_by_released"),
            models.Index(fields=["duplicate_key", "placed_at"], name="order_by_duplicate_key"),
            models.Index(fields=["ship_phone_e164"], name="order_by_phone"),
            # For search by the beginning of the recipient's name, in any case; needs a database in the C collation.
            models.Index(Upper("ship_name"), name="order_by_recipient"),
            models.Index(
                fields=["validate_due_at"],
                condition=Q(validate_due_at__isnull=False),
                name="order_validate_due",
            ),
            models.Index(
                fields=["allocate_due_at"],
                condition=Q(allocate_due_at__isnull=False),
                name="order_allocate_due",
            ),
            models.Index(fields=["-id"], condition=Q(open_hold_count__gt=0), name="order_on_hold"),
        ]
        permissions = [
            ("approve_order", _("Can approve and un-approve orders")),
            ("hold_order", _("Can hold orders by hand and release such holds")),
            ("cancel_order", _("Can cancel orders")),
            ("edit_order", _("Can correct order data")),
            ("import_order", _("Can import order files")),
            ("view_intake", _("Can see raw intake messages")),
            ("record_payment", _("Can record payments")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def channel_number(self) -> str:
        """What the channel's people and buyers call the order."""
        return self.display_number or self.external_id

    @property
    def shown_status(self) -> OrderStatus:
        """The status with its label, colour and icon."""
        return OrderStatus(self.status)


class IntakeMessage(models.Model):
    """What a channel sent, as it was sent; the same content again only raises seen_count."""

    channel = models.ForeignKey(
        Channel, models.PROTECT, db_index=False, related_name="messages", verbose_name=_("channel")
    )
    source = models.CharField(_("source"), max_length=16, choices=IntakeSource)
    external_id = models.CharField(_("channel order number"), max_length=64, blank=True)
    content_sha256 = models.CharField(max_length=64)
    raw = models.JSONField(_("content"))
    outcome = models.CharField(_("outcome"), max_length=16, choices=IntakeOutcome)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    order = models.ForeignKey(
        Order, models.SET_NULL, db_index=False, null=True, blank=True, related_name="messages", verbose_name=_("order")
    )
    received_at = models.DateTimeField(_("received"))
    last_seen_at = models.DateTimeField(_("last seen"))
    seen_count = models.PositiveIntegerField(_("times seen"), default=1)
    actor_label = models.CharField(_("by"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("intake message")
        verbose_name_plural = _("intake messages")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id", "content_sha256"], name="intake_message_content_unique"
            )
        ]
        indexes = [
            models.Index(fields=["order"], name="intake_message_by_order"),
            models.Index(fields=["outcome", "-id"], name="intake_message_by_outcome"),
            models.Index(fields=["channel", "-id"], name="intake_message_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}:{self.external_id}"


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("line"))
    external_id = models.CharField(_("channel line"), max_length=64, blank=True)
    external_sku = models.CharField(_("channel SKU"), max_length=120)
    sku = models.ForeignKey(
        Sku,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # order_line_by_sku leads with it
        related_name="order_lines",
        verbose_name=_("SKU"),
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    discount = models.DecimalField(_("discount"), **MONEY)
    tax = models.DecimalField(_("tax"), **MONEY)
    total = models.DecimalField(_("line total"), **MONEY)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
        ]
        indexes = [models.Index(fields=["sku", "-id"], name="order_line_by_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.external_sku}"


class Finding(models.Model):
    """What a validation rule found wrong with an order; replaced as a set at each validation."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="findings", verbose_name=_("order"))
    code = models.CharField(_("code"), max_length=40)
    severity = models.CharField(_("severity"), max_length=10, choices=FindingSeverity)
    field = models.CharField(_("field"), max_length=120)
    params = models.JSONField(_("details"), default=dict)
    expected = models.CharField(_("expected"), max_length=255, blank=True)
    suggestion = models.JSONField(_("suggested fix"), null=True, blank=True)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        indexes = [models.Index(fields=["code", "-id"], name="finding_by_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.field}"


class Hold(models.Model):
    """A named reason why an order must not go on; several may be open at once."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="holds", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=20, choices=HoldReason)
    note = models.CharField(_("note"), max_length=500, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("released by"),
    )
    release_note = models.CharField(_("release note"), max_length=500, blank=True)
    held_value_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    value_changed = models.BooleanField(
        _("value changed"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Whether the held fields differ between placing and release; unset while open."),
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        permissions = [
            ("release_data_hold", _("Can release holds for address, articles, duplicates and messages")),
            ("release_money_hold", _("Can release holds for price and payment")),
            ("release_fraud_hold", _("Can release holds for fraud risk")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reason"], condition=Q(released_at=None), name="hold_one_open_per_reason"
            )
        ]
        indexes = [
            models.Index(fields=["reason"], condition=Q(released_at=None), name="hold_open_by_reason"),
            models.Index(fields=["until"], condition=Q(released_at=None, until__isnull=False), name="hold_until_due"),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())


class FulfilmentOrder(models.Model):
    """The part of an order that one warehouse sends. Without a warehouse it waits for stock."""

    number = models.CharField(_("number"), max_length=24)
    order = models.ForeignKey(
        Order, models.PROTECT, db_index=False, related_name="fulfilments", verbose_name=_("order")
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="fulfilments",
        verbose_name=_("warehouse"),
    )
    status = models.CharField(_("status"), max_length=16, choices=FulfilmentStatus)
    scores = models.JSONField(_("warehouse scores"), default=list, blank=True)
    weight_g = models.PositiveIntegerField(_("weight (g)"), default=0)
    created_at = models.DateTimeField(_("created"))
    allocated_at = models.DateTimeField(_("allocated"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    ship_before = models.DateTimeField(_("ship before"), null=True, blank=True)
    picking_at = models.DateTimeField(_("picking started"), null=True, blank=True)
    picker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("picker"),
    )
    packed_at = models.DateTimeField(_("packed"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    class Meta:
        verbose_name = _("fulfilment order")
        verbose_name_plural = _("fulfilment orders")
        indexes = [
            models.Index(fields=["order"], name="fulfilment_by_order"),
            models.Index(fields=["picker"], condition=Q(picker__isnull=False), name="fulfilment_by_picker"),
            models.Index(fields=["warehouse", "status", "released_at"], name="fulfilment_by_warehouse"),
            models.Index(fields=["id"], condition=Q(status="allocated"), name="fulfilment_release_due"),
            models.Index(fields=["id"], condition=Q(status="backordered"), name="fulfilment_backordered"),
            models.Index(fields=["status", "-id"], name="fulfilment_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], name="fulfilment_number_unique", opclasses=["varchar_pattern_ops"]
            ),
            models.CheckConstraint(
                condition=Q(warehouse__isnull=False) | Q(status__in=["planned", "backordered", "cancelled"]),
                name="fulfilment_has_warehouse",
            ),
        ]
        permissions = [
            ("pick_fulfilment", _("Can pick and pack")),
            ("release_fulfilment", _("Can release to the warehouse")),
        ]

    def __str__(self) -> str:
        return self.number


class FulfilmentLine(models.Model):
    fulfilment = models.ForeignKey(
        FulfilmentOrder, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("fulfilment order")
    )
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, related_name="fulfilment_lines", verbose_name=_("order line")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", verbose_name=_("SKU"))
    quantity = models.PositiveIntegerField(_("quantity"))
    picked_quantity = models.PositiveIntegerField(_("picked"), default=0)
    packed_quantity = models.PositiveIntegerField(_("packed"), default=0)

    class Meta:
        verbose_name = _("fulfilment line")
        verbose_name_plural = _("fulfilment lines")
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "order_line"], name="fulfilment_line_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfilment_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku_id}"


class OrderHistory(models.Model):
    """Every change of status of an order or of one of its fulfilment orders; append-only."""

    order = models.ForeignKey(Order, models.CASCADE, db_index=False, related_name="history", verbose_name=_("order"))
    fulfilment = models.ForeignKey(
        FulfilmentOrder,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="history",
        verbose_name=_("fulfilment order"),
    )
    at = models.DateTimeField(_("at"))
    from_status = models.CharField(_("from"), max_length=20, blank=True)
    to_status = models.CharField(_("to"), max_length=20)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    actor_label = models.CharField(_("by (name)"), max_length=120)
    reason = models.CharField(_("reason"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("order history entry")
        verbose_name_plural = _("order history")
        indexes = [
            models.Index(fields=["order", "id"], name="order_history_by_order"),
            models.Index(
                fields=["fulfilment"], condition=Q(fulfilment__isnull=False), name="order_history_by_fulfilment"
            ),
            models.Index(fields=["actor"], condition=Q(actor__isnull=False), name="order_history_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class DataError(models.Model):
    """A data error of an order found after its release: the numerator of the escape rate."""

    order = models.ForeignKey(
        Order, models.CASCADE, db_index=False, related_name="data_errors", verbose_name=_("order")
    )
    source = models.CharField(_("found by"), max_length=20, choices=DataErrorSource)
    field = models.CharField(_("field"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("data error after release")
        verbose_name_plural = _("data errors after release")
        indexes = [models.Index(fields=["order"], name="data_error_by_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(source="undeliverable"), name="data_error_undeliverable_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.field}"
