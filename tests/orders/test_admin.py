"""Orders on the administration site: rows to read within one's scopes, changes only by the services."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.audit.models import AuditEntry
from core.stages import drain
from orders.enums import OrderStatus
from orders.models import DataError, Finding, Hold, Order, OrderHistory
from orders.rules.validation import CHECKS, check_words
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db

PIPELINE = ["orders.validate", "orders.allocate", "orders.release"]
MODELS = ["order", "orderline", "finding", "hold", "fulfilmentorder", "fulfilmentline", "orderhistory", "dataerror"]
READ_ONLY = [model for model in MODELS if model != "dataerror"]


def changelist(model: str) -> str:
    return reverse(f"admin:orders_{model}_changelist")


def staff(role: Role, *rights: str) -> User:
    """A person in a role, with further rights of their own, whom the administration site takes for staff."""
    user = make_user(role)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    return user


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(staff(Role.OPERATIONS_MANAGER))
    return client


@pytest.fixture
def order(channel, sku) -> Order:
    """An order with a price hold and a finding."""
    order = make_order(channel, ("MUG", 2), total="99.00")
    drain(only=PIPELINE)
    order.refresh_from_db()
    assert order.open_hold_count == 1
    return order


def act(client: Client, model: str, action: str, *ids: int, **data: str):
    return client.post(changelist(model), {"action": action, ACTION_CHECKBOX_NAME: ids, **data}, follow=True)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_is_found_by_the_order_s_number(manager, channel, order, sku, model):
    released = make_order(channel, ("MUG", 1))
    drain(only=PIPELINE)
    DataError.objects.create(order=released, source="complaint", found_at=released.received_at)
    number = order.number if model in ("finding", "hold") else released.number
    number += "-1" if model == "fulfilmentline" else ""
    page = manager.get(changelist(model), {"q": number})
    rows = list(page.context["cl"].result_list)
    assert rows
    assert number in page.content.decode()
    assert manager.get(reverse(f"admin:orders_{model}_change", args=[rows[0].pk])).status_code == 200
    assert not list(manager.get(changelist(model), {"q": "SO-NONE"}).context["cl"].result_list)


@pytest.mark.parametrize("model", READ_ONLY)
def test_rows_can_neither_be_added_changed_nor_deleted(manager, order, model):
    assert manager.get(reverse(f"admin:orders_{model}_add")).status_code == 403
    rows = manager.get(changelist(model)).context["cl"].result_list
    for row in rows:
        change = reverse(f"admin:orders_{model}_change", args=[row.pk])
        assert manager.post(change, {"status": "cancelled"}).status_code == 403
        assert manager.post(reverse(f"admin:orders_{model}_delete", args=[row.pk])).status_code == 403
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_REVIEW


def test_holds_are_released_with_a_reason_by_the_service(manager, order):
    answer = act(manager, "order", "release_holds", order.pk)
    assert "Say why" in answer.content.decode()
    order.refresh_from_db()
    assert order.open_hold_count == 1
    act(manager, "order", "release_holds", order.pk, reason="agreed on the phone")
    order.refresh_from_db()
    assert (order.open_hold_count, order.status) == (0, OrderStatus.APPROVED)
    assert Hold.objects.get().release_note == "agreed on the phone"
    assert AuditEntry.objects.filter(action="orders.hold_released", subject_id=order.pk).exists()


def test_one_hold_is_released_from_the_list_of_holds(manager, order):
    act(manager, "hold", "release", order.holds.get().pk, reason="checked")
    assert Hold.objects.get().release_note == "checked"


def test_holding_and_approving_say_what_was_refused(manager, channel, order):
    second = make_order(channel, ("MUG", 1))
    act(manager, "order", "hold", second.pk, reason="call first")
    assert second.holds.get(released_at=None).note == "call first"
    answer = act(manager, "order", "approve", order.pk, second.pk)
    assert f"{order.number}: Release the holds first." in answer.content.decode()
    assert set(Order.objects.values_list("status", flat=True)) == {OrderStatus.PENDING_REVIEW}


def test_cancelling_asks_with_the_number_first(manager, order):
    page = act(manager, "order", "cancel", order.pk, index="0", select_across="1", reason="sold out").content.decode()
    assert "1 order will be cancelled" in page
    assert f'name="{ACTION_CHECKBOX_NAME}" value="{order.pk}"' in page
    assert 'name="select_across" value="1"' in page
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_REVIEW
    act(manager, "order", "cancel", order.pk, reason="sold out", confirmed="1")
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert OrderHistory.objects.get(to_status="cancelled").reason == "sold out"


def test_actions_need_their_rights_and_scopes(client, order):
    clerk = staff(Role.WAREHOUSE_OPERATOR)
    client.force_login(clerk)
    act(client, "order", "cancel", order.pk, reason="X", confirmed="1")
    act(client, "order", "release_holds", order.pk, reason="X")
    elsewhere = staff(Role.OPERATIONS_MANAGER)
    AccessScope.objects.create(user=elsewhere, kind="channel", object_id=make_channel().pk)
    client.force_login(elsewhere)
    act(client, "order", "cancel", order.pk, reason="X", confirmed="1")
    for model in READ_ONLY:
        assert not list(client.get(changelist(model)).context["cl"].result_list), model
    order.refresh_from_db()
    assert (order.status, order.open_hold_count) == (OrderStatus.PENDING_REVIEW, 1)


def test_personal_data_needs_its_right(client, order):
    page = reverse("admin:orders_order_change", args=[order.pk])
    for role, shown in ((Role.OPERATIONS_MANAGER, True), (Role.ANALYST, False)):
        client.force_login(staff(role, "use_admin_site", "view_order"))
        html = client.get(page).content.decode()
        assert order.number in html
        assert [text in html for text in (order.ship_street, order.ship_phone, order.ship_name)] == [shown] * 3


def test_findings_quote_what_they_are_about_only_to_who_may_see_it(client, order):
    phone = "+86139" + "12345678"
    finding = Finding.objects.create(
        order=order, code="phone.invalid", severity="error", field="shipping_address.phone", found_at=order.received_at,
        params={"phone": phone}, expected=phone[3:], suggestion={"shipping_address.phone": phone},
    )  # fmt: skip
    for role, shown in ((Role.OPERATIONS_MANAGER, True), (Role.ANALYST, False)):
        client.force_login(staff(role, "use_admin_site", "view_finding"))
        for page in (changelist("finding"), reverse("admin:orders_finding_change", args=[finding.pk])):
            html = client.get(page).content.decode()
            assert order.number in html
            assert (phone[3:] in html) is shown


def test_a_complaint_is_noted_with_its_author(manager, order):
    data = {"order": order.pk, "source": "complaint", "field": "ship_street", "note": "wrong flat",
            "found_at_0": "2026-03-05", "found_at_1": "08:00:00"}  # fmt: skip
    assert manager.post(reverse("admin:orders_dataerror_add"), data).status_code == 302
    assert DataError.objects.get().note == "wrong flat"
    assert AuditEntry.objects.filter(action="orders.dataerror_added").exists()


def test_what_is_kept_as_a_code_is_shown_and_filtered_in_words(manager, order):
    steps = manager.get(changelist("orderhistory"), {"to_status": OrderStatus.PENDING_REVIEW}).content.decode()
    assert order.number in steps
    assert "In review" in steps
    assert ">pending_review<" not in steps
    assert order.number not in manager.get(changelist("orderhistory"), {"to_status": "shipped"}).content.decode()

    findings = manager.get(changelist("finding")).content.decode()
    assert "The order adds up to" in findings


def test_checks_are_called_by_words_in_the_filter_and_on_the_finding_s_page(manager, order):
    finding = order.findings.get(code="totals.total")
    pages = [changelist("finding"), reverse("admin:orders_finding_change", args=[finding.pk])]
    for language, said, other, where in (
        ("en", "The order adds up to …, the channel says …", "Line …: nothing is known as …", "Total"),
        ("zh-hans", "订单合计 …，渠道为 …", "第 … 行：找不到 …", "合计"),
    ):
        listed, shown = [manager.get(url, headers={"accept-language": language}).content.decode() for url in pages]
        assert [text for text in (said, other, where) if text not in listed] == []
        assert [text for text in (said, where) if text not in shown] == []
        assert ">totals.total<" not in listed
    assert "totals.total" in shown, "the code stands on the finding's own page"
    with_others = manager.get(pages[0], {"code": "sku.unknown"}).context["cl"].queryset
    assert (list(with_others), CHECKS.keys() >= {finding.code}) == ([], True)


def test_no_two_checks_are_called_the_same():
    assert len({check_words(code) for code in CHECKS}) == len(CHECKS)
    assert check_words("gone.since") == "gone.since"


def test_history_leads_to_what_was_done_to_the_row(manager, order):
    other = make_order(order.channel, ("MUG", 1))
    page = manager.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    history = f"{reverse('admin:audit_auditentry_changelist')}?q=orders.order+{order.pk}"
    assert history in page
    done = manager.get(history).content.decode()
    assert f">{order.number}<" in done
    assert other.number not in done
