"""Take a picture of a page of a running installation, signed in as somebody.

    python -m tests.e2e.shot /orders/ orders.png --user admin --dark --phone --zh --full

The installation is the one of ECOM_DATA_DIR (or DATABASE_URL), on --site. Use it to look at what you build,
in light and dark, wide and phone, English and Chinese. `--click SELECTOR` and `--wait SELECTOR` come before
the picture. Errors of the page are printed.
"""

import argparse
import os
import sys
from pathlib import Path

import django
from playwright.sync_api import Page, sync_playwright

from ecom_admin import embedded


def main() -> None:
    arguments = parse()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecom_admin.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    django.setup()
    from django.conf import settings

    from tests.e2e import pages
    from tests.e2e.browser import Chromium

    with embedded.running(settings.DATA_DIR), sync_playwright() as playwright:
        browser = Chromium(settings.NODE_MODULES, settings.DATA_DIR).launch(playwright)
        page = pages.new_page(
            browser,
            arguments.site,
            phone=arguments.phone,
            dark=arguments.dark,
            language="zh-CN" if arguments.zh else "en-US",
        )
        errors: list[str] = []
        pages.watch(page, errors)
        take(page, arguments)
        browser.close()
    sys.stderr.writelines(f"{error}\n" for error in errors)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--site", default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
    parser.add_argument("--user", help="username; without it the page is seen by a visitor")
    parser.add_argument("--click", action="append", default=[], metavar="SELECTOR")
    parser.add_argument("--wait", metavar="SELECTOR")
    for flag in ("dark", "phone", "zh", "full"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def take(page: Page, arguments: argparse.Namespace) -> None:
    from core.accounts.models import User
    from tests.e2e import pages

    if arguments.user:
        user = User.objects.get(username=arguments.user)
        if arguments.zh:  # a person's own language comes before the browser's
            User.objects.filter(pk=user.pk).update(language="")
        pages.log_in(page, user, arguments.site)
    page.goto(arguments.path)
    for selector in arguments.click:
        page.click(selector)
    if arguments.wait:
        page.wait_for_selector(arguments.wait)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=arguments.picture, full_page=arguments.full)


if __name__ == "__main__":
    main()
