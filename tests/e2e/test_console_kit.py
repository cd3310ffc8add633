"""The console kit in a browser: keys, selection, filters, drafts, theme, and scanning without a connection."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from core.audit.models import AuditEntry
from core.ui import lists
from core.ui.models import ScanReceipt
from tests.core.ui import pages as kit
from tests.factories.accounts import make_superuser


@pytest.fixture(autouse=True)
def kit_pages(settings, monkeypatch):
    """The pages that tests.core.ui.pages declares are served until the browser's own are closed."""
    settings.ROOT_URLCONF = "tests.core.ui.pages"
    monkeypatch.setitem(lists._pages, kit.KEY, kit.EntryList)


@pytest.fixture
def boss(live_server):
    return make_superuser()


@pytest.fixture
def entries(boss):
    return [
        AuditEntry.objects.create(
            action=f"test.{n}", subject_label=f"Entry {n}", subject_type="test", actor_label="x", actor_kind="system"
        )
        for n in range(7)
    ]


def test_a_list_is_worked_by_keyboard(page, boss, entries, log_in):
    log_in(page, boss)
    page.goto("/entries/?view=all")
    expect(page.locator("#tab-count-all")).to_have_text("7")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".list-row.is-current")).to_contain_text("Entry 5")

    page.keyboard.press("Space")
    expect(page.locator("#peek")).to_contain_text("One line of state")
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Entry 5")
    page.keyboard.press("]")
    expect(page.locator("h1")).to_contain_text("Entry 4")
    page.keyboard.press("[")
    expect(page.locator("h1")).to_contain_text("Entry 5")


def test_selecting_rows_ranges_and_everything_that_matches(page, boss, entries, log_in):
    log_in(page, boss)
    page.goto("/entries/?view=all")
    boxes = page.locator("input[name=ids]")

    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("3")

    page.locator("#select-all").click()
    expect(page.locator("#bulk-count")).to_have_text("7")
    page.get_by_role("button", name="Touch").click()
    expect(page.locator("#dialog")).to_contain_text("7 entries are touched.")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()

    page.locator("#bulk-clear").click()
    expect(page.locator("#bulk-bar")).to_be_hidden()


def test_filters_stay_in_a_short_address_and_can_be_gone_back_from(page, boss, entries, log_in):
    log_in(page, boss)
    page.goto("/entries/?view=all")

    page.keyboard.press("f")
    page.get_by_label("System").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".chip")).to_contain_text("System")
    assert "actor_kind=system" in page.url
    assert "at_after" not in page.url

    page.get_by_role("link", name="Next").click()
    expect(page.locator(".list-row").first).to_contain_text("Entry 3")
    page.go_back()
    expect(page.locator(".list-row").first).to_contain_text("Entry 6")
    page.get_by_role("link", name="Remove the filter Kind").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_what_was_typed_survives_leaving_and_is_forgotten_once_saved(page, boss, entries, log_in):
    log_in(page, boss)
    url = f"/entries/{entries[0].pk}/rename/"
    page.on("dialog", lambda dialog: dialog.accept())

    page.goto(url)
    page.get_by_label("Name").fill("Half a na")
    page.goto("/entries/?view=all")
    page.goto(url)
    expect(page.get_by_label("Name")).to_have_value("Half a na")

    page.get_by_label("Name").fill("Whole")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator("#toasts")).to_contain_text("Name saved.")
    page.goto(url)
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_form_is_taken_after_signing_in_anew_in_another_tab(page, boss, entries, log_in, live_server):
    log_in(page, boss)
    page.goto(f"/entries/{entries[0].pk}/rename/")
    page.get_by_label("Name").fill("Whole")

    page.context.add_cookies([{"name": "csrftoken", "value": "b" * 32, "url": live_server.url}])
    page.get_by_role("button", name="Save name").click()
    expect(page.locator("#toasts")).to_contain_text("Name saved.")
    expect(page.locator("#tab-count-all")).to_have_text("7")


def test_a_form_that_is_out_of_date_says_so_and_keeps_what_was_typed(page, boss, entries, log_in, page_errors):
    log_in(page, boss)
    page.goto(f"/entries/{entries[0].pk}/rename/")
    page.get_by_label("Name").fill("Half a na")

    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator("h1")).to_have_text("This page is out of date.")
    page.get_by_role("link", name="Open it again").click()
    expect(page.get_by_label("Name")).to_have_value("Half a na")
    assert all("403" in error for error in page_errors)
    page_errors.clear()


def test_the_theme_changes_at_once_and_stays(page, boss, log_in):
    log_in(page, boss)
    page.goto("/")

    page.get_by_label("Your account").click()
    with page.expect_response(re.compile("/profile/preferences/")):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_keys_of_the_page_are_listed(page, boss, entries, log_in):
    log_in(page, boss)
    page.goto("/entries/?view=all")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Preview")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#search-input")).to_be_focused()


def test_a_failing_fragment_says_so_and_keeps_the_page(page, boss, entries, log_in, page_errors):
    log_in(page, boss)
    page.goto("/entries/?view=all")
    page.route("**/entries/**peek=1", lambda route: route.abort())

    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#toasts")).to_contain_text("No connection.")
    expect(page.locator(".list-row")).to_have_count(3)
    page_errors.clear()


def test_a_fragment_that_the_database_has_no_time_for_says_so(page, boss, entries, log_in, page_errors):
    log_in(page, boss)
    page.goto("/entries/?view=all")
    page.route("**/entries/**peek=1", lambda route: route.fulfill(status=503))

    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#toasts")).to_contain_text("The database didn't answer in time. Nothing was changed")
    expect(page.locator(".list-row")).to_have_count(3)
    page_errors.clear()


def test_a_scan_is_caught_wherever_the_focus_is_and_a_wrong_one_blocks(open_page, boss, entries, log_in):
    phone = open_page(phone=True)
    log_in(phone, boss)
    phone.goto("/entries/work/")

    phone.keyboard.type("ABC-1")
    phone.keyboard.press("Enter")
    expect(phone.locator("#work-signal")).to_have_class(re.compile("is-ok"))

    phone.keyboard.type("BAD")
    phone.keyboard.press("Enter")
    expect(phone.locator("#work-signal")).to_have_class(re.compile("is-wrong"))
    phone.keyboard.type("ABC-2")
    phone.locator("[data-acknowledge]").click()
    expect(phone.locator("#work-signal")).to_be_hidden()
    assert _scans() == ["ABC-1"]


def test_scans_without_a_connection_are_kept_and_taken_once(open_page, boss, entries, log_in, page_errors):
    phone = open_page(phone=True)
    log_in(phone, boss)
    phone.goto("/entries/work/")

    phone.context.set_offline(True)
    for code in ("ABC-1", "ABC-2"):
        phone.keyboard.type(code)
        phone.keyboard.press("Enter")
    expect(phone.locator("#work-offline")).to_be_visible()
    assert _scans() == []

    phone.context.set_offline(False)
    expect(phone.locator("#work-offline")).to_be_hidden()
    for _attempt in range(50):
        if phone.evaluate("localStorage.getItem('scans')") == "[]":
            break
        phone.wait_for_timeout(100)
    assert _scans() == ["ABC-1", "ABC-2"]
    assert all(isinstance(key, UUID) for key in ScanReceipt.objects.values_list("key", flat=True))
    page_errors.clear()  # the refused connection, as the browser reports it


def test_a_phone_has_a_bottom_bar_and_no_sideways_scrolling(open_page, boss, entries, log_in):
    phone = open_page(phone=True)
    log_in(phone, boss)
    for path in ("/", "/entries/?view=all", f"/entries/{entries[0].pk}/", f"/entries/{entries[0].pk}/rename/"):
        phone.goto(path)
        expect(phone.locator(".bottom-bar")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    phone.locator(".bottom-bar [data-open-side]").click()
    expect(phone.locator("#side")).to_be_visible()


def _scans() -> list[str]:
    return list(AuditEntry.objects.filter(subject_type="test.scan").order_by("id").values_list("reason", flat=True))
