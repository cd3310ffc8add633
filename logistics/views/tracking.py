"""The public tracking page: phone-first, without log-in, without JavaScript, bilingual by the browser."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from core.accounts.views.common import chosen_language, keep_language, set_language_cookie
from core.exceptions import DomainError
from core.rate_limit import seconds_to_wait
from core.ui.content import Text
from core.ui.formats import relative_key
from logistics.forms import RatingForm, TrackForm
from logistics.public import (
    NUMBER_WINDOW_SECONDS,
    TRIES_PER_NUMBER,
    Stored,
    find_order,
    number_key,
    public_order,
    sign,
    steps_to,
    stored_order,
    unsign,
)
from logistics.rules.public import Step, contact_link
from logistics.services.public import ask_to_cancel, rate_delivery

TRIES_PER_MINUTE = 10
SAID = {
    "rated": gettext_lazy("Thank you for your rating."),
    "cancelled": gettext_lazy("Your order is cancelled."),
    "asked": gettext_lazy("We have your wish to cancel and will answer you."),
}
_MARK = "\x00"  # in no stored text, because PostgreSQL takes none with it


@method_decorator(never_cache, name="dispatch")
class TrackSearch(View):
    """A number and a contact; right leads to the order's own link, wrong says the same whatever was wrong."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _search_page(request, TrackForm(initial={"number": request.GET.get("number", "")[:64]}))

    def post(self, request: HttpRequest) -> HttpResponse:
        if language := chosen_language(request.POST):
            return self._in(language, request)
        form = TrackForm(request.POST)
        if wait := _seconds_to_wait(request):
            form.add_error(None, _too_many(wait))
            response = _search_page(request, form, status=429)
            response["Retry-After"] = str(wait)
            return response
        if form.is_valid():
            order_id = find_order(form.cleaned_data["number"], form.cleaned_data["contact"])
            if order_id is not None:
                return HttpResponseRedirect(reverse("track:order", args=[sign(order_id)]))
            form.add_error(None, _("No order fits this number and contact. Check both."))
        return _search_page(request, form, status=422)

    def _in(self, language: str, request: HttpRequest) -> HttpResponse:
        """The same page in another language, with what is typed so far; nothing is looked up."""
        typed = {name: request.POST.get(name, "")[:254] for name in TrackForm.base_fields}
        with override(language):
            response = _search_page(request, TrackForm(initial=typed))
        keep_language(request, response, language)
        return response


@method_decorator(never_cache, name="dispatch")
class TrackOrder(View):
    """Where the parcels are and when they come. The link is the key: nothing personal is shown.

    `?language=` shows it in another language and keeps that for a visitor; a signed-in person's own choice stays.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            return _search_page(request, TrackForm(), status=404, problem=_("No order is behind this link."))

    def get(
        self, request: HttpRequest, token: str, *, form: RatingForm | None = None, status: int = 200
    ) -> HttpResponse:
        stored, said = _stored(token), SAID.get(request.GET.get("said", ""), "")
        if language := chosen_language(request.GET):
            translation.activate(language)
        if form or said:
            page = _draw(stored, token, form=form, said=said)
        else:
            ages = tuple(relative_key(at) for at in stored.checks())
            page = _kept(stored, token, get_language(), timezone.get_current_timezone_name(), ages)
        if _MARK in page:  # a page without a form needs no cookie, and a token's randomness is dear
            page = page.replace(_MARK, get_token(request))
        response = HttpResponse(page, status=status)
        if language:
            set_language_cookie(response, language)
        response["Referrer-Policy"] = "same-origin"  # the link is a key: no other site may learn it
        response["X-Robots-Tag"] = "noindex"
        return response


class TrackRate(TrackOrder):
    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = RatingForm(request.POST)
        order_id = _shown_order_id(token)
        if not form.is_valid():
            return self.get(request, token, form=form, status=422)
        try:
            rate_delivery(order_id=order_id, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error.message))
            return self.get(request, token, form=form, status=422)
        return _back(token, "rated")


class TrackCancel(TrackOrder):
    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        return _back(token, "cancelled" if ask_to_cancel(order_id=_shown_order_id(token)) else "asked")


def _seconds_to_wait(request: HttpRequest) -> int:
    """Count the try by the visitor's address, and by the number that is tried whoever tries it, known or not."""
    address = request.META.get("REMOTE_ADDR", "")
    number = number_key(request.POST.get("number", ""))
    return max(
        seconds_to_wait(what="track", who=address, limit=TRIES_PER_MINUTE),
        seconds_to_wait(what="track-number", who=number, limit=TRIES_PER_NUMBER, window_seconds=NUMBER_WINDOW_SECONDS),
    )


def _too_many(wait: int) -> str:
    minutes = -(-wait // 60)
    if minutes <= 1:
        return _("Too many tries. Try again in a minute.")
    text = ngettext(
        "Too many tries. Try again in %(count)d minute.", "Too many tries. Try again in %(count)d minutes.", minutes
    )
    return text % {"count": minutes}


def _search_page(request: HttpRequest, form: TrackForm, status: int = 200, problem: str = "") -> HttpResponse:
    context: dict[str, Any] = {"form": form, "problem": problem, "help": _help()}
    return render(request, "track/search.html", context, status=status)


@lru_cache(maxsize=1000)
def _kept(stored: Stored, token: str, language: str, zone: str, ages: tuple[tuple[int, int], ...]) -> str:
    """The page: drawn once as long as nothing about the order changes.

    People look again and again while they wait. What is kept is found by all that is stored about the order, so it
    is never another's and never old; the ages are there for "5 minutes ago".
    """
    return _draw(stored, token)


def _draw(stored: Stored, token: str, *, form: RatingForm | None = None, said: Text = "") -> str:
    """The page with _MARK where the visitor's own CSRF token belongs."""
    order = public_order(stored)
    context = {
        "order": order,
        "parcels": [(parcel, _drawn_steps(parcel.step, get_language())) for parcel in order.parcels],
        "token": token,
        "rating": order.may_rate and (_drawn_rating(form) if form else _empty_rating(get_language())),
        "csrf_token": _MARK,
        "said": said,
        "help": _help(),
    }
    # Without the context of console pages, which asks more than this page does.
    return render_to_string("track/order.html", context)


def _help() -> tuple[str, str] | None:
    """Whom customers ask, and the link to it."""
    contact = settings.CUSTOMER_CONTACT
    return (contact, contact_link(contact)) if contact else None


@lru_cache(maxsize=len(Step) * len(settings.LANGUAGES))
def _drawn_steps(reached: Step, language: str) -> SafeString:
    return render_to_string("track/_steps.html", {"steps": steps_to(reached)})


def _drawn_rating(form: RatingForm) -> SafeString:
    return render_to_string("track/_rating.html", {"form": form})


@lru_cache(maxsize=len(settings.LANGUAGES))
def _empty_rating(language: str) -> SafeString:
    return _drawn_rating(RatingForm())


def _order_id(token: str) -> int:
    order_id = unsign(token)
    if order_id is None:
        raise Http404
    return order_id


def _stored(token: str) -> Stored:
    stored = stored_order(_order_id(token))
    if stored is None:
        raise Http404
    return stored


def _shown_order_id(token: str) -> int:
    """For what a visitor does: a link whose page is gone does nothing either."""
    _stored(token)
    return _order_id(token)


def _back(token: str, said: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('track:order', args=[token])}?said={said}")
