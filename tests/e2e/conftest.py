"""Browser tests: the console on a real port, and Chromium.

`page` is a desktop browser in English; `open_page` makes others (phone, dark, Chinese); `log_in` signs a
user in without the form. A test fails if a page logs an error to the console, breaks the content security
policy or answers 5xx; `page_errors` holds what was seen, and a test that means one clears it.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.accounts.models import User
from tests.e2e import browser as chromium

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    found = chromium.Browser(settings.NODE_MODULES, settings.DATA_DIR)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.executable, args=list(chromium.FLAGS), env={**found.environment}
        )
        yield launched
        launched.close()


@pytest.fixture
def page_errors() -> Iterator[list[str]]:
    seen: list[str] = []
    yield seen
    assert seen == []


@pytest.fixture
def open_page(
    chromium_browser: Browser, live_server: Any, page_errors: list[str]
) -> Iterator[Callable[..., Page]]:
    """Make a page: open_page(phone=True, dark=True, language="zh-CN")."""
    contexts: list[BrowserContext] = []

    def make(*, phone: bool = False, dark: bool = False, language: str = "en-US") -> Page:
        context = chromium_browser.new_context(
            base_url=live_server.url,
            viewport=PHONE if phone else DESKTOP,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
        )
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(10_000)
        watch(made, page_errors)
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def log_in(live_server: Any) -> Callable[[Page, User], None]:
    """Sign `user` in on `page` without the form."""

    def enter(on: Page, user: User) -> None:
        on.context.add_cookies([session_cookie(user, live_server.url)])

    return enter


def session_cookie(user: User, url: str) -> Any:
    """A cookie, as Playwright takes it, of a new session of `user` on the site `url`."""
    store: type[SessionBase] = import_string(settings.SESSION_ENGINE).SessionStore
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": url}


def watch(page: Page, errors: list[str]) -> None:
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    page.on(
        "console", lambda line: errors.append(f"{page.url}: {line.text}") if line.type == "error" else None
    )
    page.on(
        "response",
        lambda answer: errors.append(f"{answer.url}: {answer.status}") if answer.status >= 500 else None,
    )
