"""Signing in with a browser: password, second factor, language, lock-out."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.accounts.enums import Role
from core.accounts.models import AuthenticatorApp, RolePolicy, User
from tests.core.accounts.test_two_factor import code_of
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def type_password(page: Page, user: User, password: str = PASSWORD) -> None:
    page.goto("/login/")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_keyboard_alone_signs_in(page):
    user = make_user(Role.BUYER)
    page.goto("/login/")
    page.keyboard.type(user.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/$"))


def test_wrong_password_then_lock_out(page, page_errors):
    user = make_user(Role.BUYER)
    type_password(page, user, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("don't match")
    expect(page.get_by_label("User name")).to_have_value(user.username)
    for _attempt in range(4):
        type_password(page, user, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("15 minutes")
    page_errors.clear()  # the browser reports 422 and 429 as failed loads


def test_role_that_demands_it_sets_up_the_second_factor_and_uses_it(open_page):
    RolePolicy.objects.create(role=Role.BUYER, require_totp=True)
    user = make_user(Role.BUYER)
    page = open_page(phone=True)
    type_password(page, user)
    expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    device = AuthenticatorApp.objects.get(user=user)
    page.get_by_role("textbox", name="Code").fill(code_of(device))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Switch on two-factor sign-in").click()
    codes = page.locator(".recovery-codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(re.compile(r"/$"))

    again = open_page()
    type_password(again, user)
    expect(again.get_by_role("heading", name="Second step")).to_be_visible()
    again.get_by_role("textbox", name="Code").fill(codes[0])
    again.get_by_role("button", name="Continue").click()
    expect(again).to_have_url(re.compile(r"/$"))


def test_visitor_chooses_the_language(page):
    page.goto("/login/")
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
