"""The console pages of customers: who sees what, and what it costs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.ui import lists
from core.ui.keyset import Cursor, decode_cursor, encode_cursor
from core.ui.search import search_all
from crm import selectors
from crm.console import find_customers
from crm.filters import source_choices
from crm.models import Customer
from crm.services import merge_customers
from crm.views import CustomerList
from tests.factories.accounts import make_user
from tests.factories.crm import SHANGHAI, draft, make_customer, match
from tests.factories.orders import make_channel

pytestmark = pytest.mark.django_db

ANN = {
    "name": "Ann Lee", "phone": "07400123456", "phone_e164": "+447400123456",
    "email": "ann@example.com", "email_normalised": "ann@example.com",
}  # fmt: skip


def client_of(*roles: Role) -> Client:
    client = Client()
    client.force_login(make_user(*roles))
    return client


@pytest.fixture
def service() -> Client:
    return client_of(Role.CUSTOMER_SERVICE)


@pytest.fixture
def analyst() -> Client:
    return client_of(Role.ANALYST)


def urls(customer: Customer) -> dict[str, str]:
    names = ("customer_detail", "customer_edit", "customer_merge")
    return {"customer_list": reverse("crm:customer_list")} | {
        name: reverse(f"crm:{name}", args=[customer.pk]) for name in names
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.CUSTOMER_SERVICE, {"customer_list", "customer_detail", "customer_edit", "customer_merge"}),
        (Role.OPERATIONS_MANAGER, {"customer_list", "customer_detail", "customer_edit", "customer_merge"}),
        (Role.ORDER_CLERK, {"customer_list", "customer_detail", "customer_edit"}),
        (Role.ANALYST, {"customer_list", "customer_detail"}),
        (Role.MARKETER, {"customer_list", "customer_detail"}),
        (Role.WAREHOUSE_OPERATOR, set()),
        (Role.BUYER, set()),
    ],
)
def test_each_role_gets_its_pages(role, allowed):
    client = client_of(role)
    statuses = {name: client.get(url).status_code for name, url in urls(make_customer()).items()}
    assert statuses == {name: 200 if name in allowed else 403 for name in statuses}


def test_nobody_gets_in_without_signing_in():
    for url in urls(make_customer()).values():
        assert Client().get(url).status_code == 302


def test_a_denied_change_changes_nothing(analyst):
    customer, other = make_customer(**ANN), make_customer()
    page = urls(customer)
    assert analyst.post(page["customer_edit"], {"name": "X"}).status_code == 403
    assert analyst.post(page["customer_merge"], {"other": f"#{other.pk}"}).status_code == 403
    assert analyst.post(page["customer_detail"], {"note": "X"}).status_code == 403
    customer.refresh_from_db()
    other.refresh_from_db()
    assert (customer.name, other.merged_into_id) == ("Ann Lee", None)


PERSONAL = ("Ann Lee", "7400 123456", "7400123456", "ann@example.com", "世纪大道100号")


def _customer_with_everything() -> Customer:
    [pk] = match(draft(external_id="7", name=ANN["name"], email=ANN["email"], phone=ANN["phone"], country="GB",
                       address=SHANGHAI))  # fmt: skip
    make_customer(name=ANN["name"], country="GB", email=ANN["email"], email_normalised=ANN["email"],
                  phone_e164="+447400123457")  # fmt: skip
    return Customer.objects.get(pk=pk)


def test_personal_data_is_masked_without_the_right(service, analyst):
    page = urls(_customer_with_everything())
    for name in ("customer_list", "customer_detail"):
        seen = service.get(page[name]).content.decode()
        masked = analyst.get(page[name]).content.decode()
        assert "Ann Lee" in seen
        assert "ann@example.com" in seen
        assert [text for text in PERSONAL if text in masked] == []
        assert "A*** L***" in masked
        assert "****3456" in masked


def test_exports_and_search_mask_as_pages_do():
    _customer_with_everything()
    page = lists.get("crm.customer")
    for role, name in ((Role.ANALYST, "A*** L***"), (Role.CUSTOMER_SERVICE, "Ann Lee")):
        user = make_user(role)
        rows = page.get_queryset(user)
        columns = {column.key: column for column in page.columns_for(user)}
        assert {columns["name"].export_value(row) for row in rows} == {name}
        [group] = [group for group in search_all(user=user, query="ann lee") if group.provider.code == "customers"]
        assert {hit.title for hit in group.hits} == {name}


@pytest.mark.parametrize("name", ["customer_list", "customer_detail"])
def test_queries_do_not_grow_with_the_rows(service, name):
    def count() -> int:
        assert service.get(url).status_code == 200  # the session remembers new rows once
        with CaptureQueriesContext(connection) as queries:
            assert service.get(url).status_code == 200
        return len(queries)

    first = make_customer(name="Ann Lee")
    url = urls(first)[name]
    before = count()
    for number in range(3):
        other = make_customer(name="Ann Lee")
        match(draft(external_id=first.identities.first().external_id, address=replace(SHANGHAI, street=str(number))))
        match(draft(external_id=other.identities.first().external_id, address=SHANGHAI))
    # The panel of duplicates appears with them; beyond that, three more rows cost nothing.
    assert count() <= before + (0 if name == "customer_list" else 1)
    assert count() <= 20


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann", True), ("LEE", True), ("lee an", True), ("le", True), ("ann@", True), ("ANN@example.com", True),
        ("3456", True), ("07400 123456", True), ("+44 7400 123456", True), ("447400123456", True),
        ("bob", False), ("nn", False), ("@example", False), ("345", False), ("9999", False), ("07400123457", False),
        ("'; drop", False), ("!!", False), ("ann & !lee", True),
    ],
)  # fmt: skip
def test_search(text, found):
    customer = make_customer(**ANN)
    make_customer(name="Zoe")
    expected = [customer.pk] if found else []
    assert [c.pk for c in selectors.matching_customers(Customer.objects.all(), text)] == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ann Lee", True), ("ann lee", True), ("ann@example.com", True), ("ANN@example.com", True),
        ("07400 123456", True), ("+44 7400 123456", True), ("447400123456", True),
        ("ann", False), ("lee", False), ("lee ann", False), ("ann@", False), ("ann@example.co", False),
        ("3456", False), ("400123456", False), ("7400 12345", False), ("", False),
    ],
)  # fmt: skip
def test_who_may_not_see_personal_data_finds_only_what_they_name_whole(client, text, found):
    """A search by beginnings would confirm a phone number to them digit by digit."""
    customer = make_customer(**ANN)
    marketer = make_user(Role.MARKETER)
    assert not marketer.has_perm("accounts.view_personal_data")
    expected = [customer.pk] if found else []
    assert [c.pk for c in selectors.searched_customers(Customer.objects.all(), text, marketer)] == expected
    assert len(find_customers(marketer, text, 5)) == len(expected)
    client.force_login(marketer)
    if text:
        page = client.get(reverse("crm:customer_list"), {"q": text})
        assert [row.pk for row in page.context["pagination"].rows] == expected


def test_who_may_see_personal_data_finds_by_beginnings():
    customer = make_customer(**ANN)
    clerk = make_user(Role.CUSTOMER_SERVICE)
    for text in ("an", "3456", "ann@"):
        assert [c.pk for c in selectors.searched_customers(Customer.objects.all(), text, clerk)] == [customer.pk]


def test_a_chinese_name_is_found_by_its_beginning():
    customer = make_customer(name="王小明")
    assert list(selectors.matching_customers(Customer.objects.all(), "王小")) == [customer]


def test_filters(service):
    ann = make_customer(name="Ann", country="GB")
    make_customer(name="Bea", country="FR", source="amazon")

    def names(query: str) -> list[str]:
        response = service.get(reverse("crm:customer_list") + query)
        return [customer.name for customer in response.context["pagination"].rows]

    assert names("") == ["Bea", "Ann"]
    assert names("?sort=name") == ["Ann", "Bea"]
    assert names("?country=GB") == ["Ann"]
    assert names("?source=amazon") == ["Bea"]
    assert names("?q=bea") == ["Bea"]
    assert names(f"?created_at_after={ann.created_at:%Y-%m-%d}") == ["Bea", "Ann"]
    assert names("?created_at_after=2030-01-01") == []


def test_who_may_not_see_names_can_t_sort_by_them(analyst, monkeypatch):
    """The order would tell of names, and the address of the next page would hold one."""
    monkeypatch.setattr(CustomerList, "page_size", 1)
    make_customer(name="Zoe Quince")
    newest = make_customer(name="Ann Lee")
    page = analyst.get(reverse("crm:customer_list"), {"sort": "name"})
    assert [customer.pk for customer in page.context["pagination"].rows] == [newest.pk]
    following = decode_cursor(page.context["pagination"].next, Customer._meta.get_field("name"))
    assert following == Cursor(None, newest.pk)
    assert "sort=-name" not in page.content.decode()
    forged = encode_cursor(Cursor("Ann Z", 0))
    assert analyst.get(reverse("crm:customer_list"), {"sort": "name", "after": forged}).status_code == 404


def lives_at(customer, address=SHANGHAI):
    match(
        draft(external_id=customer.identities.get().external_id, address=address),
        source=customer.identities.get().source,
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (SHANGHAI, replace(SHANGHAI, phone="13900139000"), "Same street and postal code"),
        (SHANGHAI, replace(SHANGHAI, street="别处1号"), "Same phone number for a parcel"),
        (SHANGHAI, replace(SHANGHAI, street="别处1号", phone="13900139000"), ""),
        (SHANGHAI, None, ""),
    ],
)
def test_maybe_the_same_person_by_more_than_name_and_country_and_says_by_what(service, ours, theirs, reason):
    customer, other = make_customer(name="Ann Lee"), make_customer(name="Ann Lee")
    lives_at(customer, ours)
    if theirs is not None:
        lives_at(other, theirs)
    stranger = make_customer(name="Zoe")
    lives_at(stranger, ours)
    page = service.get(urls(customer)["customer_detail"]).content.decode()
    assert (urls(other)["customer_detail"] in page) == bool(reason)
    assert urls(stranger)["customer_detail"] not in page
    if reason:
        assert reason in page
        assert "Same name and country" in page
        assert "Same e-mail address" not in page


def test_of_many_who_may_be_the_same_person_two_are_shown_below_the_orders(service):
    customer, *others = [make_customer(name="Ann Lee") for _ in range(5)]
    for each in (customer, *others):
        lives_at(each)
    page = service.get(urls(customer)["customer_detail"]).content.decode()
    folded = page.index("2 more")
    shown = [page.index(urls(other)["customer_detail"]) < folded for other in others]
    assert shown == [True, True, False, False]


def test_a_restriction_holds_in_list_by_id_search_and_duplicates(service, monkeypatch):
    hidden = make_customer(**ANN, source="b2b")
    shown = make_customer(name="Ann Lee", source="shop")
    lives_at(hidden)
    lives_at(shown)
    monkeypatch.setitem(
        selectors._restrictions, "test", lambda customers, _user: selectors.with_identity_in(customers, ["shop"])
    )
    assert service.get(urls(hidden)["customer_detail"]).status_code == 404
    assert service.get(urls(hidden)["customer_edit"]).status_code == 404
    assert service.post(urls(shown)["customer_merge"], {"other": f"#{hidden.pk}"}).status_code == 422
    listed = service.get(urls(shown)["customer_list"]).content.decode()
    assert (urls(shown)["customer_detail"] in listed, urls(hidden)["customer_detail"] in listed) == (True, False)
    assert urls(hidden)["customer_detail"] not in service.get(urls(shown)["customer_detail"]).content.decode()
    user = make_user(Role.CUSTOMER_SERVICE)
    assert [hit.url for group in search_all(user=user, query="ann lee") for hit in group.hits] == [
        urls(shown)["customer_detail"]
    ]


def test_edit_by_form(service):
    customer = make_customer(name="Ann")
    page = urls(customer)
    data = {"name": "Ann Lee", "phone": "07400 123456", "email": "", "country": "GB", "language": "en", "note": ""}
    assert service.post(page["customer_edit"], data | {"phone": "12"}).status_code == 422
    response = service.post(page["customer_edit"], data)
    assert (response.status_code, response["Location"]) == (302, page["customer_detail"])
    customer.refresh_from_db()
    assert (customer.name, customer.phone_e164, customer.language) == ("Ann Lee", "+447400123456", "en")


@pytest.mark.parametrize("text", ["#{pk}", "07400 123456", "ANN@example.com"])
def test_merge_by_form(service, text):
    survivor, other = make_customer(), make_customer(**ANN)
    page = urls(survivor)["customer_merge"]
    shown = service.get(f"{page}?other=%23{other.pk}").content.decode()
    assert f"channel identities (1) and addresses (0) of #{other.pk}" in shown
    assert service.post(page, {"other": text.format(pk=other.pk)}).status_code == 302
    other.refresh_from_db()
    assert other.merged_into_id == survivor.pk
    assert service.get(urls(other)["customer_detail"]).content.decode().count("has been merged") == 1
    assert urls(other)["customer_detail"] not in service.get(reverse("crm:customer_list")).content.decode()


@pytest.mark.parametrize("text", ["#99999999", "#99999999999999999999999", "07400 999999", "nobody", "#"])
def test_a_merge_with_nobody_says_so(service, text):
    response = service.post(urls(make_customer())["customer_merge"], {"other": text})
    assert response.status_code == 422
    assert "No customer, or more than one" in response.content.decode()


def test_a_note_appears_on_the_timeline(service):
    url = urls(make_customer())["customer_detail"]
    assert service.post(url, {"note": "Calls back on Monday"}).status_code == 302
    assert "Calls back on Monday" in service.get(url).content.decode()


def test_a_merge_that_came_first_is_reported_and_nothing_lost(service):
    survivor, other, third = make_customer(), make_customer(), make_customer()
    page = urls(other)["customer_merge"]
    merge_customers(customer_id=survivor.pk, merged_id=other.pk, actor=SYSTEM)
    assert service.post(page, {"other": f"#{third.pk}"}).status_code == 404


def test_the_admin_site_shows_customers():
    client = Client()
    client.force_login(make_user(is_superuser=True))
    customer = _customer_with_everything()
    for name, args in (("changelist", []), ("change", [customer.pk])):
        assert client.get(reverse(f"admin:crm_customer_{name}", args=args)).status_code == 200
    found = client.get(reverse("admin:crm_customer_changelist"), {"q": "3456"}).content.decode()
    assert "Ann Lee" in found
    for model in ("customeridentity", "customeraddress"):
        assert client.get(reverse(f"admin:crm_{model}_changelist")).status_code == 200


def test_the_filter_names_channels_and_not_their_codes():
    for source in ("web-cn", "gone"):
        make_customer(source=source)
    make_channel("web-cn", name="Web shop 官网")
    assert source_choices() == [("gone", "gone"), ("web-cn", "Web shop 官网")]


def test_identity_sources_are_read_by_a_loose_scan():
    assert selectors.identity_sources() == []
    for source in ("b", "a", "b"):
        make_customer(source=source)
    assert selectors.identity_sources() == [("a", "a"), ("b", "b")]


def test_the_day_since_when_is_the_one_of_the_reader_s_zone(service: Client) -> None:
    ann = make_customer(name="Ann Lee")
    Customer.objects.filter(pk=ann.pk).update(created_at=datetime(2026, 3, 1, 17, 30, tzinfo=UTC))
    page = service.get(urls(ann)["customer_detail"]).content.decode()
    assert "Customer since 2 Mar 2026" in page  # in Shanghai


def test_the_list_names_the_channels_of_a_customer(service: Client) -> None:
    make_channel("web-cn", name="Web shop")
    make_customer(source="web-cn")
    make_customer(source="gone")
    page = service.get(reverse("crm:customer_list")).content.decode()
    assert '<span class="tag">Web shop</span>' in page
    assert '<span class="tag">gone</span>' in page
