"""What every console page shares: sign-in, permission, page context, fragments for htmx."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from core.ui.content import Text


class ConsoleView(View):
    """Base of the console's pages; who isn't signed in is stopped before (core.accounts.middleware).

    Attributes:
        permission: needed for every method; "" for everybody signed in.
        write_permission: needed on top for POST; "" for none.
        title: the page's heading and the browser tab's title.
        template_name: the template.
    """

    permission: ClassVar[str] = ""
    write_permission: ClassVar[str] = ""
    title: ClassVar[Text] = ""
    template_name: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.has_permission(request):
            raise PermissionDenied(*self.missing_rights(request)[:1])
        if _has_null(request):
            raise BadRequest
        return super().dispatch(request, *args, **kwargs)

    def has_permission(self, request: HttpRequest) -> bool:
        return not self.missing_rights(request)

    def missing_rights(self, request: HttpRequest) -> list[str]:
        """Those of the rights this request takes that the person doesn't have."""
        wanted = [self.permission]
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            wanted.append(self.write_permission)
        return [codename for codename in wanted if codename and not request.user.has_perm(codename)]

    def context(self, **extra: Any) -> dict[str, Any]:
        """Context of the page's template; extend in subclasses."""
        return {"view": self, "title": self.title, **extra}

    def page(self, template: str = "", context: Mapping[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a template with context()."""
        merged = {**self.context(), **(context or {})}
        return render(self.request, template or self.template_name, merged, status=status)


def _has_null(request: HttpRequest) -> bool:
    """Whether a value holds the character that PostgreSQL can't store and that no keyboard types."""
    return any(
        "\x00" in value for data in (request.GET, request.POST) for _key, found in data.lists() for value in found
    )


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (not for a history restore, which wants all of it)."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.history_restore_request)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect that works for a plain form and for one that htmx sent from a dialog."""
    if is_fragment(request):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def back_url(request: HttpRequest, default: str = "/") -> str:
    """The address named by `next`, or the page that the request came from, if it is one of ours.

    The sign-in page doesn't count: it would lead on to where one is. Nor does the page itself.
    """
    nowhere = {reverse("accounts:sign_in"), request.path}
    for candidate in (request.POST.get("next"), request.GET.get("next"), request.headers.get("Referer")):
        if (
            candidate
            and url_has_allowed_host_and_scheme(
                candidate, allowed_hosts={request.get_host()}, require_https=request.is_secure()
            )
            and urlsplit(candidate).path not in nowhere
        ):
            return candidate
    return default


def say(request: HttpRequest, text: Text, level: str = "success") -> None:
    """Show a message on the next page. level: info|success|warning|error."""
    messages.add_message(request, getattr(messages, level.upper()), str(text))
