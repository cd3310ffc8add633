"""The pages for what is refused: a right that somebody lacks, a form that is older than the sign-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from core.accounts.rights import explain_missing


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403. The exception holds a right ("app.codename") or a translated text; anything else isn't shown."""
    told = exception.args[0] if exception is not None and exception.args else ""
    message = str(told) if isinstance(told, Promise) else explain_missing(str(told))
    return render(request, "403.html", {"message": message}, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without today's CSRF token, and lead back to its page. `reason` is Django's, not shown."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return render(request, "403_csrf.html", {"page": page if ours else ""}, status=403)
