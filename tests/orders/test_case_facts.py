"""What a person who works on a case is told of its order and its parcel."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import Actor
from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.cases.services import open_cases, resolve
from core.cases.words import facts_of, summary_of
from core.exceptions import DomainError
from core.stages import drain
from logistics.codes import PARCEL_EXCEPTION
from logistics.models import Shipment, TrackingEvent
from logistics.services.consequences import seed
from orders.codes import CHANNEL_CHANGE, OUT_OF_STOCK, VALIDATION_FAILED
from orders.models import Order
from orders.services.cancel import cancel_order
from orders.services.holds import release_all_holds
from tests.factories.accounts import make_user
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db

PIPELINE = ["orders.validate", "orders.allocate", "orders.release"]


@pytest.fixture
def clerk() -> User:
    return make_user(Role.ORDER_CLERK)


@pytest.fixture
def helper() -> User:
    """Somebody who works on cases and may not see personal data."""
    user = make_user()
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_case", "work_case", "view_order", "view_shipment"])
    )
    return user


def told(case: Case, user: User) -> dict[str, str]:
    return {str(fact.label): fact.text for fact in facts_of(case, user)}


def changed_twice(channel: Any) -> Case:
    """After the release the channel changes the phone, then the street and the phone once more."""
    body = payload(("MUG", 1))
    send(channel, body)
    drain()
    for changes in ({"phone": "13900139001"}, {"phone": "13900139002", "street": "文三路 91 号"}):
        send(channel, body | {"shipping_address": body["shipping_address"] | changes})
    return Case.objects.get(type=CHANNEL_CHANGE)


def test_a_second_change_by_the_channel_adds_to_the_first(channel, sku, clerk):
    case = changed_twice(channel)
    assert summary_of(case) == "Changed by the channel: Recipient's phone, Street"
    facts = told(case, clerk)
    assert facts["Recipient's phone"] == "13800138000 → 13900139002"
    assert facts["Street"] == "文三路 90 号 → 文三路 91 号"
    assert [event.kind for event in case.events.order_by("pk")] == ["opened", "changed"]


def test_a_change_that_is_taken_back_says_so(channel, sku):
    body = payload(("MUG", 1))
    send(channel, body)
    drain()
    send(channel, body | {"shipping_address": body["shipping_address"] | {"phone": "13900139001"}})
    send(channel, body)
    assert summary_of(Case.objects.get(type=CHANNEL_CHANGE)) == "The channel has taken its change back"


def test_the_work_screen_leads_to_the_order_and_names_the_customer(channel, sku, clerk):
    case = changed_twice(channel)
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("cases:work"), {"case": case.pk}).content.decode()
    assert reverse("orders:order_detail", args=[case.subject_id]) in page
    assert "王小明" in page
    assert "138 0013 8000" in page
    assert "data-toggle-sound" not in page


def test_who_may_not_see_personal_data_sees_masks(channel, sku, helper):
    case = changed_twice(channel)
    facts = told(case, helper)
    assert facts["Order"].startswith(case.subject_label)
    everything = " ".join(facts.values())
    for secret in ("王小明", "13800138000", "138 0013 8000", "13900139002", "91 号"):
        assert secret not in everything


def test_units_that_are_short_are_counted_anew(channel, sku):
    order = make_order(channel, ("MUG", 12))
    drain()
    case = Case.objects.get(type=OUT_OF_STOCK)
    assert case.summary_params["units"] == 2
    order.lines.update(quantity=15)
    Order.objects.filter(pk=order.pk).update(allocate_due_at=datetime.now(UTC))
    drain()
    case.refresh_from_db()
    assert case.summary_params["units"] == 5


def test_a_parcels_case_has_the_carriers_words(channel, sku, clerk, helper):
    order = make_order(channel, ("MUG", 1))
    drain()
    shipment = Shipment.objects.get()
    TrackingEvent.objects.create(
        shipment=shipment, occurred_at=datetime.now(UTC), ingested_at=datetime.now(UTC), status="exception",
        description=f"Damaged, {order.ship_name} was told", location="上海", dedupe_key="1",
    )  # fmt: skip
    open_cases([seed(shipment, PARCEL_EXCEPTION, "exception", channel_id=channel.pk, cause_at=None)])
    case = Case.objects.get(type=PARCEL_EXCEPTION)
    assert told(case, clerk)["The carrier's words"] == f"Damaged, {order.ship_name} was told · 上海"
    assert order.ship_name not in " ".join(told(case, helper).values())
    assert told(case, clerk)["Order"].startswith(order.number)


def in_wrong_city(channel: Any) -> tuple[Order, Case]:
    address = payload()["shipping_address"] | {"city": "杭洲市"}
    order = make_order(channel, ("MUG", 1), shipping_address=address)
    drain(only=PIPELINE)
    return order, Case.objects.get(type=VALIDATION_FAILED, subject_id=order.pk)


def test_a_case_tells_what_validation_found_and_applies_what_it_suggests(clerk, helper, channel, sku):
    order, case = in_wrong_city(channel)
    found = told(case, clerk)["Found"]
    assert "杭洲市" in found
    assert found.endswith("Suggested: 杭州市")
    fix, *others = resolution_actions(case, clerk)
    assert (str(fix.label), fix.style) == ("Apply the suggested fix", "primary")
    assert "primary" not in [button.style for button in others]
    resolve(case_id=case.pk, resolution="fix", actor=Actor.for_user(clerk))
    drain(only=PIPELINE)
    order.refresh_from_db()
    assert (order.ship_city, order.open_hold_count) == ("杭州市", 0)
    case.refresh_from_db()
    assert not case.is_open
    assert "Apply the suggested fix" not in [str(button.label) for button in resolution_actions(case, clerk)]


def test_what_was_found_is_masked_by_the_person_s_rights(clerk, helper, channel, sku):
    address = payload()["shipping_address"] | {"phone": "1399923"}
    order = make_order(channel, ("MUG", 1), shipping_address=address)
    drain(only=PIPELINE)
    case = Case.objects.get(type=VALIDATION_FAILED, subject_id=order.pk)
    assert "1399923" in told(case, clerk)["Found"]
    assert "1399923" not in told(case, helper)["Found"]


def test_a_duplicate_leads_to_the_order_that_it_repeats(clerk, client: Client, channel, sku):
    buyer = {"external_id": "ann", "name": "王小明"}
    first = make_order(channel, ("MUG", 1), customer=buyer)
    again = make_order(channel, ("MUG", 1), customer=buyer)
    drain(only=PIPELINE)
    case = Case.objects.get(type=VALIDATION_FAILED, subject_id=again.pk)
    address = reverse("orders:order_detail", args=[first.pk])
    assert [fact.url for fact in facts_of(case, clerk) if str(fact.label) == "Found"] == [address]
    client.force_login(clerk)
    page = client.get(reverse("orders:order_detail", args=[again.pk])).content.decode()
    assert f'<a href="{address}">Open that order</a>' in page


@pytest.mark.django_db(transaction=True)
def test_checking_a_duplicate_again_finds_it_again_and_the_case_stays(clerk, client: Client, channel, sku):
    buyer = {"external_id": "ann", "name": "王小明"}
    make_order(channel, ("MUG", 1), customer=buyer)
    again = make_order(channel, ("MUG", 1), customer=buyer)
    drain(only=PIPELINE)
    case = Case.objects.get(type=VALIDATION_FAILED, subject_id=again.pk)
    client.force_login(clerk)
    checked = reverse("cases:case_resolve", args=[case.pk, "recheck"])
    page = client.post(checked, {"next": reverse("orders:order_detail", args=[again.pk])}, follow=True)
    case.refresh_from_db()
    assert (case.is_open, case.reopened_count) == (True, 0)
    assert "Checked again: what was found is still there" in page.content.decode()
    release_all_holds(order_id=again.pk, actor=Actor.for_user(clerk), note="a gift")
    case.refresh_from_db()
    assert not case.is_open


def test_a_cancelled_order_offers_no_correction_and_tells_its_end_once(clerk, client: Client, channel, sku):
    order, _case = in_wrong_city(channel)
    cancel_order(order_id=order.pk, actor=Actor.for_user(clerk), reason="ordered twice")
    client.force_login(clerk)
    page = client.get(reverse("orders:order_detail", args=[order.pk])).content.decode()
    assert reverse("orders:order_edit", args=[order.pk]) not in page
    assert reverse("orders:line_edit", args=[order.pk, order.lines.get().pk]) not in page
    assert "Apply fix" not in page
    assert "No parcel was made." in page
    assert page.count("ordered twice") == 2  # the holds' release and the cancellation


def test_no_fix_is_offered_where_nothing_is_suggested(clerk, channel, sku):
    order, case = in_wrong_city(channel)
    order.findings.update(suggestion=None)
    labels = [str(button.label) for button in resolution_actions(case, clerk)]
    assert labels[0] == "Check again"
    with pytest.raises(DomainError, match="is gone"):
        resolve(case_id=case.pk, resolution="fix", actor=Actor.for_user(clerk))


def test_the_page_names_the_subject_once_and_says_who_can_resolve_it(client: Client, helper, channel, sku):
    order, case = in_wrong_city(channel)
    client.force_login(helper)
    page = client.get(reverse("cases:case_detail", args=[case.pk])).content.decode()
    assert page.count(f'<a href="{reverse("orders:order_detail", args=[order.pk])}">') == 1
    assert "You can&#x27;t resolve this type yourself" in page or "You can't resolve this type yourself" in page
