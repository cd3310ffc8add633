"""The administration site in a browser: on a phone, in the person's own theme."""

import pytest

from core.accounts.models import User
from tests.factories.accounts import make_superuser
from tests.factories.logistics import make_carrier

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_follows_the_person_s_theme_and_needs_no_sideways_scrolling(open_page, log_in):
    boss = make_superuser()
    User.objects.update(theme="dark")
    carrier = make_carrier()
    page = open_page(phone=True)
    log_in(page, boss)
    for path in ("", "orders/order/", "logistics/carrier/", f"logistics/carrier/{carrier.pk}/change/"):
        page.goto(f"/admin/{path}")
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path


def test_a_chosen_light_theme_has_our_colours(open_page, log_in):
    """Django's style sheet has colours of its own for it, under names that ours use too."""
    boss = make_superuser()
    User.objects.update(theme="light")
    page = open_page()
    log_in(page, boss)
    page.goto("/admin/")
    link = page.locator("#site-name a")
    assert link.evaluate("(link) => getComputedStyle(link).getPropertyValue('--accent')") == "#1d6650"
