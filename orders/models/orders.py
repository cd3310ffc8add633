"""Orders and their lines."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from crm.models import Customer
from inventory.models import Sku
from orders.enums import (
    OrderStatus,
    PaymentStatus,
)
from orders.models.channels import Channel
from orders.rules.balance import WITH_MONEY, Balance, balance_of

MONEY: dict[str, Any] = {"max_digits": 14, "decimal_places": 2}
# The same as Balance.refund_due above zero, as a condition.
REFUND_DUE = Q(paid_amount__gt=F("total")) | Q(
    Q(paid_amount__gt=0) | Q(paid_amount=None, payment_status__in=sorted(WITH_MONEY), total__gt=0),
    status=OrderStatus.CANCELLED,
)


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
    paid_amount = models.DecimalField(
        _("amount paid"),
        **MONEY,
        null=True,
        blank=True,
        editable=False,
        help_text=_("Set where it isn't the total: the total was corrected after the payment, or some was refunded."),
    )

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
            models.Index(fields=["-id"], condition=REFUND_DUE, name="order_refund_due"),
        ]
        permissions = [
            ("approve_order", _("approve and un-approve orders")),
            ("hold_order", _("hold orders by hand and release such holds")),
            ("cancel_order", _("cancel orders")),
            ("edit_order", _("correct order data")),
            ("import_order", _("import order files")),
            ("view_intake", _("see raw intake messages")),
            ("record_payment", _("record payments")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def channel_number(self) -> str:
        """What the channel's people and buyers call the order."""
        return self.display_number or self.external_id

    @property
    def balance(self) -> Balance:
        """What was paid, and what is to be given back or collected."""
        return balance_of(self.status, self.payment_status, self.total, self.paid_amount)

    @property
    def shown_status(self) -> OrderStatus:
        """The status with its label, colour and icon."""
        return OrderStatus(self.status)


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
