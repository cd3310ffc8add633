"""What a person types into a form stays in the browser's tab until the server has taken it (static/js/drafts.js)."""

from typing import Final
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

TAKEN: Final = "taken"
_SECONDS = 300


def forget_draft(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The form of this address was taken: the browser forgets what was typed into it when it shows the next page.

    Until then it is kept, whatever answers: an error, a proxy, the sign-in page, or nobody. The cookie is for a
    script, so it isn't HttpOnly; it holds the address only.
    """
    response.set_cookie(
        TAKEN, quote(request.get_full_path(), safe=""), max_age=_SECONDS, samesite="Lax", secure=request.is_secure()
    )
    return response
