"""People, what they may do and see, and the keys of programs."""

from base64 import b32encode
from datetime import datetime
from secrets import token_hex
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from core.accounts.enums import Density, Role, Theme
from core.crypto import EncryptedTextField
from core.zones import zone_names


def validate_time_zone(name: str) -> None:
    """Refuse a name that the IANA database doesn't know."""
    if name not in zone_names():
        raise ValidationError(_("There is no time zone “%(name)s”."), "time_zone", {"name": name})


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of the untyped base of AuthenticatorApp
    """A person of the company. Roles are groups, limits on what is seen are AccessScope rows."""

    display_name = models.CharField(pgettext_lazy("person", "name"), max_length=120, blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        help_text=_("Empty: the language of the browser."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Empty: the time zone of this installation."),
    )
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    density = models.CharField(_("row height"), max_length=5, choices=Density.choices, default=Density.DENSE)

    # What selectors.access_of() has read about this person in this request.
    known_access: object = None

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]
        verbose_name_plural = _("people")  # type: ignore[assignment]
        permissions = [
            ("use_admin_site", _("use the administration site")),
            ("manage_api_keys", _("create and revoke API keys")),
            ("view_personal_data", _("see personal data unmasked")),
            ("manage_system", _("see how the system is doing and run its work again")),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name that pages and the audit trail show."""
        return self.display_name or self.get_full_name() or self.get_username()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or settings.DISPLAY_TIME_ZONE)


class RoleGroup(Group):
    """A role's group under its own name in the admin site."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(Role(self.name).label) if self.name in Role.values else self.name


class FailedSignIn(AccessAttempt):  # type: ignore[misc]  # django-axes has no types
    """A failed sign-in that still counts towards the lock-out, under a plain name in the admin site."""

    class Meta:
        proxy = True
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")


class RolePolicy(models.Model):
    """What an administrator demands of everybody in a role."""

    role = models.CharField(_("role"), max_length=32, choices=Role.choices, unique=True)
    require_totp = models.BooleanField(
        _("two-factor sign-in required"),
        default=False,
        help_text=_("People of this role reach nothing until they have set up an authenticator app."),
    )

    class Meta:
        verbose_name = _("role policy")
        verbose_name_plural = _("role policies")
        ordering = ["role"]

    def __str__(self) -> str:
        return str(Role(self.role).label)


def new_totp_key() -> str:
    """A secret of 160 bits in hex, the length that RFC 4226 recommends."""
    return token_hex(20)


class AuthenticatorApp(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]  # django-otp has no types
    """The app that makes a person's sign-in codes (TOTP, RFC 6238: SHA-1, six digits, a new one every 30 seconds).

    django-otp's own model keeps the secret readable; whoever read the database could make codes.
    """

    TOLERANCE = 1  # codes of the step before and after are taken too

    key = EncryptedTextField(default=new_totp_key, editable=False)
    drift = models.SmallIntegerField(default=0, help_text=_("Steps by which the app's clock is known to be off."))
    last_t = models.BigIntegerField(default=-1, help_text=_("Step of the last code taken; none is taken twice."))

    class Meta(Device.Meta):  # type: ignore[misc]
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    @property
    def bin_key(self) -> bytes:
        return bytes.fromhex(self.key)

    @property
    def config_url(self) -> str:
        """What the QR code says (https://github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
        issuer = settings.OTP_TOTP_ISSUER
        secret = b32encode(self.bin_key).decode()
        label = quote(f"{issuer}:{self.user.get_username()}")
        return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a code of now that wasn't taken yet; wrong ones slow the next tries down."""
        allowed, _details = self.verify_is_allowed()
        if not allowed:
            return False
        totp = TOTP(self.bin_key, drift=self.drift)
        totp.time = timezone.now().timestamp()
        if not (token.isdecimal() and totp.verify(int(token), self.TOLERANCE, self.last_t + 1)):
            self.throttle_increment(commit=True)
            return False
        self.last_t, self.drift = totp.t(), totp.drift
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong code; doubled by every further one."""
        return 1


class AccessScope(models.Model):
    """Limits a person to one object of a kind (a warehouse, a channel); several rows add up.

    A person without rows of a kind sees all objects of that kind. The object is named by id only: the kernel
    doesn't know the business tables.
    """

    user = models.ForeignKey(
        User, models.CASCADE, db_index=False, related_name="access_scopes", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=32)
    object_id = models.BigIntegerField(_("object"))

    class Meta:
        verbose_name = _("access scope")
        verbose_name_plural = _("access scopes")
        ordering = ["user", "kind", "object_id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "object_id"], name="accounts_scope_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class ApiKey(models.Model):
    """A program's key. Only a hash is kept; the key itself is shown once, when it is made."""

    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(_("hash"), max_length=64, editable=False)
    scope_kind = models.CharField(_("limited to"), max_length=32, blank=True)
    scope_object_id = models.BigIntegerField(_("object"), null=True, blank=True)
    created_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="api_keys", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="accounts_api_key_scope_whole",
                condition=models.Q(scope_kind="", scope_object_id__isnull=True)
                | (~models.Q(scope_kind="") & models.Q(scope_object_id__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_usable(self, now: datetime) -> bool:
        """Neither revoked nor expired at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
