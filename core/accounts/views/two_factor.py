"""Setting up the authenticator app, proving the second factor, recovery codes."""

from base64 import b32encode
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login as mark_verified
from django_otp.models import Device

from core.accounts.forms import CodeForm, FirstCodeForm, ProofForm
from core.accounts.middleware import two_factor_exempt
from core.accounts.models import AuthenticatorApp
from core.accounts.qr import qr_svg
from core.accounts.selectors import access_of, totp_device
from core.accounts.services import (
    begin_totp,
    confirm_totp,
    disable_totp,
    renew_recovery_codes,
    verify_second_factor,
)
from core.accounts.views.common import next_url, person
from core.actor import Actor
from core.exceptions import DomainError


@two_factor_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The second step of signing in."""
    user = person(request)
    if totp_device(user) is None or _is_verified(request):
        return redirect(next_url(request))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device = verify_second_factor(user=user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            _let_through(request, device)
            return redirect(next_url(request))
    context = {"title": _("Second step"), "form": form}
    return render(request, "accounts/two_factor_verify.html", context, status=_status(form))


@two_factor_exempt
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Scan the code, prove it, get the recovery codes. Only for people who have no app yet."""
    user = person(request)
    if totp_device(user) is not None:
        return redirect("accounts:profile")
    form = FirstCodeForm(request.POST or None, user=user, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            device, codes = confirm_totp(user=user, code=form.cleaned_data["code"], actor=Actor.for_user(user))
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            _let_through(request, device)
            return _show_codes(request, codes)
    context = {
        "title": _("Set up two-factor sign-in"),
        "form": form,
        "required": access_of(user).totp_required,
        **_secret(begin_totp(user=user)),
    }
    return render(request, "accounts/two_factor_set_up.html", context, status=_status(form))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes and show the new ones, once."""
    user = person(request)
    if totp_device(user) is None:
        messages.error(request, _("Set up an authenticator app first."))
        return redirect("accounts:profile")
    form = ProofForm(request.POST or None, user=user, request=request)
    if request.method == "POST" and form.is_valid():
        return _show_codes(request, renew_recovery_codes(user=user, actor=Actor.for_user(user)))
    context = {
        "title": _("New recovery codes"),
        "line": _("The codes that you have now end."),
        "form": form,
        "submit_label": _("Make new recovery codes"),
    }
    return render(request, "accounts/prove.html", context, status=_status(form))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def disable(request: HttpRequest) -> HttpResponse:
    """Switch two-factor sign-in off, unless a role demands it."""
    user = person(request)
    if access_of(user).totp_required:
        messages.error(request, _("Your role requires two-factor sign-in."))
        return redirect("accounts:profile")
    if totp_device(user) is None:
        return redirect("accounts:profile")
    form = ProofForm(request.POST or None, user=user, request=request)
    if request.method == "POST" and form.is_valid():
        disable_totp(user=user, actor=Actor.for_user(user))
        messages.success(request, _("Two-factor sign-in is off."))
        return redirect("accounts:profile")
    context = {
        "title": _("Switch off two-factor sign-in"),
        "line": _("Your password alone will be enough to sign in, and your recovery codes end."),
        "form": form,
        "submit_label": _("Switch off two-factor sign-in"),
        "danger": True,
    }
    return render(request, "accounts/prove.html", context, status=_status(form))


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    context = {
        "title": _("Recovery codes"),
        "codes": [f"{code[:4]}-{code[4:]}" for code in codes],
        "continue_url": next_url(request),
    }
    return render(request, "accounts/recovery_codes.html", context)


def _let_through(request: HttpRequest, device: Device) -> None:
    """Remember the proof in a renewed session, so that a key seen before it is worth nothing after."""
    request.session.cycle_key()
    mark_verified(request, device)


def _is_verified(request: HttpRequest) -> bool:
    return bool(request.user.is_verified())  # type: ignore[union-attr]  # added by OTPMiddleware


def _secret(device: AuthenticatorApp) -> dict[str, Any]:
    secret = b32encode(device.bin_key).decode()
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return {"qr_code": qr_svg(device.config_url, _("QR code for the authenticator app")), "secret": groups}


def _status(form: Form) -> int:
    return 422 if form.is_bound and form.errors else 200
