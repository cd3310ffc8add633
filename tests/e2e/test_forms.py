"""Forms of the console in a browser."""

import re

import pytest
from playwright.sync_api import expect

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.stages import drain
from orders.models import Channel, Order
from orders.services.edit import edit_order
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order
from tests.factories.supply_chain import make_purchase_order

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_goes_back_and_sends_the_form_again_adjusts_stock_once(page, log_in):
    log_in(page, make_user(Role.WAREHOUSE_OPERATOR))
    warehouse, sku = make_warehouse(), make_sku("MUG")
    stock(warehouse, sku, 10)
    page.goto("/inventory/stock/adjust/")
    page.locator("[name=warehouse]").select_option(str(warehouse.pk), force=True)
    page.locator("#id_sku-ts-control").press_sequentially("MUG")
    page.locator("[name=quantity]").fill("5")
    page.locator("select[name=reason]").select_option("Found", force=True)
    button = page.get_by_role("button", name="Adjust stock")
    button.dblclick()
    expect(page.locator("#toasts")).to_contain_text("Stock adjusted.")

    page.go_back()
    expect(page.locator("[name=quantity]")).to_have_value("5")
    expect(page.locator("#id_sku + .ts-wrapper .item")).to_contain_text("MUG")
    button.click()
    expect(page.locator("#toasts")).to_contain_text("nothing was done again")
    assert sku.levels.get().on_hand == 15


def sign_in(page, user):
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def begin_order(page, log_in, user):
    """An order of six lines half typed, after which the session is gone."""
    log_in(page, user)
    page.goto("/orders/new/")
    page.get_by_role("button", name="More lines").click()
    page.locator("[name=buyer_name]").fill("Ada Brown")
    page.locator("[name=sku-4]").fill("MUG")
    page.locator("[name=quantity-4]").fill("7")
    page.context.clear_cookies(name="sessionid")


@pytest.fixture
def clerk():
    make_channel()
    return make_user(Role.ORDER_CLERK)


def test_what_was_typed_is_back_after_the_session_ended_and_can_be_discarded(page, log_in, clerk):
    begin_order(page, log_in, clerk)
    page.get_by_role("button", name="Create order").click()
    expect(page.locator(".banner")).to_have_text("Your session has ended. Sign in to go on. What you typed is kept.")
    sign_in(page, clerk)

    expect(page.locator("form .banner")).to_have_text("What you had typed is back.Discard it")
    expect(page.locator("[name=buyer_name]")).to_have_value("Ada Brown")
    expect(page.locator("[name=sku-4]")).to_have_value("MUG")
    expect(page.locator("[name=quantity-4]")).to_have_value("7")
    expect(page.locator("[name=line_count]")).to_have_value("6")
    expect(page.get_by_role("link", name="Back", exact=True)).not_to_have_attribute("href", re.compile("login"))
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("[name=buyer_name]")).to_have_value("")
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    expect(page.locator("[name=buyer_name]")).to_have_value("")


def test_what_was_typed_is_back_after_the_token_of_the_form_was_gone_too(page, log_in, clerk, page_errors):
    begin_order(page, log_in, clerk)
    page.context.clear_cookies()
    page.get_by_role("button", name="Create order").click()
    expect(page.locator("h1")).to_have_text("This page is out of date.")
    expect(page.locator("main")).to_contain_text("What you typed is kept.")
    page.get_by_role("link", name="Open it again").click()
    sign_in(page, clerk)
    expect(page.locator("[name=buyer_name]")).to_have_value("Ada Brown")
    page_errors.clear()  # the browser reports 403 as a failed load


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_by_what_comes_back(page, log_in, clerk):
    log_in(page, clerk)
    order = make_order(Channel.objects.get(), ("NONE", 1))
    drain(only=["orders.validate"])
    page.goto(f"/orders/{order.pk}/edit/")
    page.locator("[name=ship_name]").fill("Ada Brown")
    page.locator("[name=ship_street]").fill("New street 9")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save and check again").click()
    edit_order(order_id=order.pk, changes={"ship_street": "Old street 1", "buyer_name": "Bob"}, actor=SYSTEM)
    sign_in(page, clerk)

    expect(page.locator("form .banner")).to_contain_text("What you had typed is back.")
    expect(page.locator("form .banner")).to_contain_text("What you had stands beside the fields that differ.")
    expect(page.locator("[name=ship_name]")).to_have_value("Ada Brown")
    expect(page.locator("[name=buyer_name]")).to_have_value("Bob")
    expect(page.locator("[name=ship_street]")).to_have_value("Old street 1")
    expect(page.locator(".field", has=page.locator("[name=ship_street]"))).to_contain_text("You had New street 9")
    page.get_by_role("button", name="Save and check again").click()
    expect(page.locator("h1")).to_contain_text(order.number)
    order.refresh_from_db()
    assert (order.ship_name, order.ship_street, order.buyer_name) == ("Ada Brown", "Old street 1", "Bob")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft:'))") == []


def test_a_form_whose_answer_was_lost_is_kept_and_sent_again_makes_nothing_twice(page, log_in, clerk, page_errors):
    log_in(page, clerk)
    make_sku("MUG")
    page.goto("/orders/new/")
    for name, value in (("name", "Ada"), ("phone", "13800138000"), ("city", "杭州市"), ("street", "文三路 90 号")):
        page.locator(f"[name={name}]").fill(value)
    page.locator("#id_sku-0-ts-control").press_sequentially("MUG")
    page.keyboard.press("Tab")
    page.locator("[name=price-0]").fill("10")

    lost = []

    def lose(route):
        if route.request.method == "POST":
            lost.append(route.fetch(max_redirects=0).status)
            route.abort()
        else:
            route.continue_()

    page.route("**/orders/new/", lose)
    page.get_by_role("button", name="Create order").click()
    for _ in range(300):
        if not lost:
            page.wait_for_timeout(100)
    assert lost == [302]
    page.unroute("**/orders/new/")
    page.context.clear_cookies(name="taken")  # a lost answer sets none
    assert Order.objects.count() == 1

    page.goto("/orders/")
    page.goto("/orders/new/")
    expect(page.locator("[name=name]")).to_have_value("Ada")
    expect(page.locator("#id_sku-0 + .ts-wrapper")).to_contain_text("MUG")
    page.get_by_role("button", name="Create order").click()
    expect(page.locator("#toasts")).to_contain_text("nothing was done again")
    assert Order.objects.count() == 1
    page.goto("/orders/new/")
    expect(page.locator("[name=name]")).to_have_value("")
    page_errors.clear()  # the browser reports the lost answer


def test_more_lines_and_the_way_back_forget_nothing(page, log_in, clerk):
    log_in(page, clerk)
    page.goto("/orders/new/")
    page.locator("[name=buyer_name]").fill("Ada Brown")
    page.get_by_role("button", name="More lines").click()
    expect(page.locator("[name=sku-5]")).to_be_attached()
    page.locator("#id_sku-4-ts-control").press_sequentially("MUG")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page).not_to_have_url(re.compile("/orders/new/"))
    page.goto("/orders/new/")
    expect(page.locator("[name=buyer_name]")).to_have_value("Ada Brown")
    expect(page.locator("#id_sku-4 + .ts-wrapper")).to_contain_text("MUG")
    page.locator("#id_sku-5-ts-control").press_sequentially("CUP")
    page.keyboard.press("Tab")
    expect(page.locator("[name=sku-5]")).to_have_value("CUP")


def test_a_note_is_kept_for_the_thing_it_was_typed_on(page, log_in, clerk):
    log_in(page, clerk)
    one, other = (make_order(Channel.objects.get(), ("NONE", 1)) for _ in range(2))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/orders/{one.pk}/")
    page.get_by_label("Note", exact=True).fill("Called her")
    page.goto(f"/orders/{other.pk}/")
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    page.goto(f"/orders/{one.pk}/")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Called her")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#timeline")).to_contain_text("Called her")
    expect(page.get_by_label("Note", exact=True)).to_have_value("")


def test_nobody_else_gets_what_was_typed_and_signing_out_forgets_it(page, log_in, clerk):
    begin_order(page, log_in, clerk)
    page.get_by_role("button", name="Create order").click()
    sign_in(page, make_user(Role.ORDER_CLERK))
    expect(page.locator("h1")).to_have_text("New order")
    expect(page.locator("[name=buyer_name]")).to_have_value("")
    assert "Ada" not in page.evaluate("JSON.stringify(sessionStorage)")

    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[name=buyer_name]").fill("Bob Gray")
    assert "Bob" in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert "Bob" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_a_dialog_begins_in_its_first_field_and_the_way_back_in_can_be_clicked(page, log_in, page_errors):
    log_in(page, make_user(Role.BUYER))
    order = make_purchase_order(make_warehouse(), {make_sku("MUG"): 5})
    page.goto(order.get_absolute_url())
    page.get_by_role("link", name="Add a line").click()
    expect(page.locator("#dialog #id_sku-ts-control")).to_be_focused()

    page.keyboard.type("MUG")
    page.context.clear_cookies(name="sessionid")
    page.locator("#dialog [name=quantity]").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("You are signed out. What you typed is still here.")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in again").click()
    expect(opened.value.locator("h1")).to_have_text("Sign in")
    expect(page.locator("#dialog [name=sku]")).to_have_value("MUG")
    page_errors.clear()  # the browser reports 401 as a failed load


def test_after_an_edit_conflict_the_current_state_is_loaded_and_what_was_typed_can_be_copied(page, log_in, page_errors):
    log_in(page, make_user(Role.ORDER_CLERK))
    order = make_order(make_channel(), ("NONE", 1))
    drain(only=["orders.validate"])
    page.goto(f"/orders/{order.pk}/edit/")
    street = page.locator("[name=ship_street]")
    street.fill("New street 9")
    edit_order(order_id=order.pk, changes={"ship_street": "Old street 1"}, actor=SYSTEM)
    save = page.get_by_role("button", name="Save and check again")
    save.click()
    expect(street).to_have_value("New street 9")
    page.get_by_role("button", name="Load the current state").click()
    expect(street).to_have_value("Old street 1")
    copy = page.get_by_role("button", name="Copy New street 9")
    expect(copy).to_have_css("opacity", "1")
    street.fill("New street 9")
    save.click()
    expect(page.locator("h1")).to_contain_text(order.number)
    order.refresh_from_db()
    assert order.ship_street == "New street 9"
    page_errors.clear()  # the browser reports 422 as a failed load


def test_a_sku_is_found_by_its_name_and_a_scanned_code_is_taken_as_it_stands(page, log_in, transactional_db):
    make_channel(kind="manual")
    make_sku("MUG-1", name="Blue mug")
    make_sku("MUG-10", name="Red cup")
    log_in(page, make_user(Role.ORDER_CLERK))
    page.goto("/orders/new/")
    field = page.locator("#id_sku-0-ts-control")
    field.fill("blue")
    page.locator(".ts-dropdown:visible [data-value='MUG-1']").click()
    expect(page.locator("#id_sku-0")).to_have_value("MUG-1")
    expect(page.locator("#id_sku-0 + .ts-wrapper")).to_contain_text("MUG-1 — Blue mug")
    for number, key in ((1, "Enter"), (2, "Tab")):
        page.locator(f"#id_sku-{number}-ts-control").press_sequentially("MUG-10")
        page.keyboard.press(key)
        expect(page.locator(f"#id_sku-{number}")).to_have_value("MUG-10")
        expect(page.locator(f"#id_sku-{number} + .ts-wrapper")).to_contain_text("Red cup")
    expect(page).to_have_url(re.compile("/orders/new/$"))
