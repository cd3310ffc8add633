"""A person's own page: name, language, time zone, looks, password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.enums import Role
from core.accounts.forms import EmailForm, PasswordForm, PreferenceForm, ProfileForm
from core.accounts.models import User
from core.accounts.selectors import access_of, recovery_codes_left, totp_device
from core.accounts.services import change_password, set_preferences
from core.accounts.views.common import next_url, person, set_language_cookie
from core.actor import Actor
from core.drafts import forget_draft


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change one's own profile."""
    user = person(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        set_preferences(user=user, values=form.cleaned_data, actor=Actor.for_user(user))
        messages.success(request, _("Profile saved."))
        response = forget_draft(request, redirect("accounts:profile"))
        if user.language:
            set_language_cookie(response, user.language)
        return response
    return render(request, "accounts/profile.html", _profile_context(user, form), status=_status(form))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other sessions of the person end."""
    user = person(request)
    form = PasswordForm(request.POST or None, user=user, request=request)
    if request.method == "POST" and form.is_valid():
        change_password(user=user, password=form.cleaned_data["new_password1"], actor=Actor.for_user(user))
        update_session_auth_hash(request, user)
        messages.success(request, _("Password changed. Other devices are signed out."))
        return redirect("accounts:profile")
    context = {"title": _("Change password"), "form": form}
    return render(request, "accounts/password.html", context, status=_status(form))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """Change one's own e-mail address."""
    user = person(request)
    form = EmailForm(request.POST or None, user=user, request=request, initial={"email": user.email})
    if request.method == "POST" and form.is_valid():
        set_preferences(user=user, values={"email": form.cleaned_data["email"]}, actor=Actor.for_user(user))
        messages.success(request, _("E-mail address saved."))
        return redirect("accounts:profile")
    context = {"title": _("E-mail address"), "form": form, "submit_label": _("Save")}
    return render(request, "accounts/prove.html", context, status=_status(form))


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """The switches of the top bar: theme, row height. Answers 204 to a script, else goes back."""
    user = person(request)
    form = PreferenceForm(request.POST)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if value}
        set_preferences(user=user, values=values, actor=Actor.for_user(user))
    if request.headers.get("HX-Request") or request.headers.get("X-Requested-With"):
        return HttpResponse(status=204 if form.is_valid() else 422)
    return redirect(next_url(request, referer=True))


def _profile_context(user: User, form: ProfileForm) -> dict[str, Any]:
    access = access_of(user)
    return {
        "title": _("Your profile"),
        "form": form,
        "roles": [role.label for role in Role if role.value in access.roles],
        "totp_device": totp_device(user),
        "totp_required": access.totp_required,
        "codes_left": recovery_codes_left(user),
    }


def _status(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200
