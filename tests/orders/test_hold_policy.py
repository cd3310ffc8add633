"""Who may release which hold: a right for each group of reasons, on every way there is."""

import pytest
from django.urls import reverse
from django.utils import translation

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.cases.services import CaseSeed, open_cases, resolve
from core.exceptions import PermissionRequired
from orders.bulk import ORDER_ACTIONS
from orders.codes import ORDER_SUBJECT, VALIDATION_FAILED
from orders.enums import HoldReason
from orders.models import Hold, Order
from orders.rules.hold_policy import BY_HAND, DATA, FRAUD, MONEY, RELEASE_RIGHTS, not_releasable
from orders.services.holds import hold_order, release_all_holds, release_hold, release_own_holds
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db

ALLOWED = {
    Role.ORDER_CLERK: {DATA, MONEY, BY_HAND},
    Role.CUSTOMER_SERVICE: {DATA, BY_HAND},
    Role.OPERATIONS_MANAGER: {DATA, MONEY, FRAUD, BY_HAND},
    Role.WAREHOUSE_OPERATOR: set(),
    Role.MARKETER: set(),
}


@pytest.fixture
def order() -> Order:
    return make_order(make_channel(), ("MUG", 1))


def held(order: Order, *reasons: HoldReason) -> list[Hold]:
    return [hold_order(order_id=order.pk, reason=reason, actor=SYSTEM, note="look") for reason in reasons]


def open_reasons(order: Order) -> set[str]:
    return set(order.holds.filter(released_at=None).values_list("reason", flat=True))


def test_every_reason_says_who_may_release_it():
    assert set(RELEASE_RIGHTS) == set(HoldReason)
    assert not_releasable(["price", "address"], lambda right: right == DATA) == [HoldReason.PRICE]


@pytest.mark.parametrize("role", list(ALLOWED))
def test_roles_have_the_rights_of_their_work(role):
    user = make_user(role)
    assert {right for right in (DATA, MONEY, FRAUD, BY_HAND) if user.has_perm(right)} == ALLOWED[role]


@pytest.mark.parametrize("reason", [HoldReason.ADDRESS, HoldReason.PRICE, HoldReason.FRAUD_RISK, HoldReason.MANUAL])
@pytest.mark.parametrize("role", [Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.OPERATIONS_MANAGER])
def test_a_hold_is_released_by_those_only(client, order, role, reason):
    [hold] = held(order, reason)
    user = make_user(role)
    allowed = RELEASE_RIGHTS[reason] in ALLOWED[role]
    client.force_login(user)
    address = reverse("orders:hold_release", args=[hold.pk])
    page = client.get(reverse("orders:order_detail", args=[order.pk])).content.decode()
    assert (address in page) == allowed
    assert client.get(address).status_code == (200 if allowed else 403)
    assert client.post(address, {"note": "right"}).status_code == (302 if allowed else 403)
    assert open_reasons(order) == (set() if allowed else {reason})


def test_services_refuse_it_in_words(order):
    [hold] = held(order, HoldReason.FRAUD_RISK)
    actor = Actor.for_user(make_user(Role.ORDER_CLERK))
    with pytest.raises(PermissionRequired) as refused:
        release_hold(hold_id=hold.pk, actor=actor, note="right")
    message = str(refused.value)
    assert "release holds for fraud risk" in message
    assert str(Role.OPERATIONS_MANAGER.label) in message
    assert "orders." not in message
    with pytest.raises(PermissionRequired):
        release_all_holds(order_id=order.pk, actor=actor, note="right")
    assert open_reasons(order) == {"fraud_risk"}
    release_hold(hold_id=hold.pk, actor=SYSTEM)
    assert open_reasons(order) == set()


def test_all_are_released_or_none_and_own_ones_alone(order):
    held(order, HoldReason.ADDRESS, HoldReason.FRAUD_RISK)
    actor = Actor.for_user(make_user(Role.CUSTOMER_SERVICE))
    with pytest.raises(PermissionRequired):
        release_all_holds(order_id=order.pk, actor=actor, note="right")
    assert open_reasons(order) == {"address", "fraud_risk"}
    _order, left = release_own_holds(order_id=order.pk, actor=actor, note="right")
    assert left == [HoldReason.FRAUD_RISK]
    assert open_reasons(order) == {"fraud_risk"}


def test_the_bulk_action_says_what_was_left_and_why(order):
    other = make_order(make_channel(), ("MUG", 2))
    held(order, HoldReason.ADDRESS, HoldReason.PRICE)
    held(other, HoldReason.ADDRESS)
    action = next(action for action in ORDER_ACTIONS if action.code == "release_holds")
    actor = Actor.for_user(make_user(Role.CUSTOMER_SERVICE))
    first, second = action.run([order.pk, other.pk], actor, {"note": "right"})
    assert (first.outcome, second.outcome, second.message) == ("warning", "ok", "")
    assert "1 hold left: Price or totals." in str(first.message)
    assert "release holds for price and payment" in str(first.message)
    assert open_reasons(order) == {"price"}


def test_accepting_a_case_asks_for_the_right_of_its_holds(order):
    held(order, HoldReason.PRICE)
    [case_id] = open_cases([CaseSeed(VALIDATION_FAILED, ORDER_SUBJECT, order.pk, order.number)])
    actor = Actor.for_user(make_user(Role.CUSTOMER_SERVICE))
    with pytest.raises(PermissionRequired):
        resolve(case_id=case_id, resolution="accept", actor=actor, params={"reason": "right"})
    assert open_reasons(order) == {"price"}
    assert Case.objects.get(pk=case_id).is_open


def test_the_refusal_page_names_the_right_and_the_roles_in_the_reader_s_language(client, order):
    [hold] = held(order, HoldReason.PRICE)
    user = make_user(Role.CUSTOMER_SERVICE)
    client.force_login(user)
    page = client.get(reverse("orders:hold_release", args=[hold.pk]))
    assert page.status_code == 403
    text = page.content.decode()
    assert "release holds for price and payment" in text
    assert str(Role.ORDER_CLERK.label) in text
    assert "release_money_hold" not in text
    denied = client.get(reverse("supply_chain:shortage_list"))
    assert denied.status_code == 403
    assert "Missing right: see " in denied.content.decode()
    User.objects.filter(pk=user.pk).update(language="zh-hans")
    text = client.get(reverse("orders:hold_release", args=[hold.pk])).content.decode()
    with translation.override("zh-hans"):
        assert str(Role.ORDER_CLERK.label) in text


@pytest.mark.parametrize(
    ("role", "reason", "offered"),
    [
        (Role.CUSTOMER_SERVICE, HoldReason.PRICE, False),
        (Role.CUSTOMER_SERVICE, HoldReason.ADDRESS, True),
        (Role.ORDER_CLERK, HoldReason.PRICE, True),
    ],
)
def test_accepting_is_offered_to_those_who_may_release_every_hold(order, role, reason, offered):
    held(order, HoldReason.MANUAL, reason)
    [case_id] = open_cases([CaseSeed(VALIDATION_FAILED, ORDER_SUBJECT, order.pk, order.number)])
    buttons = resolution_actions(Case.objects.get(pk=case_id), make_user(role))
    assert ("Accept as it is" in [str(button.label) for button in buttons]) == offered


def test_the_trail_calls_the_order_by_its_number(order):
    held(order, HoldReason.MANUAL)
    assert AuditEntry.objects.get(action="orders.hold_placed").subject_label == order.number
