"""Corrections: a page offers what the service takes in the order's status, and a refusal says why."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.exceptions import DomainError
from core.outbox.models import OutboxEvent
from core.stages import drain
from orders.enums import OrderStatus
from orders.models import Channel, DataError, Order
from orders.services.edit import edit_order
from orders.services.fulfilment import pick_and_check_all, record_packed, record_shipped
from orders.services.holds import release_all_holds
from tests.factories.accounts import make_user
from tests.factories.orders import ADDRESS, make_order

pytestmark = pytest.mark.django_db

LEFT = "This order has left; only recipient and buyer can still be corrected."
PARTLY = "A part of this order has left; only recipient, buyer and deadline can still be corrected."
ARRIVED = "This order has arrived; its data can't be changed any more."
CANCELLED = "This order is cancelled; its data can't be changed any more."
WHOLE = ("Correct order", "", "")
# (what the page offers, why a new name is refused, why a new total is)
BY_STATUS = dict.fromkeys(OrderStatus, WHOLE) | {
    OrderStatus.PARTIALLY_SHIPPED: ("Correct recipient", "", PARTLY),
    OrderStatus.SHIPPED: ("Correct recipient", "", LEFT),
    OrderStatus.DELIVERED: ("", ARRIVED, ARRIVED),
    OrderStatus.COMPLETED: ("", ARRIVED, ARRIVED),
    OrderStatus.CANCELLED: ("", CANCELLED, CANCELLED),
}


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user(Role.ORDER_CLERK))
    return client


def in_status(channel: Channel, status: OrderStatus) -> Order:
    order = make_order(channel, ("MUG", 1))
    Order.objects.filter(pk=order.pk).update(status=status)
    return order


def refusal(order: Order, changes: dict[str, Any]) -> str:
    try:
        edit_order(order_id=order.pk, changes=changes, actor=SYSTEM)
    except DomainError as error:
        return str(error.message)
    return ""


@pytest.mark.parametrize("status", list(OrderStatus))
def test_the_page_offers_what_the_service_takes(clerk: Client, channel: Channel, sku: Any, status: OrderStatus) -> None:
    order = in_status(channel, status)
    url = reverse("orders:order_edit", args=[order.pk])
    header = clerk.get(reverse("orders:order_detail", args=[order.pk])).context["header"]
    offered = "".join(str(entry.label) for entry in header.menu if entry.url == url)
    refused = [refusal(order, changes) for changes in ({"ship_name": "Bo"}, {"total": Decimal(99)})]
    assert (offered, *refused) == BY_STATUS[status]


@pytest.mark.parametrize(("status", "why"), [(OrderStatus.PARTIALLY_SHIPPED, ""), (OrderStatus.SHIPPED, LEFT)])
def test_a_deadline_is_taken_while_something_is_still_to_leave(
    channel: Channel, sku: Any, status: OrderStatus, why: str
) -> None:
    order = in_status(channel, status)
    assert refusal(order, {"ship_by": datetime(2030, 1, 1, tzinfo=UTC)}) == why


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (OrderStatus.APPROVED, {"ship_name", "total", "ship_by"}),
        (OrderStatus.PARTIALLY_SHIPPED, {"ship_name", "ship_by"}),
        (OrderStatus.SHIPPED, {"ship_name"}),
    ],
)
def test_the_form_asks_for_what_can_still_change(
    clerk: Client, channel: Channel, sku: Any, status: OrderStatus, offered: set[str]
) -> None:
    form = clerk.get(reverse("orders:order_edit", args=[in_status(channel, status).pk])).context["form"]
    assert {"ship_name", "total", "ship_by"} & set(form.fields) == offered


# What validation would have held, at the field where the form shows it.
WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"ship_street": ""}, "ship_street", "The street is missing."),
    ({"ship_name": ""}, "ship_name", "The recipient's name is missing."),
    ({"ship_district": "无此区"}, "ship_district", "“无此区” doesn't exist."),
    ({"ship_city": "宁波市"}, "ship_district", "“西湖区” doesn't lie where the address says. Expected: 杭州市"),
    ({"ship_phone": "123"}, "ship_phone", "123 isn't a valid phone number."),
]
SAN_FRANCISCO = {
    "name": "Jane Doe", "phone": "+14155550100", "country": "US", "province": "CA", "city": "San Francisco",
    "street": "500 Howard St", "postal_code": "94105",
}  # fmt: skip
RIGHT: dict[str, str] = {"ship_city": "宁波市", "ship_district": "海曙区", "ship_postal_code": "315000"}


def begun(channel: Channel, stage: str, **fields: Any) -> Order:
    """Released, with its goods in a picker's hands or on their way."""
    order = make_order(channel, ("MUG", 1), **fields)
    drain(only=["orders.validate"])
    if order.holds.exists():
        release_all_holds(order_id=order.pk, actor=Actor.for_user(make_user(is_superuser=True)), note="Asked the buyer")
    drain(only=["orders.validate", "orders.allocate", "orders.release"])
    part = order.fulfilments.get().pk
    if stage != "released":
        pick_and_check_all(fulfilment_id=part, actor=SYSTEM)
    if stage == "shipped":
        record_packed(fulfilment_id=part, weight_g=100, actor=SYSTEM)
        record_shipped(fulfilment_ids=[part], actor=SYSTEM)
    order.refresh_from_db()
    assert order.released_at
    return order


@pytest.mark.parametrize("stage", ["picking", "shipped"])
@pytest.mark.parametrize(("changes", "field", "why"), WRONG)
def test_what_nothing_validates_any_more_is_refused_at_its_field(
    channel: Channel, warehouse: Any, sku: Any, stage: str, changes: dict[str, str], field: str, why: str
) -> None:
    order = begun(channel, stage)
    with pytest.raises(DomainError) as refused:
        edit_order(order_id=order.pk, changes=changes, actor=SYSTEM)
    assert refused.value.field == field
    assert str(refused.value.message).startswith(why)
    assert Order.objects.get(pk=order.pk).version == order.version
    assert not DataError.objects.exists()
    assert not OutboxEvent.objects.filter(name="orders.readdressed").exists()


@pytest.mark.parametrize("stage", ["released", "picking", "shipped"])
def test_a_right_address_is_taken_after_the_release(channel: Channel, warehouse: Any, sku: Any, stage: str) -> None:
    assert refusal(begun(channel, stage), RIGHT) == ""


def test_before_somebody_picks_another_place_is_left_to_validation(channel: Channel, warehouse: Any, sku: Any) -> None:
    order = begun(channel, "released")
    assert refusal(order, {"ship_city": "宁波市"}) == ""
    drain(only=["orders.validate"])
    order.refresh_from_db()
    assert (order.released_at, order.open_hold_count) == (None, 1)


def test_another_street_of_a_released_order_is_not_left_to_anybody(channel: Channel, warehouse: Any, sku: Any) -> None:
    assert refusal(begun(channel, "released"), {"ship_street": "-"}) == "The street is missing."


def test_what_was_wrong_before_is_not_held_against_another_correction(
    channel: Channel, warehouse: Any, sku: Any
) -> None:
    order = begun(channel, "picking", shipping_address={**ADDRESS, "district": "无此区"})
    assert refusal(order, {"ship_street": "文三路 91 号"}) == ""
    assert refusal(order, {"ship_district": "也无此区"}).startswith("“也无此区” doesn't exist.")
    assert refusal(order, {"ship_district": "西湖区"}) == ""


def test_a_channel_that_needs_no_address_refuses_none(channel: Channel, warehouse: Any, sku: Any) -> None:
    Channel.objects.update(requires_address=False)
    assert refusal(begun(channel, "picking"), {"ship_street": ""}) == ""


def typed(form: Any) -> dict[str, Any]:
    """What a browser sends of a form as it is shown."""
    values = {name: form[name].value() for name in form.fields if name not in {"pasted", "ship_by"}}
    return {name: "" if value is None else value for name, value in values.items()}


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong_at_the_field(
    clerk: Client, channel: Channel, warehouse: Any, sku: Any
) -> None:
    order = begun(channel, "picking", shipping_address=SAN_FRANCISCO)
    url = reverse("orders:order_edit", args=[order.pk])
    values = typed(clerk.get(url).context["form"])
    answer = clerk.post(url, {**values, "ship_postal_code": "941"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["ship_postal_code"] == [
        "“941” isn't a postal code of this country. Expected: a postal code like 95014 (only an example)"
    ]
    assert answer.context["form"]["ship_postal_code"].value() == "941"
    assert clerk.post(url, {**values, "ship_postal_code": "94106"}).status_code == 302


def test_every_wrong_field_is_named_at_once_and_the_form_says_that_a_label_is_at_stake(
    clerk: Client, channel: Channel, warehouse: Any, sku: Any
) -> None:
    url = reverse("orders:order_edit", args=[begun(channel, "picking").pk])
    form = clerk.get(url)
    assert "A warehouse has this order already." in form.content.decode()
    wrong = {"ship_name": "", "ship_street": "", "ship_phone": "12"}
    answer = clerk.post(url, {**typed(form.context["form"]), **wrong})
    assert set(answer.context["form"].errors) == set(wrong)
    before = clerk.get(reverse("orders:order_edit", args=[make_order(channel, ("MUG", 1)).pk]))
    assert "A warehouse has this order already." not in before.content.decode()


def test_a_form_that_a_hand_over_overtook_says_so_and_is_sent_again(
    clerk: Client, channel: Channel, warehouse: Any, sku: Any
) -> None:
    order = begun(channel, "picking")
    url, intro = reverse("orders:order_edit", args=[order.pk]), "Parcels that have left keep their labels."
    page = clerk.get(url)
    values = typed(page.context["form"])
    part = order.fulfilments.get().pk
    record_packed(fulfilment_id=part, weight_g=100, actor=SYSTEM)
    record_shipped(fulfilment_ids=[part], actor=SYSTEM)
    answer = clerk.post(url, {**values, "ship_street": "文三路 91 号"})
    assert answer.status_code == 422
    assert "A parcel has left in the meantime, to the recipient as it was." in answer.content.decode()
    assert (intro in page.content.decode(), intro in answer.content.decode()) == (False, True)
    again = typed(answer.context["form"])
    assert again["ship_street"] == "文三路 91 号"
    assert clerk.post(url, again).status_code == 302
    assert Order.objects.get(pk=order.pk).ship_street == "文三路 91 号"
