"""Who may approve a purchase order hears that one waits."""

import pytest
from django.contrib.auth.models import Permission

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.notifications.models import Notification
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.services import change_status
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import make_sku, make_warehouse
from tests.factories.supply_chain import make_purchase_order

pytestmark = pytest.mark.django_db
S = PurchaseOrderStatus


def told() -> dict[str, str]:
    return {row.user.username: row.url for row in Notification.objects.filter(code="supply_chain.approval_wanted")}


def test_those_who_may_approve_and_see_it_are_told():
    warehouse, elsewhere = make_warehouse(), make_warehouse()
    buyer, manager, boss = make_user(Role.BUYER), make_user(Role.OPERATIONS_MANAGER), make_superuser()
    limited = make_user(Role.OPERATIONS_MANAGER)
    AccessScope.objects.create(user=limited, kind="warehouse", object_id=elsewhere.pk)
    make_user(Role.OPERATIONS_MANAGER, is_active=False)
    make_user(Role.WAREHOUSE_OPERATOR)
    order = make_purchase_order(warehouse, {make_sku(): 3})
    change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=buyer)
    assert told() == {user.username: order.get_absolute_url() for user in (manager, boss)}
    assert Notification.objects.first().params["number"] == order.number


def test_who_asks_is_not_told_and_going_on_after_a_hold_asks_nobody_again():
    manager = make_user(Role.OPERATIONS_MANAGER)
    other = make_user(Role.OPERATIONS_MANAGER)
    order = make_purchase_order(make_warehouse(), {make_sku(): 3})
    change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=manager)
    assert set(told()) == {other.username}
    change_status(order_id=order.pk, to=S.ON_HOLD, user=manager, reason="prices")
    change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=manager)
    assert Notification.objects.count() == 1


def test_a_person_with_the_right_of_their_own_is_told():
    helper = make_user()
    helper.user_permissions.add(Permission.objects.get(codename="approve_purchaseorder"))
    order = make_purchase_order(make_warehouse(), {make_sku(): 3})
    change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=make_user(Role.BUYER))
    assert set(told()) == {helper.username}
