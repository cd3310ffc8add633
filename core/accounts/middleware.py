"""Who may pass: signed in, verified by the second factor where that is demanded; in their language and time zone."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.accounts.selectors import access_of

# In the sign-in page's address: somebody was signed in until now.
ENDED: Final = "ended"

View = Callable[..., Any]
GetResponse = Callable[[HttpRequest], HttpResponse]


def two_factor_exempt(view: View) -> View:
    """Mark a view as reachable between the password and the second factor."""
    view.two_factor_exempt = True  # type: ignore[attr-defined]
    return view


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view needs a signed-in person, except @login_not_required ones and settings.PUBLIC_PATHS.

    An htmx request is answered by 401 and the event `session-ended` instead of a log-in page in the middle of
    the page, so that what was typed stays.
    """

    def process_view(
        self, request: HttpRequest, view_func: View, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if request.path.startswith(settings.PUBLIC_PATHS):
            return None
        response: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if response is not None and request.headers.get("HX-Request"):
            text = _("You are signed out.")
            return HttpResponse(text, status=401, headers={"HX-Trigger": "session-ended"})
        return response

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponseRedirect:
        """Lead to the sign-in page and from there back: after a form, to the page that the form was on."""
        posted = request.method == "POST"
        if not posted and settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return super().handle_no_permission(request, view_func)
        wanted = _page_of_form(request) if posted else request.get_full_path()
        return redirect(f"{reverse('accounts:sign_in')}?{urlencode({'next': wanted, ENDED: 1})}")


def _page_of_form(request: HttpRequest) -> str:
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(page)._replace(scheme="", netloc="").geturl() if ours else request.get_full_path()


class TwoFactorMiddleware:
    """Between password and second factor nothing is reachable but the pages that lead on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: View, view_args: Any, view_kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or getattr(view_func, "two_factor_exempt", False):
            return None
        access = access_of(user)
        if not access.totp_set_up:
            return _lead_to("accounts:two_factor_set_up", request) if access.totp_required else None
        if user.is_verified():  # type: ignore[attr-defined]  # added by OTPMiddleware
            return None
        return _lead_to("accounts:two_factor_verify", request)


def _lead_to(url_name: str, request: HttpRequest) -> HttpResponse:
    """Redirect to the page that must come first, and from there to the one that was wanted."""
    wanted = request.get_full_path() if request.method == "GET" else settings.LOGIN_REDIRECT_URL
    query = "" if wanted == settings.LOGIN_REDIRECT_URL else f"?{urlencode({'next': wanted})}"
    url = reverse(url_name) + query
    if request.headers.get("HX-Request"):  # else the page would be put into the middle of another
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(url_name)})
    return redirect(url)


class PreferencesMiddleware:
    """Answer in the language and the time zone that the person has chosen."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
        if isinstance(user, User):
            zone = user.zone
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(zone):
            return self.get_response(request)
