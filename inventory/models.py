from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.money import check_currency
from inventory.enums import RARE_MOVEMENT_KINDS, MovementKind, ReservationState, SkuStatus, StockBucket
from inventory.rules.gtin import display_gtin


class Product(models.Model):
    """What a customer sees as one article; its sellable variants are SKUs."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    name_zh = models.CharField(_("Chinese name"), max_length=255, blank=True)
    category = models.CharField(_("category"), max_length=120, blank=True, db_index=True)
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["code"]
        permissions = [("import_products", _("import products"))]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Sku(models.Model):
    """A stock keeping unit: the thing that is counted, reserved and shipped."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="skus", verbose_name=_("product"))
    code = models.CharField(_("SKU"), max_length=64, db_index=True)
    name = models.CharField(_("name"), max_length=255)
    status = models.CharField(_("status"), max_length=16, choices=SkuStatus, default=SkuStatus.ACTIVE)
    is_stocked = models.BooleanField(
        _("stocked"), default=True, help_text=_("Off for services such as postage: never reserved or picked.")
    )
    unit_price = models.DecimalField(_("list price"), max_digits=14, decimal_places=4, null=True, blank=True)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=14, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    weight_g = models.PositiveIntegerField(_("weight (g)"), null=True, blank=True)
    length_mm = models.PositiveIntegerField(_("length (mm)"), null=True, blank=True)
    width_mm = models.PositiveIntegerField(_("width (mm)"), null=True, blank=True)
    height_mm = models.PositiveIntegerField(_("height (mm)"), null=True, blank=True)
    bin_location = models.CharField(_("bin"), max_length=32, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("SKU")
        verbose_name_plural = _("SKUs")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(Upper("code"), name="sku_code_ci_unique")]
        indexes = [GinIndex(SearchVector("name", config="simple"), name="sku_by_words_of_name")]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        check_currency(self.currency)


class SkuBarcode(models.Model):
    """A GTIN-8, -12, -13 or -14 of a SKU, stored as 14 digits (GS1 General Specifications, 7.9)."""

    sku = models.ForeignKey(Sku, models.CASCADE, related_name="barcodes", verbose_name=_("SKU"))
    gtin = models.CharField(_("barcode (GTIN)"), max_length=14, unique=True)

    class Meta:
        verbose_name = _("barcode")
        verbose_name_plural = _("barcodes")
        constraints = [models.CheckConstraint(condition=Q(gtin__regex=r"^[0-9]{14}$"), name="sku_barcode_14_digits")]

    def __str__(self) -> str:
        return self.gtin

    @property
    def short(self) -> str:
        """The digits as they are printed on the goods."""
        return display_gtin(self.gtin)


class SkuAlias(models.Model):
    """The code under which a channel sells a SKU. An empty source holds for every channel."""

    source = models.CharField(_("channel code"), max_length=32, blank=True, default="")
    external_sku = models.CharField(_("channel SKU"), max_length=120)
    sku = models.ForeignKey(Sku, models.CASCADE, related_name="aliases", verbose_name=_("SKU"))

    class Meta:
        verbose_name = _("channel SKU alias")
        verbose_name_plural = _("channel SKU aliases")
        constraints = [
            models.UniqueConstraint("source", Upper("external_sku"), name="sku_alias_source_external_unique")
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_sku}" if self.source else self.external_sku


class Warehouse(models.Model):
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Lower goes first when two warehouses are equally good.")
    )
    serves_countries = ArrayField(
        models.CharField(max_length=2),
        verbose_name=_("serves countries"),
        default=list,
        blank=True,
        help_text=_("ISO codes; empty means everywhere."),
    )
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2)
    province = models.CharField(_("province"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    district = models.CharField(_("district"), max_length=120, blank=True)
    street = models.CharField(_("street"), max_length=255, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai")
    cut_off = models.TimeField(_("cut-off"), null=True, blank=True, help_text=_("Local time."))
    calendar_code = models.CharField(_("calendar"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        ordering = ["priority", "code"]

    def __str__(self) -> str:
        return self.name


class StockLevel(models.Model):
    """Running sums of the ledger for one SKU in one warehouse. Written by inventory.services only."""

    # Every foreign key below goes without its own index: the composite ones cover it.
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="levels", db_index=False, verbose_name=_("warehouse")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="levels", db_index=False, verbose_name=_("SKU"))
    on_hand = models.IntegerField(_("on hand"), default=0)
    reserved = models.IntegerField(_("reserved"), default=0)
    safety = models.IntegerField(_("safety stock"), default=0)
    incoming = models.IntegerField(_("incoming"), default=0)
    in_transit = models.IntegerField(_("in transit"), default=0)
    quarantined = models.IntegerField(_("quarantined"), default=0)
    damaged = models.IntegerField(_("damaged"), default=0)
    available = models.GeneratedField(
        expression=F("on_hand") - F("reserved") - F("safety"),
        output_field=models.IntegerField(),
        db_persist=True,
        verbose_name=_("available"),
    )
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "sku"], name="stock_level_warehouse_sku_unique"),
            models.CheckConstraint(
                condition=Q(
                    on_hand__gte=0,
                    reserved__gte=0,
                    safety__gte=0,
                    incoming__gte=0,
                    in_transit__gte=0,
                    quarantined__gte=0,
                    damaged__gte=0,
                ),
                name="stock_level_not_negative",
            ),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="stock_level_reserved_within_on_hand"),
        ]
        # No index on a quantity: it would stop heap-only updates, which hot SKUs live on.
        indexes = [models.Index(fields=["sku", "warehouse"], name="stock_level_by_sku")]
        permissions = [
            ("adjust_stock", _("adjust stock")),
            ("receive_stock", _("receive stock")),
            ("import_stock", _("import stock")),
        ]

    def __str__(self) -> str:
        return f"{self.warehouse_id}/{self.sku_id}"


class StockMovement(models.Model):
    """The stock ledger: append-only, one row for each change of one bucket of one level."""

    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="+", db_index=False, verbose_name=_("warehouse")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="movements", db_index=False, verbose_name=_("SKU"))
    bucket = models.CharField(_("bucket"), max_length=16, choices=StockBucket)
    kind = models.CharField(_("kind"), max_length=16, choices=MovementKind)
    quantity = models.IntegerField(_("quantity"))
    occurred_at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    document = models.CharField(_("document"), max_length=40, blank=True)
    document_id = models.BigIntegerField(_("document id"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_movement_quantity_not_zero")]
        indexes = [
            models.Index(fields=["sku", "warehouse", "-id"], name="stock_movement_by_sku"),
            models.Index(fields=["document", "document_id"], name="stock_movement_by_document"),
            # The kinds that orders don't write by the million; those are found by walking the ledger back.
            models.Index(
                fields=["kind", "-id"],
                condition=Q(kind__in=RARE_MOVEMENT_KINDS),
                name="stock_movement_rare_kinds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d}"


class Reservation(models.Model):
    """A claim on stock by one document line; the open ones add up to StockLevel.reserved."""

    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="+", db_index=False, verbose_name=_("warehouse")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="reservations", db_index=False, verbose_name=_("SKU"))
    quantity = models.PositiveIntegerField(_("quantity"))
    state = models.CharField(_("state"), max_length=16, choices=ReservationState, default=ReservationState.ACTIVE)
    document = models.CharField(_("document"), max_length=40)
    document_id = models.BigIntegerField(_("document line"))
    created_at = models.DateTimeField(_("created"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.UniqueConstraint(
                fields=["document", "document_id"],
                condition=Q(state="active"),
                name="reservation_one_active_per_line",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_quantity_positive"),
        ]
        indexes = [
            models.Index(fields=["sku", "warehouse"], condition=Q(state="active"), name="reservation_active"),
        ]

    def __str__(self) -> str:
        return f"{self.document}:{self.document_id} × {self.quantity}"


class StockDemand(models.Model):
    """Quantity that a document line still waits for: what buyers have to order."""

    sku = models.ForeignKey(Sku, models.PROTECT, related_name="demands", verbose_name=_("SKU"))
    quantity = models.PositiveIntegerField(_("quantity"))
    document = models.CharField(_("document"), max_length=40)
    document_id = models.BigIntegerField(_("document line"))
    since = models.DateTimeField(_("waiting since"))

    class Meta:
        verbose_name = _("unmet demand")
        verbose_name_plural = _("unmet demand")
        constraints = [
            models.UniqueConstraint(fields=["document", "document_id"], name="stock_demand_one_per_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_demand_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.document}:{self.document_id} × {self.quantity}"
