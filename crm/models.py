from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Right
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Customer(models.Model):
    """A person or company that buys, one row whatever the number of channels."""

    name = models.CharField(_("name"), max_length=255, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    email_normalised = models.CharField(_("e-mail (normalised)"), max_length=254, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    phone_e164 = models.CharField(_("phone (E.164)"), max_length=20, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    note = models.TextField(_("note"), blank=True)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="customer_not_merged_into_itself"),
            # Two intakes that bring the same new customer at once meet here.
            models.UniqueConstraint(
                fields=["phone_e164"],
                condition=~Q(phone_e164="") & Q(merged_into=None),
                name="customer_phone_unique",
            ),
            models.UniqueConstraint(
                fields=["email_normalised"],
                condition=~Q(email_normalised="") & Q(phone_e164="") & Q(merged_into=None),
                name="customer_email_unique_without_phone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["email_normalised"],
                condition=~Q(email_normalised=""),
                opclasses=["varchar_pattern_ops"],
                name="customer_by_email",
            ),
            # Phones of merged customers still lead to the customer that took them in.
            models.Index(
                fields=["phone_e164"], condition=Q(merged_into__isnull=False), name="customer_merged_by_phone"
            ),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="customer_by_survivor"),
            models.Index(fields=["name", "id"], name="customer_by_name"),
            models.Index(fields=["country", "-id"], name="customer_by_country"),
            BrinIndex(fields=["created_at"], autosummarize=True, name="customer_by_creation"),
            GinIndex(SearchVector("name", config="simple"), name="customer_by_words_of_name"),
            models.Index(Right("phone_e164", 4), condition=~Q(phone_e164=""), name="customer_by_last_digits"),
        ]
        permissions = [("merge_customer", _("merge customers"))]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or f"#{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.pk])


class CustomerIdentity(models.Model):
    """How one channel names a customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identities", verbose_name=_("customer"))
    source = models.CharField(_("channel code"), max_length=32)
    external_id = models.CharField(_("channel customer id"), max_length=120)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("channel identity")
        verbose_name_plural = _("channel identities")
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="customer_identity_unique")]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class CustomerAddress(models.Model):
    """An address at which a customer has received orders; kept once per distinct address."""

    # The unique constraint's index begins with the customer; a second one would only cost time at intake.
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="addresses", db_index=False, verbose_name=_("customer")
    )
    fingerprint = models.CharField(_("fingerprint"), max_length=64, editable=False)
    name = models.CharField(_("recipient"), max_length=255, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    province = models.CharField(_("province"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    district = models.CharField(_("district"), max_length=120, blank=True)
    street = models.CharField(_("street"), max_length=500, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    first_used_at = models.DateTimeField(_("first used"))
    last_used_at = models.DateTimeField(_("last used"))

    class Meta:
        verbose_name = _("customer address")
        verbose_name_plural = _("customer addresses")
        constraints = [models.UniqueConstraint(fields=["customer", "fingerprint"], name="customer_address_unique")]

    def __str__(self) -> str:
        return f"{self.city} {self.street}".strip()
