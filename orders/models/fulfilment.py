"""The parts of an order that warehouses send, and the history of both."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Sku, Warehouse
from orders.enums import (
    FulfilmentStatus,
)
from orders.models.orders import Order, OrderLine


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
    # The recipient was corrected then: a label made before names somebody else.
    readdressed_at = models.DateTimeField(_("recipient corrected"), null=True, blank=True)
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
            ("pick_fulfilment", _("pick and pack")),
            ("release_fulfilment", _("release to the warehouse")),
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
