"""The page for somebody who lacks a right: which one, and who could give it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from core.accounts.rights import explain_missing


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403. The exception holds a right ("app.codename") or a translated text; anything else isn't shown."""
    told = exception.args[0] if exception is not None and exception.args else ""
    message = str(told) if isinstance(told, Promise) else explain_missing(str(told))
    return render(request, "403.html", {"message": message}, status=403)
