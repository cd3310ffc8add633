"""Signing in and out, and the lock-out after repeated failures."""

from typing import Any

from axes.helpers import get_cool_off
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.accounts.forms import SignInForm
from core.accounts.middleware import ENDED, two_factor_exempt
from core.accounts.views.common import chosen_language, keep_language, next_url


@method_decorator(two_factor_exempt, name="dispatch")
class SignIn(LoginView):
    """The sign-in page. Django renews the session key, so a key planted before is worth nothing after."""

    template_name = "accounts/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ended = ENDED in self.request.GET or ENDED in self.request.POST
        return super().get_context_data(title=_("Sign in"), ended=ended, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any = None) -> HttpResponse:
    """The sign-in page after too many failures (called by django-axes): says for how long, and what to do."""
    cool_off = get_cool_off(request)
    minutes = round(cool_off.total_seconds() / 60) if cool_off else 0
    message = ngettext(
        "Too many failed attempts. Signing in is locked for %(minutes)s minute. An administrator can unlock it.",
        "Too many failed attempts. Signing in is locked for %(minutes)s minutes. An administrator can unlock it.",
        minutes,
    ) % {"minutes": minutes}
    context = {"title": _("Sign in"), "form": SignInForm(request), "locked_message": message}
    return render(request, "accounts/sign_in.html", context, status=429)


@two_factor_exempt
@login_not_required
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("accounts:sign_in")


@two_factor_exempt
@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language and go back to the page."""
    response = redirect(next_url(request, referer=True))
    if language := chosen_language(request.POST):
        keep_language(request, response, language)
    return response
