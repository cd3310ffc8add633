"""Take a picture of a page of a running installation, signed in as somebody.

    python -m tests.e2e.shot /orders/ orders.png --user admin --dark --phone --zh --full

The installation is the one of ECOM_DATA_DIR (or DATABASE_URL), on --site. Use it to look at what you build,
in light and dark, wide and phone, English and Chinese. `--click SELECTOR` and `--wait SELECTOR` come before
the picture. Errors of the page are printed.
"""

import argparse
import os
from pathlib import Path

import django
from playwright.sync_api import Page, sync_playwright

from tests.e2e import browser as chromium

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def main() -> None:
    arguments = parse()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecom_admin.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    django.setup()
    from django.conf import settings

    from ecom_admin import embedded

    found = chromium.Browser(settings.NODE_MODULES, settings.DATA_DIR)
    with embedded.running(settings.DATA_DIR), sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.executable, args=list(chromium.FLAGS), env={**found.environment}
        )
        take(launched.new_page(**context_options(arguments)), arguments)
        launched.close()


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


def context_options(arguments: argparse.Namespace) -> dict[str, object]:
    return {
        "base_url": arguments.site,
        "viewport": PHONE if arguments.phone else DESKTOP,
        "is_mobile": arguments.phone,
        "has_touch": arguments.phone,
        "device_scale_factor": 2 if arguments.phone else 1,
        "color_scheme": "dark" if arguments.dark else "light",
        "locale": "zh-CN" if arguments.zh else "en-US",
        "reduced_motion": "reduce",
    }


def take(page: Page, arguments: argparse.Namespace) -> None:
    from core.accounts.models import User
    from tests.e2e.conftest import session_cookie, watch

    errors: list[str] = []
    watch(page, errors)
    if arguments.user:
        user = User.objects.get(username=arguments.user)
        page.context.add_cookies([session_cookie(user, arguments.site)])
    page.goto(arguments.path)
    for selector in arguments.click:
        page.click(selector)
    if arguments.wait:
        page.wait_for_selector(arguments.wait)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=arguments.picture, full_page=arguments.full)
    for error in errors:
        print(error)  # noqa: T201


if __name__ == "__main__":
    main()
