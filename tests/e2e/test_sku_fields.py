"""A SKU found by its name, where stock is adjusted and goods are bought, and what going back shows of it."""

import pytest
from playwright.sync_api import expect

from core.accounts.enums import Role
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel
from tests.factories.supply_chain import make_purchase_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def skus():
    return [make_sku("MUG-1", name="Blue mug"), make_sku("MUG-10", name="Red cup")]


def choose(page, words, code, name="sku"):
    """Choose the SKU `code` among those that are offered for `words`."""
    page.locator(f"#id_{name}-ts-control").press_sequentially(words)
    page.locator(f".ts-dropdown:visible [data-value='{code}']").click()


def fill_adjustment(page, warehouse, words="", code=""):
    page.locator("form:has([name=reason]) [name=warehouse]").select_option(str(warehouse.pk), force=True)
    if words:
        choose(page, words, code)
    page.locator("[name=quantity]").fill("5")
    page.locator("select[name=reason]").select_option("Found", force=True)


def test_stock_is_adjusted_of_a_sku_found_by_its_name(page, log_in, skus):
    log_in(page, make_user(Role.WAREHOUSE_OPERATOR))
    warehouse = make_warehouse()
    stock(warehouse, skus[0], 10)
    page.goto("/inventory/stock/")
    page.get_by_role("link", name="Adjust stock").click()
    fill_adjustment(page, warehouse, "blue", "MUG-1")
    expect(page.locator("#dialog .ts-wrapper:has-text('MUG-1')")).to_contain_text("MUG-1 — Blue mug")
    page.get_by_role("button", name="Adjust stock").click()
    expect(page.locator("h1")).to_contain_text("MUG-1")
    assert skus[0].levels.get().on_hand == 15


def test_a_sku_found_by_its_name_is_put_on_a_purchase_order(page, log_in, skus):
    log_in(page, make_user(Role.BUYER))
    order = make_purchase_order(make_warehouse(), {skus[0]: 5})
    page.goto(order.get_absolute_url())
    page.get_by_role("link", name="Add a line").click()
    choose(page, "cup", "MUG-10")
    expect(page.locator("#dialog .ts-wrapper")).to_contain_text("MUG-10 — Red cup")
    page.locator("#dialog [name=quantity]").fill("7")
    page.locator("#dialog [name=unit_cost]").fill("3")
    page.get_by_role("button", name="Save line").click()
    expect(page.locator("main")).to_contain_text("Red cup")
    assert set(order.lines.values_list("sku__code", "quantity")) == {("MUG-1", 5), ("MUG-10", 7)}


def test_a_code_is_taken_as_it_stands_while_nothing_can_be_looked_up_and_a_wrong_one_is_said_at_the_field(
    page, log_in, skus, page_errors
):
    log_in(page, make_user(Role.BUYER))
    order = make_purchase_order(make_warehouse(), {skus[0]: 5})
    page.goto(order.get_absolute_url())
    page.route("**/skus/lookup/**", lambda route: route.abort())
    page.get_by_role("link", name="Add a line").click()
    field = page.locator("#dialog #id_sku-ts-control")
    expect(field).to_be_focused()
    page.keyboard.type("NONE")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog [name=sku]")).to_have_value("NONE")
    page.locator("#dialog [name=quantity]").fill("7")
    page.locator("#dialog [name=unit_cost]").fill("3")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog .field-error")).to_have_text("No SKU has this code or barcode.")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("No SKU has this code or barcode.")
    page.keyboard.type("MUG-10")
    page.keyboard.press("Enter")
    page.locator("#dialog [name=quantity]").press("Enter")
    expect(page.locator("main")).to_contain_text("Red cup")
    page_errors.clear()  # the browser reports 422 and what was not looked up


def new_order(page):
    make_channel(kind="manual")
    make_warehouse()
    page.goto("/orders/new/")
    for name, value in (("name", "Ada"), ("phone", "13800138000"), ("city", "杭州市"), ("street", "文三路 90 号")):
        page.locator(f"[name={name}]").fill(value)
    choose(page, "blue", "MUG-1", "sku-0")
    page.locator("[name=price-0]").fill("10")
    return "sku-0", "Create order"


def adjustment(page):
    warehouse = make_warehouse()
    page.goto("/inventory/stock/adjust/")
    fill_adjustment(page, warehouse, "blue", "MUG-1")
    return "sku", "Adjust stock"


def purchase_line(page):
    order = make_purchase_order(make_warehouse(), {})
    page.goto(f"{order.get_absolute_url()}lines/")
    choose(page, "blue", "MUG-1")
    page.locator("[name=quantity]").fill("7")
    page.locator("[name=unit_cost]").fill("3")
    return "sku", "Save line"


@pytest.mark.parametrize("begin", [new_order, adjustment, purchase_line])
def test_going_back_shows_the_sku_that_was_chosen_before_the_network_answers(page, log_in, skus, begin):
    log_in(page, make_user(Role.OPERATIONS_MANAGER))
    page.on("dialog", lambda dialog: dialog.accept())
    name, verb = begin(page)
    form = page.url

    def expect_chosen():
        expect(page).to_have_url(form)
        expect(page.locator(f"[name={name}]")).to_have_value("MUG-1")
        expect(page.locator(f"#id_{name} + .ts-wrapper .item")).to_contain_text("MUG-1")

    page.route("**/skus/lookup/**", lambda _route: None)
    page.goto("/inventory/skus/")
    page.go_back()
    expect_chosen()
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page).not_to_have_url(form)
    page.go_back()
    expect_chosen()

    page.unroute("**/skus/lookup/**")
    page.goto("/inventory/skus/")
    page.go_back()
    expect(page.locator(f"#id_{name} + .ts-wrapper .item")).to_have_text("MUG-1 — Blue mug")
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page).not_to_have_url(form)


def test_going_back_shows_the_choice_of_a_long_list_too(page, log_in, skus):
    log_in(page, make_user(Role.OPERATIONS_MANAGER))
    _name, verb = new_order(page)
    page.locator("#id_country + .ts-wrapper").click()
    page.locator(".ts-dropdown:visible [data-value=DE]").click()
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page.locator("#toasts")).to_be_visible()
    page.go_back()
    expect(page.locator("[name=country]")).to_have_value("DE")
    expect(page.locator("#id_country + .ts-wrapper .item")).to_have_text("Germany")
