from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.money import check_currency
from inventory.models import Sku, Warehouse
from supply_chain.enums import PurchaseOrderStatus


class Supplier(models.Model):
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=255)
    is_active = models.BooleanField(_("active"), default=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO code, such as CN."))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    lead_time_days = models.PositiveSmallIntegerField(
        _("lead time (days)"), default=14, help_text=_("From order to arrival, unless a SKU says otherwise.")
    )
    payment_terms = models.CharField(_("payment terms"), max_length=120, blank=True)
    over_receipt_percent = models.PositiveSmallIntegerField(
        _("over-delivery accepted (%)"), default=0, help_text=_("More than this can't be received.")
    )
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["name"]
        indexes = [models.Index(fields=["name"], name="supplier_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("supply_chain:supplier_detail", args=[self.pk])

    def clean(self) -> None:
        check_currency(self.currency)


class SupplierSku(models.Model):
    """What a supplier offers: under which code, at what price, in which amounts, how fast."""

    supplier = models.ForeignKey(
        Supplier, models.CASCADE, db_index=False, related_name="offers", verbose_name=_("supplier")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="offers", verbose_name=_("SKU"))
    supplier_code = models.CharField(_("supplier's code"), max_length=64, blank=True)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=14, decimal_places=4, validators=[MinValueValidator(0)])
    moq = models.PositiveIntegerField(_("minimum order quantity"), default=1, validators=[MinValueValidator(1)])
    pack_size = models.PositiveIntegerField(
        _("pack size"), default=1, validators=[MinValueValidator(1)], help_text=_("Sold in multiples of this.")
    )
    lead_time_days = models.PositiveSmallIntegerField(_("lead time (days)"), null=True, blank=True)
    is_preferred = models.BooleanField(_("preferred"), default=False)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "sku"], name="supplier_sku_unique"),
            models.UniqueConstraint(fields=["sku"], condition=Q(is_preferred=True), name="supplier_sku_one_preferred"),
            models.CheckConstraint(
                condition=Q(moq__gte=1, pack_size__gte=1, unit_cost__gte=0), name="supplier_sku_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.supplier_code or str(self.sku_id)


class PurchaseOrder(models.Model):
    number = models.CharField(_("number"), max_length=32, unique=True)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchase_orders", verbose_name=_("supplier"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", verbose_name=_("warehouse"))
    status = models.CharField(
        _("status"), max_length=24, choices=PurchaseOrderStatus, default=PurchaseOrderStatus.DRAFT
    )
    held_status = models.CharField(_("status before the hold"), max_length=24, blank=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=0)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    supplier_reference = models.CharField(_("supplier's reference"), max_length=64, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="purchase_order_by_status"),
            models.Index(fields=["expected_on"], name="purchase_order_by_expected"),
        ]
        permissions = [
            ("approve_purchaseorder", _("approve purchase orders")),
            ("receive_purchaseorder", _("receive purchase orders")),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("supply_chain:purchase_order_detail", args=[self.pk])


class PurchaseOrderLine(models.Model):
    order = models.ForeignKey(
        PurchaseOrder, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("purchase order")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", verbose_name=_("SKU"))
    quantity = models.PositiveIntegerField(_("ordered"))
    received = models.PositiveIntegerField(_("received"), default=0)
    damaged = models.PositiveIntegerField(
        _("damaged"), default=0, help_text=_("Of those received: put aside, not for sale.")
    )
    unit_cost = models.DecimalField(_("unit cost"), max_digits=14, decimal_places=4)

    class Meta:
        verbose_name = _("purchase order line")
        verbose_name_plural = _("purchase order lines")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "sku"], name="purchase_order_line_sku_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="purchase_order_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(damaged__lte=F("received")), name="purchase_order_line_damaged_within_received"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} × {self.quantity}"

    @property
    def outstanding(self) -> int:
        """Units still to come."""
        return max(self.quantity - self.received, 0)


class GoodsReceipt(models.Model):
    """A delivery that came in against a purchase order (GRN)."""

    number = models.CharField(_("number"), max_length=32, unique=True)
    order = models.ForeignKey(PurchaseOrder, models.PROTECT, related_name="receipts", verbose_name=_("purchase order"))
    delivery_note = models.CharField(_("delivery note"), max_length=64, blank=True)
    received_at = models.DateTimeField(_("received"))
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("received by"),
    )

    class Meta:
        verbose_name = _("goods receipt")
        verbose_name_plural = _("goods receipts")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.number


class GoodsReceiptLine(models.Model):
    receipt = models.ForeignKey(
        GoodsReceipt, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("goods receipt")
    )
    order_line = models.ForeignKey(
        PurchaseOrderLine, models.PROTECT, related_name="receipt_lines", verbose_name=_("purchase order line")
    )
    quantity = models.PositiveIntegerField(_("good"))
    damaged = models.PositiveIntegerField(_("damaged"), default=0)

    class Meta:
        verbose_name = _("goods receipt line")
        verbose_name_plural = _("goods receipt lines")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "order_line"], name="goods_receipt_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0) | Q(damaged__gt=0), name="goods_receipt_line_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} + {self.quantity}"


class ReceivingCount(models.Model):
    """What has been counted for a line at the receiving desk and isn't booked yet."""

    order_line = models.OneToOneField(
        PurchaseOrderLine, models.CASCADE, related_name="count", verbose_name=_("purchase order line")
    )
    quantity = models.PositiveIntegerField(_("good"), default=0)
    damaged = models.PositiveIntegerField(_("damaged"), default=0)

    class Meta:
        verbose_name = _("receiving count")
        verbose_name_plural = _("receiving counts")

    def __str__(self) -> str:
        return f"{self.order_line_id}: {self.quantity}"
