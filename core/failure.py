"""The pages for what failed on our side."""

import sys
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.views import defaults

from core.db import is_outage

RETRY_SECONDS: Final = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; 503 where the database was away or ended a statement that took too long, which may pass.

    Both pages are rendered without the request: whoever is signed in may be in the database as well.
    """
    error = sys.exc_info()[1]  # Django calls this while it handles what was raised, and doesn't hand it over
    if isinstance(error, Exception) and is_outage(error):
        page = get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return defaults.server_error(request)
