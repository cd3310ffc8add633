"""Browser tests: the console on a real port, and Chromium.

`page` is a desktop browser in English; `open_page` makes others (phone, dark, Chinese); `log_in` signs a
user in without the form. A test fails if a page logs an error to the console, breaks the content security
policy or answers 5xx; `page_errors` holds what was seen, and a test that means one clears it.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from core.accounts.models import User
from tests.e2e import pages
from tests.e2e.browser import Chromium

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = Chromium(settings.NODE_MODULES, settings.DATA_DIR).launch(playwright)
        yield launched
        launched.close()


@pytest.fixture
def page_errors() -> Iterator[list[str]]:
    seen: list[str] = []
    yield seen
    assert seen == []


@pytest.fixture
def open_page(chromium: Browser, live_server: Any, page_errors: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a page: open_page(phone=True, dark=True, language="zh-CN")."""
    opened: list[Page] = []

    def make(**options: Any) -> Page:
        page = pages.new_page(chromium, live_server.url, **options)
        opened.append(page)
        pages.watch(page, page_errors)
        return page

    yield make
    for page in opened:
        page.context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def log_in(live_server: Any) -> Callable[[Page, User], None]:
    """Sign a user in on a page without the form: log_in(page, user)."""
    return partial(pages.log_in, site=live_server.url)
