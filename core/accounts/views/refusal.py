"""The pages for what is refused: a right that somebody lacks, a form that is older than the sign-in."""

import re
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from core.accounts.rights import explain_missing

log = structlog.get_logger(__name__)

_RIGHT: Final = re.compile(r"\w+\.\w+")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403. The exception holds a right ("app.codename") or a translated text; anything else isn't shown."""
    told = exception.args[0] if exception is not None and exception.args else ""
    message = str(told) if isinstance(told, Promise) else explain_missing(str(told))
    response = render(request, "403.html", {"message": message}, status=403)
    _note(request, "" if isinstance(told, Promise) else str(told))
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - it offers no other way
    return response


def _note(request: HttpRequest, told: str) -> None:
    """One line that says who lacks what. Django's own, which is left out, has a traceback, and the address with
    whatever was searched for."""
    right = told if _RIGHT.fullmatch(told) else ""
    log.warning("permission_denied", user_id=request.user.pk, method=request.method, path=request.path, right=right)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without today's CSRF token, and lead back to its page. `reason` is Django's, not shown."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return render(request, "403_csrf.html", {"page": page if ours else ""}, status=403)
