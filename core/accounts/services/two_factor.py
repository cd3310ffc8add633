"""Two-factor sign-in: an authenticator app (TOTP, RFC 6238) and recovery codes for when it is lost."""

import base64
import hashlib

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_otp import devices_for_user, verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from core.accounts.models import AuthenticatorApp, User
from core.accounts.selectors import forget_access, totp_device
from core.accounts.services.journal import tell_user_change
from core.actor import Actor
from core.exceptions import Conflict, DomainError

RECOVERY_CODES = 10
# Memory-hard, because a code has 40 random bits: some 20 ms for each guess of whoever has read the database.
_SCRYPT = {"n": 1 << 13, "r": 8, "p": 1, "dklen": 10}


def begin_totp(*, user: User) -> AuthenticatorApp:
    """The device that the person is about to confirm: the one begun before, or a new one."""
    if totp_device(user) is not None:
        raise Conflict(_("An authenticator app is set up already."), "totp_set_up")
    begun: AuthenticatorApp = AuthenticatorApp.objects.filter(user=user, confirmed=False).order_by(
        "-id"
    ).first() or AuthenticatorApp.objects.create(user=user, name="app", confirmed=False)
    return begun


def confirm_totp(*, user: User, code: str, actor: Actor) -> tuple[AuthenticatorApp, list[str]]:
    """Take the begun device into use, proven by a code of it. Returns it with the recovery codes.

    Raises DomainError for a wrong code.
    """
    device = begin_totp(user=user)
    # Outside the transaction below: a wrong code is counted even though nothing else is kept.
    if verify_token(user, device.persistent_id, _digits(code)) is None:
        raise DomainError(_("This code isn't right. Use the newest one."), "wrong_code", "code")
    with transaction.atomic():
        device.refresh_from_db()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        codes = _make_recovery_codes(user)
        tell_user_change("totp_set_up", user, actor)
    forget_access(user)
    return device, codes


def disable_totp(*, user: User, actor: Actor) -> None:
    """Remove the person's authenticator app and recovery codes (also for somebody who lost both)."""
    with transaction.atomic():
        for device in devices_for_user(user, confirmed=None):
            device.delete()
        tell_user_change("totp_removed", user, actor)
    forget_access(user)


def renew_recovery_codes(*, user: User, actor: Actor) -> list[str]:
    """Replace all recovery codes by new ones."""
    if totp_device(user) is None:
        raise Conflict(_("Set up an authenticator app first."), "totp_missing")
    with transaction.atomic():
        codes = _make_recovery_codes(user)
        tell_user_change("recovery_codes_renewed", user, actor)
    return codes


def verify_second_factor(*, user: User, code: str) -> Device:
    """The device that the code belongs to: an app's six digits, or a recovery code, which is then used up.

    Raises DomainError for a wrong code, and where too many wrong ones came just before.
    """
    token = _digits(code)
    kind = AuthenticatorApp if token.isdigit() and len(token) == 6 else StaticDevice
    device = kind.objects.filter(user=user, confirmed=True).order_by("id").first()
    if device is None:
        raise DomainError(_("This code isn't right."), "wrong_code", "code")
    allowed, _details = device.verify_is_allowed()
    if not allowed:
        raise DomainError(_("Too many wrong codes. Wait a moment, then try again."), "throttled", "code")
    wanted = _hashed(device, token) if kind is StaticDevice else token
    verified: Device | None = verify_token(user, device.persistent_id, wanted)
    if verified is None:
        raise DomainError(_("This code isn't right. Use the newest one."), "wrong_code", "code")
    return verified


def _make_recovery_codes(user: User) -> list[str]:
    device, _created = StaticDevice.objects.get_or_create(user=user, name="recovery", confirmed=True)
    device.token_set.all().delete()
    codes = [StaticToken.random_token() for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_hashed(device, code)) for code in codes])
    return codes


def _hashed(device: StaticDevice, code: str) -> str:
    """What the database keeps of a recovery code: a hash in 16 characters, salted by what only this device has."""
    salt = f"{device.pk} {device.created_at.isoformat()}".encode()
    return base64.b32encode(hashlib.scrypt(code.encode(), salt=salt, **_SCRYPT)).decode()


def _digits(code: str) -> str:
    return code.replace(" ", "").replace("-", "").lower()
