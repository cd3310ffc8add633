"""Context of every console page: navigation, top bar, preferences. Computed only where a template asks."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.accounts.selectors import roles_of
from core.ui import create, nav, topbar

THEMES = ("light", "dark", "auto")


def theme_of(request: HttpRequest) -> str:
    """light, dark or auto: the user's choice, else the cookie's."""
    user = getattr(request, "user", None)
    chosen = getattr(user, "theme", "") or request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "auto"


def console(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {
        "theme": theme_of(request),
        "languages": settings.LANGUAGES,
        "console": SimpleLazyObject(lambda: _frame(request)),
    }


def _frame(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    sections = nav.navigation_for(user, request.path, request.GET.urlencode())
    return {
        "sections": sections,
        "bottom_bar": nav.bottom_bar_for(sections, roles_of(user)),
        "create": create.entries_for(user),
        "topbar": topbar.items_for(user),
    }
