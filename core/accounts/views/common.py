"""What the account views share."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language

from core.accounts.forms import LanguageForm
from core.accounts.models import User
from core.accounts.services import set_preferences
from core.actor import Actor


def person(request: HttpRequest) -> User:
    """The signed-in person; SignInMiddleware lets nobody else through."""
    return cast("User", request.user)


def next_url(request: HttpRequest, *, referer: bool = False) -> str:
    """Where to go on: `next`, or with `referer` the page that one came from, if it is ours; else the first page."""
    candidates = [request.POST.get("next"), request.GET.get("next")]
    if referer:
        candidates.append(request.headers.get("Referer"))
    for candidate in candidates:
        # A word without a slash would be looked up as the name of a view.
        if (
            candidate
            and "/" in candidate
            and url_has_allowed_host_and_scheme(
                candidate, allowed_hosts={request.get_host()}, require_https=request.is_secure()
            )
        ):
            return candidate
    return settings.LOGIN_REDIRECT_URL


def chosen_language(given: QueryDict) -> str:
    """The language whose button was pressed; "" if there is no such language."""
    if "language" not in given:
        return ""
    form = LanguageForm(given)
    language: str = form.cleaned_data["language"] if form.is_valid() else ""
    return language if language and check_for_language(language) else ""


def keep_language(request: HttpRequest, response: HttpResponse, language: str) -> None:
    """Answer in this language from now on: kept in the profile of a signed-in person and in a cookie for everybody."""
    set_language_cookie(response, language)
    if isinstance(request.user, User):
        set_preferences(user=request.user, values={"language": language}, actor=Actor.for_user(request.user))


def set_language_cookie(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
