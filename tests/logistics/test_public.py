"""The public tracking page: what it shows, to whom, and what it never shows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from core.cases.models import Case
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import DeliveryRating, Shipment, TrackingEvent
from logistics.public import WAITING_LABELS, find_order, sign, unsign
from logistics.rules.public import Step, Waiting, contact_matches, scrubbed, step_of, waiting_for
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.models import FulfilmentOrder, Hold, Order
from tests.factories.logistics import make_fulfilment

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("8000", True),
        (" 8000 ", True),
        ("ann@example.com", True),
        ("ANN@EXAMPLE.COM", True),
        ("8001", False),
        ("000", False),
        ("13800138000", True),
        ("+86 138-0013-8000", True),
        ("+86 138-0013-8001", False),
        ("38000", False),  # a part would let the rest be found digit by digit
        ("0013 8000", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_the_contact_is_the_phone_its_last_four_digits_or_the_address(given, right):
    assert contact_matches(given, phones=["+8613800138000", ""], emails=["ann@example.com", ""]) is right


def test_an_order_without_contact_data_lets_nobody_in():
    assert not contact_matches("", phones=["", ""], emails=[""])
    assert not contact_matches("0000", phones=["", "12"], emails=[""])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("正在派送途中(派件人:王小二,电话:13912345678)", "正在派送途中(派件人:***,电话:***)"),
        ("Courier: Bob, call +44 117 234 5678", "Courier: ***, call ***"),
        ("Left at 12 Sample Street", "Left at ***"),
        ("Arrived at Bristol depot 17", "Arrived at Bristol depot 17"),
    ],
)
def test_carriers_texts_lose_people(text, shown):
    assert scrubbed(text, ["12 Sample Street"]) == shown


def test_steps():
    assert step_of(ShipmentStatus.PENDING, packed=False, shipped=False) == Step.ORDERED
    assert step_of(ShipmentStatus.LABEL_CREATED, packed=True, shipped=False) == Step.PACKED
    assert step_of(ShipmentStatus.LABEL_CREATED, packed=True, shipped=True) == Step.SHIPPED
    assert step_of(ShipmentStatus.ATTEMPT_FAILED, packed=True, shipped=True) == Step.OUT
    assert step_of(ShipmentStatus.DELIVERED, packed=True, shipped=True) == Step.DELIVERED


@pytest.mark.parametrize(
    ("status", "holds", "backordered", "waits"),
    [
        (OrderStatus.APPROVED, [], False, Waiting.NOTHING),
        (OrderStatus.APPROVED, [], True, Waiting.GOODS),
        (OrderStatus.PENDING_PAYMENT, [HoldReason.PAYMENT], False, Waiting.PAYMENT),
        (OrderStatus.APPROVED, [HoldReason.PAYMENT, HoldReason.FRAUD_RISK], False, Waiting.PAYMENT),
        (OrderStatus.PENDING_REVIEW, [], False, Waiting.CHECK),
        (OrderStatus.APPROVED, [HoldReason.FRAUD_RISK], True, Waiting.CHECK),
        (OrderStatus.APPROVED, [HoldReason.UNTIL_DATE], False, Waiting.DAY),
        (OrderStatus.PENDING_REVIEW, [HoldReason.PREORDER], False, Waiting.GOODS),
    ],
)
def test_what_an_order_waits_for(status, holds, backordered, waits):
    assert waiting_for(status, holds=holds, backordered=backordered) == waits


def test_a_token_opens_its_order_only():
    assert unsign(sign(7)) == 7
    assert unsign(sign(7)[:-1] + "x") is None
    assert unsign("7") is None


@pytest.fixture
def order(db) -> Order:
    fulfilment = make_fulfilment()
    return fulfilment.order


@pytest.mark.django_db
def test_a_wrong_number_and_a_wrong_contact_get_the_same_answer(client, order):
    answers = [
        client.post(reverse("track:search"), {"number": number, "contact": contact})
        for number, contact in (
            (order.number, "0001"), ("SO99999999", order.ship_phone[-4:]),
            (order.number, "+8613900139000"), ("SO99999999", order.ship_phone_e164),
        )
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {422}
    bodies = [re.sub(r'value="[^"]*"', "", _without_tokens(answer.content.decode())) for answer in answers]
    assert len(set(bodies)) == 1


def _without_tokens(body: str) -> str:
    return "\n".join(line for line in body.splitlines() if "csrfmiddlewaretoken" not in line)


@pytest.mark.django_db
def test_both_numbers_and_both_contacts_lead_to_the_page(client, order):
    last_four = order.ship_phone[-4:]
    assert find_order(order.number.lower(), last_four) == order.pk
    assert find_order(f"#{order.external_id}", order.buyer_email.upper()) == order.pk
    assert find_order(order.number, f" {order.ship_phone} ") == order.pk
    assert find_order(order.number, order.ship_phone_e164) == order.pk
    assert find_order(order.number, order.ship_phone_e164[:-1]) is None
    assert find_order("SO99999999", "+12025550100") is None, "who stands in for an unknown number opens nothing"
    assert find_order("\x00", last_four) is None
    answer = client.post(reverse("track:search"), {"number": order.number, "contact": last_four}, follow=True)
    assert answer.status_code == 200


@pytest.mark.django_db
def test_a_parcels_number_leads_to_its_order(client, order):
    fulfilment = order.fulfilments.get()
    shipment = _parcel(fulfilment, tracking_number="SF10")
    assert find_order(" sf10", order.ship_phone[-4:]) == order.pk
    assert find_order("SF10", "0001") is None
    assert find_order("SF1", order.ship_phone[-4:]) is None
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.CANCELLED)
    assert find_order("SF10", order.ship_phone[-4:]) is None, "carriers give numbers out again"


def _parcel(fulfilment: FulfilmentOrder, **fields) -> Shipment:
    values = {"status": ShipmentStatus.IN_TRANSIT, "created_at": NOW, "number": "SH1", **fields}
    return Shipment.objects.create(
        fulfilment=fulfilment, order=fulfilment.order, warehouse=fulfilment.warehouse, **values
    )


@pytest.mark.django_db
def test_changing_the_language_keeps_what_is_typed_and_looks_nothing_up(client, order):
    typed = {"number": order.number, "contact": "13912"}
    page = client.post(reverse("track:search"), {**typed, "language": "zh-hans"})
    body = page.content.decode()
    assert page.status_code == 200
    assert 'lang="zh-hans"' in body
    assert f'value="{order.number}"' in body
    assert 'value="13912"' in body
    assert 'class="error"' not in body
    assert 'lang="zh-hans"' in client.get(reverse("track:search")).content.decode(), "and goes on in it"
    right = client.post(reverse("track:search"), {**typed, "contact": order.ship_phone[-4:], "language": "en"})
    assert right.status_code == 200, "another language opens nothing"
    first = re.search(r"<button[^>]*>", body)
    assert first is not None
    assert "language" not in first[0], "Enter presses the first button of the form"


@pytest.mark.django_db
def test_an_orders_page_has_a_link_to_the_other_language(client, order):
    url = reverse("track:order", args=[sign(order.pk)])
    link = re.search(r'<a href="([^"]+)"[^>]*>中文</a>', client.get(url).content.decode())
    assert link is not None
    page = client.get(link[1])
    assert page["Content-Language"] == "zh-hans"
    assert f'<a href="{url}?language=en"' in page.content.decode()
    assert client.get(url)["Content-Language"] == "zh-hans", "and goes on in it"
    assert client.get(url, {"language": "en"})["Content-Language"] == "en"
    assert client.get(url, {"language": "xx"})["Content-Language"] == "en"


@pytest.mark.django_db
def test_a_page_that_only_tells_sets_no_cookie(client, order):
    url = reverse("track:order", args=[sign(order.pk)])
    order.fulfilments.update(status=FulfilmentStatus.SHIPPED)
    assert "<form" not in client.get(url).content.decode()
    assert not client.cookies


@pytest.mark.django_db
def test_each_parcel_says_what_is_in_it_without_prices(client, order):
    _parcel(order.fulfilments.get())
    line = order.lines.get()
    body = client.get(reverse("track:order", args=[sign(order.pk)])).content.decode()
    assert f"<span>{line.name}</span><b>× {line.quantity}</b>" in body
    assert str(line.unit_price) not in body


@pytest.mark.django_db
@pytest.mark.parametrize("has_parcel", [True, False])
def test_a_held_order_is_not_told_as_being_prepared(client, order, has_parcel):
    if has_parcel:
        _parcel(order.fulfilments.get(), status=ShipmentStatus.PENDING)
    url = reverse("track:order", args=[sign(order.pk)])
    assert "Being prepared" in client.get(url).content.decode()
    hold = Hold.objects.create(order=order, reason=HoldReason.FRAUD_RISK, placed_at=NOW)
    body = client.get(url).content.decode()
    assert "Being checked" in body
    assert "raud" not in body
    Hold.objects.filter(pk=hold.pk).update(reason=HoldReason.PAYMENT)
    assert "Waiting for payment" in client.get(url).content.decode()
    Hold.objects.filter(pk=hold.pk).update(released_at=NOW)
    assert "Being prepared" in client.get(url).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "status", "word"),
    [
        ("en", ShipmentStatus.IN_TRANSIT, "In transit"), ("en", "", "News from the carrier"),
        ("zh-hans", ShipmentStatus.IN_TRANSIT, "运输中"),
    ],
)  # fmt: skip
def test_an_events_state_stands_above_the_carriers_own_text(client, order, language, status, word):
    TrackingEvent.objects.create(
        shipment=_parcel(order.fulfilments.get()), dedupe_key="1", occurred_at=NOW, ingested_at=NOW, status=status,
        source=EventSource.POLL, description="快件已发车", carrier_status="1002",
    )  # fmt: skip
    page = client.get(reverse("track:order", args=[sign(order.pk)]), headers={"accept-language": language})
    assert f'<b>{word}</b><br><span class="told">快件已发车</span>' in page.content.decode()


@pytest.mark.django_db
def test_waiting_for_goods_and_being_prepared_are_two_words_in_chinese():
    with translation.override("zh-hans"):
        words = [str(label) for label in WAITING_LABELS.values()]
    assert len(set(words)) == len(words)


@pytest.mark.django_db
def test_the_page_shows_nothing_personal_and_costs_few_statements(client, order, django_assert_max_num_queries):
    shipment = Shipment.objects.create(
        number="SH1", fulfilment=order.fulfilments.get(), order=order, warehouse=order.fulfilments.get().warehouse,
        tracking_number="SF1", status=ShipmentStatus.OUT_FOR_DELIVERY, created_at=NOW,
    )  # fmt: skip
    for number in range(5):
        TrackingEvent.objects.create(
            shipment=shipment, dedupe_key=str(number), occurred_at=NOW, ingested_at=NOW, source=EventSource.POLL,
            status=ShipmentStatus.IN_TRANSIT, description=f"to {order.ship_name}", location=order.ship_street,
        )  # fmt: skip
    with django_assert_max_num_queries(6):
        page = client.get(reverse("track:order", args=[sign(order.pk)]))
    body = page.content.decode()
    for private in (order.ship_name, order.ship_street, order.ship_phone, order.buyer_email):
        assert private not in body
    assert "Out for delivery" in body
    assert page["Referrer-Policy"] == "same-origin"
    assert len(page.content) < 20_000


@pytest.mark.django_db
def test_a_page_that_was_drawn_before_tells_what_is_stored_now(client, order):
    fulfilment = order.fulfilments.get()
    shipment = Shipment.objects.create(
        number="SH1", fulfilment=fulfilment, order=order, warehouse=fulfilment.warehouse, created_at=NOW,
        status=ShipmentStatus.IN_TRANSIT, tracking_number="SF1", last_checked_at=NOW,
    )  # fmt: skip
    url = reverse("track:order", args=[sign(order.pk)])

    def body(after: timedelta, **headers: str) -> str:
        with time_machine.travel(NOW + after, tick=False):
            return client.get(url, headers=headers).content.decode()

    assert "5 min ago" in body(timedelta(minutes=5))
    assert "6 min ago" in body(timedelta(minutes=6, seconds=30))
    assert "2 h ago" in body(timedelta(hours=2))
    assert "2 小时前" in body(timedelta(hours=2), **{"accept-language": "zh-CN"})
    Shipment.objects.filter(pk=shipment.pk).update(tracking_number="SF2", last_checked_at=NOW + timedelta(hours=1))
    assert "1 h ago" in (changed := body(timedelta(hours=2)))
    assert "SF2" in changed


@pytest.mark.django_db
def test_every_visitor_has_a_token_of_their_own(order):
    url = reverse("track:order", args=[sign(order.pk)])
    visitors = [Client(enforce_csrf_checks=True) for _ in range(2)]
    bodies = [visitor.get(url).content.decode() for visitor in visitors]
    tokens = [re.findall(r'name="csrfmiddlewaretoken" value="(\w{64})"', body) for body in bodies]
    assert len(tokens[0]) == bodies[0].count("csrfmiddlewaretoken") == 1
    assert not set(tokens[0]) & set(tokens[1])
    cancel = reverse("track:cancel", args=[sign(order.pk)])
    assert visitors[1].post(cancel, {"csrfmiddlewaretoken": tokens[0][0]}).status_code == 403
    assert visitors[0].post(cancel, {"csrfmiddlewaretoken": tokens[0][0]}).status_code == 302


@pytest.mark.django_db
def test_tries_are_limited(client, settings):
    url = reverse("track:search")
    codes = [client.post(url, {"number": "SO1", "contact": "0000"}).status_code for _ in range(12)]
    assert 429 in codes
    assert codes[0] == 422


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_an_order_is_not_tried_out_by_its_many_numbers(order):
    """Who tries them hears nothing of it, not even that they belong together."""
    url, phone = reverse("track:search"), order.ship_phone[-4:]
    numbers = [order.number, order.external_id]
    answers = [
        Client(REMOTE_ADDR=f"203.0.113.{guess}").post(url, {"number": numbers[guess % 2], "contact": "0000"})
        for guess in range(20)
    ]
    answers.append(Client(REMOTE_ADDR="203.0.113.99").post(url, {"number": order.number, "contact": phone}))
    unknown = Client(REMOTE_ADDR="203.0.113.99").post(url, {"number": "SO0", "contact": phone})
    assert {answer.status_code for answer in [*answers, unknown]} == {422}
    assert answers[-1].context["form"].errors == unknown.context["form"].errors
    assert Client().get(reverse("track:order", args=[sign(order.pk)])).status_code == 200
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert (
            Client(REMOTE_ADDR="203.0.113.98").post(url, {"number": order.number, "contact": phone}).status_code == 302
        )


@pytest.mark.django_db
def test_as_much_is_counted_for_an_unknown_number_as_for_a_known_one(order, monkeypatch):
    counted = []

    def count(*, who, **_limits):
        counted.append(who)
        return 0

    monkeypatch.setattr("logistics.public.seconds_to_wait", count)
    find_order(order.number, "0000")
    known = len(counted)
    find_order("SO99999999", "0000")
    assert len(counted) == 2 * known
    assert str(order.pk) in counted[:known]
    assert "0" not in counted


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_a_number_is_not_tried_out_from_many_addresses(order):
    """Four digits stand against everybody together; the order's own link goes on working."""
    url = reverse("track:search")
    spellings = [order.number, order.number.lower(), f" #{order.number} "]
    answers = [
        Client(REMOTE_ADDR=f"203.0.113.{guess}").post(url, {"number": spellings[guess % 3], "contact": "0000"})
        for guess in range(22)
    ]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 60
    unknown = [Client(REMOTE_ADDR=f"203.0.113.{n}").post(url, {"number": "SO0", "contact": "0000"}) for n in range(21)]
    assert unknown[-1].status_code == 429, "a number that exists and one that doesn't are counted alike"
    assert Client().get(reverse("track:order", args=[sign(order.pk)])).status_code == 200


@pytest.mark.django_db
def test_a_delivery_is_rated_once(client, order):
    url = reverse("track:rate", args=[sign(order.pk)])
    assert client.post(url, {"stars": "5"}).status_code == 422
    Order.objects.filter(pk=order.pk).update(delivered_at=timezone.now())
    assert client.post(url, {"stars": "9"}).status_code == 422
    assert client.post(url, {"stars": "5", "comment": "quick"}).status_code == 302
    assert client.post(url, {"stars": "1"}).status_code == 422
    assert DeliveryRating.objects.get(order=order).stars == 5


@pytest.mark.django_db
def test_a_rating_without_stars_is_answered_at_its_field_and_keeps_the_words(client, order):
    Order.objects.filter(pk=order.pk).update(delivered_at=timezone.now())
    page = client.get(reverse("track:order", args=[sign(order.pk)])).content.decode()
    form = page[page.index("/rate/") :]
    assert "novalidate" in form[: form.index(">")]
    assert "required" not in form
    answer = client.post(reverse("track:rate", args=[sign(order.pk)]), {"comment": "quick and whole"})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose from 1 to 5 stars." in body
    assert "quick and whole" in body
    body = client.post(reverse("track:rate", args=[sign(order.pk)]), {"stars": "4", "comment": "x" * 1001})
    assert 'id="star4" checked' in body.content.decode()
    assert "1000" in body.content.decode()


@pytest.mark.django_db
def test_a_wish_to_cancel_a_released_order_becomes_a_case(client, order):
    assert client.post(reverse("track:cancel", args=[sign(order.pk)])).status_code == 302
    assert Case.objects.get(subject_id=order.pk).type == "orders.customer_cancellation"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("dates", "shown"),
    [
        ({"delivered_at": 179}, True),
        ({"delivered_at": 181}, False),
        ({"cancelled_at": 181}, False),
        ({"received_at": 700}, True),
        ({"received_at": 731}, False),
        ({"received_at": 731, "delivered_at": 10}, True),
    ],
)
def test_a_link_ends_long_after_the_order_has(client, order, dates, shown):
    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(**{name: now - timedelta(days=days) for name, days in dates.items()})
    answer = client.get(reverse("track:order", args=[sign(order.pk)]))
    assert answer.status_code == (200 if shown else 404)
    assert (order.number in answer.content.decode()) == shown
    if not shown:
        assert client.post(reverse("track:cancel", args=[sign(order.pk)])).status_code == 404
        assert client.post(reverse("track:rate", args=[sign(order.pk)]), {"stars": 5}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@shop.example", "mailto:help@shop.example"), ("+86 571 1234-5678", "tel:+8657112345678"),
        ("https://shop.example/help", "https://shop.example/help"),
    ],
)  # fmt: skip
def test_every_page_names_whom_to_ask(client, order, settings, contact, link):
    pages = [reverse("track:search"), reverse("track:order", args=[sign(order.pk)]), reverse("track:order", args=["x"])]
    settings.CUSTOMER_CONTACT = contact
    for page in pages:
        assert f'<a href="{link}">{contact}</a>' in client.get(page).content.decode()
    settings.CUSTOMER_CONTACT = ""
    assert 'class="help"' not in client.get(pages[0]).content.decode()


@pytest.mark.django_db
def test_a_broken_link_leads_to_the_search(client):
    answer = client.get(reverse("track:order", args=["broken"]))

    assert answer.status_code == 404
    assert "No order is behind this link." in answer.content.decode()
    assert f'action="{reverse("track:search")}"' in answer.content.decode()
