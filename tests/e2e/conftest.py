"""Browser tests: the console on a real port, and Chromium.

`page` is a desktop browser in English; `open_page` makes others (phone, dark, Chinese); `log_in` signs a
user in without the form. A test fails if a page logs an error to the console, breaks the content security
policy or answers 5xx; `page_errors` holds what was seen, and a test that means one clears it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, Page, sync_playwright

from core.accounts.models import User
from tests.e2e import pages
from tests.e2e.browser import Chromium

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
SETTLE_SECONDS = 10.0


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


class InHand:
    """The requests that the server of the tests has begun and not finished."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        request_started.connect(self._begin)
        request_finished.connect(self._end)

    def forget(self) -> None:
        with self._lock:
            self._count = 0

    def settle(self) -> None:
        """Wait until all are finished, a while at the most."""
        give_up_at = time.monotonic() + SETTLE_SECONDS
        while self._count > 0 and time.monotonic() < give_up_at:
            time.sleep(0.02)

    def _begin(self, **_about: Any) -> None:
        with self._lock:
            self._count += 1

    def _end(self, **_about: Any) -> None:
        with self._lock:
            self._count -= 1


@pytest.fixture(scope="session")
def in_hand() -> InHand:
    return InHand()


@pytest.fixture
def open_page(
    chromium: Browser, live_server: Any, page_errors: list[str], in_hand: InHand
) -> Iterator[Callable[..., Page]]:
    """Open a page: open_page(phone=True, dark=True, language="zh-CN")."""
    opened: list[Page] = []
    in_hand.forget()

    def make(**options: Any) -> Page:
        page = pages.new_page(chromium, live_server.url, **options)
        opened.append(page)
        pages.watch(page, page_errors)
        return page

    yield make
    for page in opened:
        page.context.close()
    in_hand.settle()  # what the pages had asked for would get in the way of emptying the database


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def log_in(live_server: Any) -> Callable[[Page, User], None]:
    """Sign a user in on a page without the form: log_in(page, user)."""
    return partial(pages.log_in, site=live_server.url)
