"""Forms of the console in a browser."""

import pytest
from playwright.sync_api import expect

from core.accounts.enums import Role
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_goes_back_and_sends_the_form_again_adjusts_stock_once(page, log_in):
    log_in(page, make_user(Role.WAREHOUSE_OPERATOR))
    warehouse, sku = make_warehouse(), make_sku("MUG")
    stock(warehouse, sku, 10)
    page.goto("/inventory/stock/adjust/")
    page.locator("[name=warehouse]").select_option(str(warehouse.pk), force=True)
    page.locator("[name=sku]").fill("MUG")
    page.locator("[name=quantity]").fill("5")
    page.locator("select[name=reason]").select_option("Found", force=True)
    button = page.get_by_role("button", name="Adjust stock")
    button.dblclick()
    expect(page.locator("#toasts")).to_contain_text("Stock adjusted.")

    page.go_back()
    expect(page.locator("[name=quantity]")).to_have_value("5")
    button.click()
    expect(page.locator("#toasts")).to_contain_text("nothing was done again")
    assert sku.levels.get().on_hand == 15
