"""The frame: navigation by right, counts, search, Today, Settings, error pages."""

import pytest
from django.db import DatabaseError
from django.test import RequestFactory

from core.accounts.enums import Role
from core.ui import nav, search, today
from core.ui.content import PanelContent
from core.ui.nav import NavItem, bottom_bar_for, navigation_for, register_nav
from core.ui.search import SearchHit, register_search, search_all
from core.ui.today import register_today_card
from tests.factories.accounts import make_superuser, make_user

SECRET = "accounts.manage_api_keys"


@pytest.fixture
def empty_registries(monkeypatch):
    monkeypatch.setattr(nav, "_items", {section.code: {} for section in nav.SECTIONS})
    monkeypatch.setattr(search, "_providers", type(search._providers)())
    monkeypatch.setattr(today, "_cards", type(today._cards)())


def test_navigation_shows_what_one_may_see_and_where_one_is(empty_registries, boss, clerk):
    register_nav("today", NavItem("Today", "ui:today"))
    register_nav("settings", NavItem("Keys", "console:api_keys", SECRET, order=2))
    register_nav("settings", NavItem("Settings", "ui:settings", order=1))

    sections = navigation_for(boss, "/settings/api-keys/7/")

    assert [entry.section.code for entry in sections] == ["today", "settings"]
    assert [(item.item.label, item.active) for item in sections[1].items] == [("Settings", False), ("Keys", True)]
    assert not sections[0].active
    assert [item.item.label for item in navigation_for(clerk, "/")[1].items] == ["Settings"]


def test_a_view_of_a_list_can_be_a_page_of_its_own(empty_registries, boss):
    register_nav("settings", NavItem("All", "ui:search"))
    register_nav("settings", NavItem("Held", "ui:search", query="view=held"))

    (section,) = navigation_for(boss, "/search/", "q=1&view=held")

    assert [item.item.label for item in section.items if item.active] == ["Held"]


@pytest.mark.parametrize("path", ["/search/", "/search/7/"])
def test_a_page_below_a_list_belongs_to_the_list_s_first_entry(empty_registries, boss, path):
    register_nav("settings", NavItem("All", "ui:search", query="view=all", order=1))
    register_nav("settings", NavItem("Held", "ui:search", query="view=held", order=2))

    (section,) = navigation_for(boss, path, "q=1")

    assert [item.item.label for item in section.items if item.active] == ["All"]


def test_the_bottom_bar_has_four_pages_the_roles_own_first(empty_registries, boss):
    register_nav("today", NavItem("Today", "ui:today"))
    for number in range(5):
        register_nav("settings", NavItem(f"Page {number}", "ui:search", query=f"n={number}", order=number))
    register_nav("analytics", NavItem("Mine", "ui:settings", roles=("buyer",)))

    bar = bottom_bar_for(navigation_for(boss, "/"), {"buyer"})

    assert [entry.item.label for entry in bar] == ["Today", "Mine", "Page 0"]


def test_counts_are_labels_and_a_slow_one_costs_only_itself(empty_registries, sign, boss):
    from django.db import connection

    def slow(user) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2)")
        return 1

    register_nav("orders", NavItem("Slow", "ui:search", count=slow))
    register_nav("orders", NavItem("Many", "ui:today", count=lambda user: 1001))
    register_nav("orders", NavItem("None", "ui:settings", count=lambda user: 0))

    counts = sign(boss).get("/ui/counts/").json()

    assert counts["ui:search"] == ""
    assert counts["ui:today"] == "1,000+"
    assert counts["ui:settings"] == ""


def test_search_asks_only_what_one_may_see_and_survives_a_failing_provider(empty_registries, boss, clerk):
    def broken(user, query, limit):
        raise DatabaseError

    register_search("a", "Numbers", "", lambda user, query, limit: [SearchHit(query, "", "/")] * limit)
    register_search("b", "Secrets", SECRET, lambda user, query, limit: [SearchHit("x", "", "/")])
    register_search("c", "Broken", "", broken)

    assert [group.provider.code for group in search_all(user=boss, query="  12 3 ")] == ["a", "b"]
    groups = search_all(user=clerk, query="12", limit=2)
    assert [(len(group.hits), group.more) for group in groups] == [(2, True)]
    assert search_all(user=boss, query="1") == []


def test_search_is_a_fragment_for_the_box_and_a_page_without_scripts(empty_registries, sign, boss):
    register_search("a", "Numbers", "", lambda user, query, limit: [SearchHit("<b>", "", "/x/")])
    browser = sign(boss)

    fragment = browser.get("/search/?q=abc", headers={"HX-Request": "true"}).content.decode()
    page = browser.get("/search/?q=abc").content.decode()

    assert "<html" not in fragment
    assert "&lt;b&gt;" in fragment
    assert "<html" in page
    assert 'href="/x/"' in page


def test_who_has_no_role_hears_so_and_who_gives_one(db, sign):
    make_user(Role.ADMINISTRATOR, display_name="Ada Admin")
    make_user(Role.ORDER_CLERK, display_name="Olaf Orders")
    page = sign(make_user()).get("/").content.decode()
    assert "You have no role yet." in page
    assert "Ask: Ada Admin<" in page
    assert "Olaf Orders" not in page


@pytest.mark.parametrize("roles", [[Role.ADMINISTRATOR], [Role.ANALYST], [Role.WAREHOUSE_OPERATOR]])
def test_who_has_a_role_hears_nothing_of_it(db, sign, roles):
    assert "You have no role yet." not in sign(make_user(*roles)).get("/").content.decode()
    assert "You have no role yet." not in sign(make_superuser()).get("/").content.decode()


def test_today_shows_the_cards_of_ones_role_and_loads_slow_ones_later(empty_registries, sign, clerk):
    card = PanelContent("components/empty.html", {"title": "Card body", "icon": "inbox"}, count=3)
    register_today_card("a", "", 2, lambda request: card, title="Second")
    register_today_card("b", SECRET, 1, lambda request: card, title="Secret")
    register_today_card("c", "", 1, lambda request: card, title="First", lazy=True)
    register_today_card("d", "", 3, lambda request: None, title="Empty")
    browser = sign(clerk)

    html = browser.get("/").content.decode()

    assert html.index("First") < html.index("Second")
    assert html.count("Card body") == 1
    assert "Secret" not in html
    assert "Empty" not in html
    assert "Card body" in browser.get("/?card=c").content.decode()
    assert browser.get("/?card=b").status_code == 404


def test_what_ones_role_comes_for_stands_on_top_of_today(empty_registries, sign, clerk, boss):
    card = PanelContent("components/empty.html", {"title": "Card body", "icon": "inbox"})
    register_today_card("a", "", 1, lambda request: card, title="Work")
    register_today_card("b", "", 2, lambda request: card, title="Board", first_for=(Role.ORDER_CLERK,))

    clerks, others = sign(clerk).get("/").content.decode(), sign(boss).get("/").content.decode()

    assert clerks.index("Board") < clerks.index("Work")
    assert others.index("Work") < others.index("Board")


def test_navigation_has_a_place_for_each_count(empty_registries, sign, boss):
    register_nav("orders", NavItem("Held", "ui:settings", query="held=1", count=lambda user: 3, order=1))
    register_nav("orders", NavItem("All", "ui:settings", order=2))

    html = sign(boss).get("/").content.decode()

    side, _sep, bottom = html.partition('class="bottom-bar"')
    assert side.count('data-count="ui:settings?held=1"') == 1
    assert bottom.count('data-count="ui:settings?held=1"') == 1


def test_settings_lists_what_one_may_set_up(sign, boss, clerk):
    assert "API keys" in sign(boss).get("/settings/").content.decode()
    assert "API keys" not in sign(clerk).get("/settings/").content.decode()


def test_an_unknown_address_gets_the_404_page(sign, boss):
    response = sign(boss).get("/no/such/page/")

    assert response.status_code == 404
    assert "This page doesn't exist, or you can't see it." in response.content.decode()


def test_the_500_page_is_rendered_without_context(db):
    from django.views.defaults import server_error

    response = server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert "Something failed on our side." in response.content.decode()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_in_the_page_before_any_script_runs(sign, boss, theme):
    boss.theme = theme
    boss.save()

    assert f'data-bs-theme="{theme}"' in sign(boss).get("/").content.decode()


def test_a_visitors_theme_comes_from_the_cookie(client, db):
    client.cookies["theme"] = "dark"

    assert 'data-bs-theme="dark"' in client.get("/login/").content.decode()
