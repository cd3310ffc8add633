"""Request ids, and log lines without secrets and personal data."""

import io
import json
import logging
import re
import time

import pytest
import structlog
from celery import shared_task
from django.db import DatabaseError, transaction
from gunicorn.config import Config
from gunicorn.glogging import Logger

from core.accounts.enums import Role
from core.context import bind_request_id, current_request_id, unbind_request_id
from core.db import copy_rows
from core.logging import redact_event, scrub_text
from core.redaction import HIDDEN, redact
from crm.models import Customer
from ecom_admin.logs import configure_logs
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order


@pytest.fixture
def log_text(settings):
    """Configure logs for the product, as JSON or for people to read; what they say."""
    stream = io.StringIO()

    def configure(*, as_json):
        configure_logs(level="INFO", as_json=as_json)
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.stream = stream
        return stream.getvalue

    yield configure
    configure_logs(level=settings.LOG_LEVEL, as_json=False)


@pytest.fixture
def log_lines(log_text):
    """Configure production logs, and read what they say."""
    text = log_text(as_json=True)
    return lambda: [json.loads(line) for line in text().splitlines()]


@pytest.mark.django_db
def test_response_carries_the_id_of_its_request(client):
    made = client.get("/login/")["X-Request-Id"]
    assert len(made) == 32
    assert client.get("/login/")["X-Request-Id"] != made
    assert current_request_id() == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("proposed", "kept"),
    [("proxy-id-0001", True), ("short", False), ("x" * 65, False), ("bad id; drop", False), ("a\nb-injected", False)],
)
def test_well_formed_ids_of_a_proxy_are_kept(client, proposed, kept):
    answer = client.get("/login/", headers={"X-Request-Id": proposed})["X-Request-Id"]
    assert (answer == proposed) is kept


def test_task_works_under_the_id_of_the_request_that_sent_it(settings):
    seen = []

    @shared_task(name="tests.see_request_id")
    def see():
        seen.append(current_request_id())

    bind_request_id("request-4711")
    try:
        headers: dict[str, str] = {}
        from celery.signals import before_task_publish

        before_task_publish.send(sender="tests.see_request_id", headers=headers, body=None)
    finally:
        unbind_request_id()
    assert headers["request_id"] == "request-4711"
    see.apply(headers=headers)
    assert seen == ["request-4711"]
    assert current_request_id() == ""


def test_log_lines_are_json_with_the_request_id(log_lines):
    bind_request_id("request-4711")
    try:
        structlog.get_logger("test").info("order_received", order_id=3)
        logging.getLogger("test").warning("from a library")
    finally:
        unbind_request_id()
    first, second = log_lines()
    assert (first["event"], first["order_id"], first["request_id"]) == ("order_received", 3, "request-4711")
    assert (second["event"], second["level"], second["request_id"]) == ("from a library", "warning", "request-4711")


@pytest.mark.django_db
def test_lines_about_answers_of_4xx_have_the_request_id(client, log_lines):
    answer = client.get("/nothing-here/")
    (line,) = log_lines()
    assert (line["logger"], line["status_code"]) == ("django.request", 404)
    assert line["request_id"] == answer["X-Request-Id"]


@pytest.mark.django_db
def test_a_refusal_is_one_line_that_says_who_lacks_which_right(client, log_text):
    user = make_user(Role.WAREHOUSE_OPERATOR)
    client.force_login(user)
    said = log_text(as_json=True)
    answer = client.get("/orders/new/?name=Ann+Lee&phone=13800138000")
    assert answer.status_code == 403
    [line] = [json.loads(line) for line in said().splitlines()]
    assert line | {"timestamp": ""} == {
        "event": "permission_denied", "level": "warning", "logger": "core.accounts.views.refusal", "timestamp": "",
        "user_id": user.pk, "method": "GET", "path": "/orders/new/", "right": "orders.add_order",
        "request_id": answer["X-Request-Id"],
    }  # fmt: skip


@pytest.mark.django_db
def test_a_refusal_without_a_right_says_so_without_a_traceback(client, log_lines):
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert client.post("/admin/orders/finding/add/").status_code == 403
    [line] = log_lines()
    assert (line["event"], line["right"]) == ("permission_denied", "")
    assert "exception" not in line


def test_gunicorns_own_lines_are_json_too(capsys, settings):
    log = Logger(Config())
    try:
        configure_logs(level="INFO", as_json=True)
        log.info("Listening at: %s", "http://0.0.0.0:8000")
    finally:
        configure_logs(level=settings.LOG_LEVEL, as_json=False)
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["logger"]) == ("Listening at: http://0.0.0.0:8000", "gunicorn.error")


def test_traceback_is_scrubbed(log_lines):
    try:
        int("no customer ann.lee@example.com with Bearer abcdefghijklmnop")
    except ValueError:
        structlog.get_logger("test").exception("failed")
    text = json.dumps(log_lines())
    assert "ann.lee" not in text
    assert "abcdefghijklmnop" not in text
    assert "ValueError" in text


def test_traceback_for_people_to_read_is_scrubbed_too(log_text):
    said = log_text(as_json=False)
    try:
        int("no customer ann.lee@example.com")
    except ValueError:
        structlog.get_logger("test").exception("failed")
    assert "ann.lee" not in said()
    assert "ValueError: invalid literal" in said()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("authorization", "Bearer x", "[hidden]"),
        ("Authorization", "Bearer x", "[hidden]"),
        ("api_key", "x", "[hidden]"),
        ("csrfmiddlewaretoken", "x", "[hidden]"),
        ("X-Shopify-Hmac-Sha256", "x", "[hidden]"),
        ("password", "", ""),
        ("buyer_email", "ann@example.com", "a•••"),
        ("phone_e164", "+8613800138000", "+•••"),
        ("ship_name", "Ann Lee", "A•••"),
        ("shipping_address.name", "Ann Lee", "A•••"),
        ("customer.name", "Ann Lee", "A•••"),
        ("channel.name", "Web shop", "Web shop"),
        ("order_id", 7, 7),
        ("signature_count", 7, "[hidden]"),
        ("sku", "MUG-1", "MUG-1"),
        ("design", "blue", "blue"),
        ("tokenizer", "x", "x"),
    ],
)
def test_keys_tell_what_must_not_be_shown(key, value, expected):
    assert redact({key: value}) == {key: expected}


def test_nested_values_are_reached():
    payload = {"orders": [{"shipping_address": {"street": "1 High St"}, "total": "9.90"}]}
    assert redact(payload) == {"orders": [{"shipping_address": {"street": "1•••"}, "total": "9.90"}]}
    assert redact({"customer": {"name": "Ann"}, "sku": {"name": "Mug"}}) == {
        "customer": {"name": "A•••"},
        "sku": {"name": "Mug"},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /track/?token=abc.def&x=1", "GET /track/?token=[hidden]&x=1"),
        ("key eck_Ab3dEf6hIj9l_0123456789 refused", "key eck_Ab3dEf6hIj9l_[hidden] refused"),
        ("mail to ann.lee@mail.example.com failed", "mail to a••• failed"),
        ("12 orders in 3 s", "12 orders in 3 s"),
        ("Key (lower(name))=(a) is b (c).\nd, 1) already exists.\nHINT: x", "Key (lower(name))=[hidden]\nHINT: x"),
        (
            "Failing row contains (7, a).\nStreet 5).\n\nThe above exception",
            "Failing row contains [hidden]\n\nThe above exception",
        ),
        ('COPY t, line 3, column c: "a"\nb"\nCONTEXT: y', "COPY t, line 3, column c: [hidden]\nCONTEXT: y"),
    ],
)
def test_running_text_is_scrubbed(text, expected):
    assert scrub_text(text) == expected


@pytest.mark.parametrize(
    "part",
    [
        "Key (",
        "Key (a)=(",
        "Key (a)=()",
        "Failing row contains (",
        'COPY a, line 1: "',
        "a.",
        "a@",
        "a@a.",
        "token=",
        "Bearer a",
    ],
)
def test_scrubbing_takes_no_longer_than_the_text_is_long(part):
    """Else a request for a long address would keep a whole process busy with its line in the log."""
    mixed = "".join(f"{part}{other}" for other in ("Key (", ")=(", ")", "\n", " is ", "@")) * 400
    scrub_text(mixed)
    for text in (part * (32_000 // len(part)), mixed):
        started = time.process_time()
        scrub_text(text)
        assert time.process_time() - started < 0.5


@pytest.mark.django_db
def test_what_the_database_says_of_a_row_is_not_told(log_lines):
    """Its errors quote the row: whole where a check fails, the value where one is taken, the line of a COPY."""
    street = "文三路 90 号"
    order, phone = make_order(make_channel(), ("MUG", 1)), "+86138" + "00138000"
    refused = [
        lambda: Order.objects.filter(pk=order.pk).update(ship_name=street, line_count=-1),
        lambda: Customer.objects.bulk_create([Customer(phone_e164=phone) for _ in range(2)]),
        lambda: copy_rows(Customer, ("name", "phone_e164"), [(street * 40, street)]),
    ]
    for attempt in refused:
        try:
            with transaction.atomic():
                attempt()
        except DatabaseError:
            logging.getLogger("shop").exception("It can't be written")
        else:
            pytest.fail("it was written")
    text = "\n".join(line["exception"] for line in log_lines())
    assert len(re.findall("DETAIL|CONTEXT", text)) >= 3
    assert street not in text
    assert phone not in text
    assert HIDDEN in text


def test_processor_leaves_numbers_and_flags():
    event = {"event": "x", "count": 3, "done": True, "ratio": 0.5}
    assert redact_event(None, "info", dict(event)) == event
