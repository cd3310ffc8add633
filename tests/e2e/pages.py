"""Browser pages as the tests and the picture tool open them."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from playwright.sync_api import Browser, Page, ViewportSize

from core.accounts.models import User

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def new_page(browser: Browser, site: str, *, phone: bool = False, dark: bool = False, language: str = "en-US") -> Page:
    """A page of a browser without history, on the site with the address `site`."""
    context = browser.new_context(
        base_url=site,
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2 if phone else 1,
        color_scheme="dark" if dark else "light",
        locale=language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def log_in(page: Page, user: User, site: str) -> None:
    """Sign `user` in on the site `site` without the form."""
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    cookie: Any = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": site}
    page.context.add_cookies([cookie])


def watch(page: Page, errors: list[str]) -> None:
    """Add to `errors` what goes wrong on `page`: scripts, content security policy, answers of 5xx."""
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    page.on("console", lambda line: errors.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    page.on(
        "response",
        lambda answer: errors.append(f"{answer.url}: {answer.status}") if answer.status >= 500 else None,
    )
