import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import AccessScope, User
from core.accounts.roles import Role
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.exceptions import DomainError
from core.jobs.models import Job
from core.jobs.running import run_job
from inventory.rules.catalogue import SkuDraft
from inventory.services import upsert_skus
from orders.enums import IntakeSource
from orders.models import Channel, ImportMapping, IntakeMessage, Order
from orders.schema import as_table
from orders.services import channels
from orders.services.import_uploads import find_upload, keep_upload
from orders.services.intake import receive
from tests.factories.accounts import make_user
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return make_channel(kind="manual")


def signed_in(*roles: Role) -> Client:
    client = Client()
    client.force_login(make_user(*roles))
    return client


@pytest.fixture
def manager() -> Client:
    return signed_in(Role.OPERATIONS_MANAGER)


def send(channel: Channel, *payloads: Any) -> None:
    receive(channel, payloads, source=IntakeSource.API, actor=SYSTEM, received_at=timezone.now())


def test_a_rejected_message_is_shown_masked_and_whole(channel: Channel) -> None:
    bad = order_payload("B-1")
    bad["lines"][0]["quantity"] = 0
    send(channel, bad)
    message = IntakeMessage.objects.get()
    url = reverse("orders:intake_detail", args=[message.pk])
    whole = signed_in(Role.OPERATIONS_MANAGER).get(url).content.decode()
    assert "Line 1, Quantity must be at least 1" in whole
    assert "13800138000" in whole
    clerk = make_user()
    grant(clerk, "view_intake")
    client = Client()
    client.force_login(clerk)
    hidden = client.get(url).content.decode()
    assert "13800138000" not in hidden
    assert "王小明" not in hidden
    assert "Personal data is masked" in hidden


def test_a_files_lines_are_shown_with_their_columns_named(manager: Client, channel: Channel) -> None:
    payload = order_payload("F-1")
    lines = [{"sku": "MUG-1", "quantity": "2", "unit_price": "19.90"}]
    raws = [{**payload, "lines": as_table(lines)}]
    receive(
        channel, [{**payload, "lines": lines}], raws=raws, source=IntakeSource.FILE, actor=SYSTEM,
        received_at=timezone.now(),
    )  # fmt: skip
    message = IntakeMessage.objects.get()
    admin = Client()
    admin.force_login(User.objects.create_superuser("root", password=None))
    for client, page in ((manager, "orders:intake_detail"), (admin, "admin:orders_intakemessage_change")):
        shown = unescape(client.get(reverse(page, args=[message.pk])).content.decode())
        raw = shown[shown.index('<pre class="raw"') :]
        assert '<span>    {"sku": "MUG-1", "quantity": "2", "unit_price": "19.90"}</span>' in raw
        assert raw.index('"external_id"') < raw.index('"lines"')
        assert '"columns"' not in shown
    assert "Read from a file" in manager.get(reverse("orders:intake_detail", args=[message.pk])).content.decode()


@pytest.mark.parametrize(
    ("language", "why", "who"),
    [("en", "Line 1, Quantity must be at least 1", "system"), ("zh-hans", "第 1 行，数量不能小于 1", "系统")],
)
def test_the_administration_says_in_words_why_a_message_was_refused_and_who_sent_it(
    channel: Channel, language: str, why: str, who: str
) -> None:
    bad = order_payload("B-1")
    bad["lines"][0]["quantity"] = 0
    send(channel, bad)
    admin = Client()
    admin.force_login(User.objects.create_superuser("root", password=None))
    url = reverse("admin:orders_intakemessage_change", args=[IntakeMessage.objects.get().pk])
    shown = unescape(admin.get(url, headers={"accept-language": language}).content.decode())
    above = shown[: shown.index('<pre class="raw"')]
    assert why in above
    assert "too_small" not in above
    assert f">{who}<" in above
    assert "Read from a file" not in shown


def test_a_message_that_only_looks_like_a_files_is_shown_as_it_came(manager: Client, channel: Channel) -> None:
    send(channel, {**order_payload("A-1"), "lines": {"columns": ["sku"], "rows": [[1, 2, 3]]}})
    message = IntakeMessage.objects.get()
    shown = unescape(manager.get(reverse("orders:intake_detail", args=[message.pk])).content.decode())
    assert '"columns"' in shown


def grant(user: User, *codenames: str) -> None:
    from django.contrib.auth.models import Permission

    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="orders", codename__in=codenames))


def test_a_message_is_taken_once_more(manager: Client, channel: Channel) -> None:
    send(channel, order_payload("B-1") | {"currency": "KWD"})
    message = IntakeMessage.objects.get()
    url = reverse("orders:intake_replay", args=[message.pk])
    assert "Still refused: Currency" in manager.post(url, follow=True).content.decode()
    message.raw["currency"] = "CNY"
    message.save()
    assert "Taken as order" in manager.post(url, follow=True).content.decode()
    assert Order.objects.get().external_id == "B-1"


def test_changes_to_the_message_before_are_shown(manager: Client, channel: Channel) -> None:
    payload = order_payload("A-1")
    send(channel, payload)
    send(channel, {**payload, "buyer_note": "Ring twice"})
    newest = IntakeMessage.objects.order_by("-pk").first()
    assert newest is not None
    page = manager.get(reverse("orders:intake_detail", args=[newest.pk])).content.decode()
    assert "buyer_note" in page
    assert "<ins>Ring twice</ins>" in page


@pytest.mark.parametrize("name", ["intake_list", "channel_list"])
def test_lists_cost_the_same_for_one_row_and_three(manager: Client, name: str, channel: Channel) -> None:
    url = reverse(f"orders:{name}")
    send(channel, order_payload())
    manager.get(url)
    with CaptureQueriesContext(connection) as one:
        assert manager.get(url).status_code == 200
    send(channel, order_payload(), order_payload())
    make_channel("b")
    make_channel("c")
    manager.get(url)  # a list that shows other rows than before writes the session once
    with CaptureQueriesContext(connection) as three:
        manager.get(url)
    assert len(one) == len(three)


def test_messages_of_other_channels_are_out_of_reach(channel: Channel) -> None:
    other = make_channel("other")
    send(channel, order_payload("SECRET-1"))
    user = make_user(Role.ORDER_CLERK)
    AccessScope.objects.create(user=user, kind="channel", object_id=other.pk)
    client = Client()
    client.force_login(user)
    message = IntakeMessage.objects.get()
    assert client.get(reverse("orders:intake_detail", args=[message.pk])).status_code == 404
    assert client.post(reverse("orders:intake_replay", args=[message.pk])).status_code == 404
    assert "SECRET-1" not in client.get(reverse("orders:intake_list")).content.decode()
    assert client.get(reverse("orders:channel_detail", args=[channel.pk])).status_code == 404


@pytest.mark.parametrize("name", ["intake_list", "import_new", "order_create", "channel_create"])
def test_pages_are_refused_without_the_right(name: str) -> None:
    assert signed_in(Role.ANALYST).get(reverse(f"orders:{name}")).status_code == 403
    assert Client().get(reverse(f"orders:{name}")).status_code == 302
    assert signed_in(Role.OPERATIONS_MANAGER).get(reverse(f"orders:{name}")).status_code == 200


def channel_form(**values: Any) -> dict[str, Any]:
    return {
        "code": "new-shop",
        "name": "New shop",
        "kind": "shopify",
        "is_active": "on",
        "currency": "EUR",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "requires_payment": "on",
        "duplicate_window_hours": 24,
        **values,
    }


def test_a_new_channels_form_begins_with_the_usual_choices(manager: Client) -> None:
    page = manager.get(reverse("orders:channel_create")).content.decode()
    for value in ("CN", "CNY", "Asia/Shanghai"):
        assert f'<option value="{value}" selected>' in page
    german = make_channel(**{name: channel_form()[name] for name in ("country", "currency", "time_zone")})
    page = manager.get(reverse("orders:channel_edit", args=[german.pk])).content.decode()
    for value in ("DE", "EUR", "Europe/Berlin"):
        assert f'<option value="{value}" selected>' in page


def test_a_channel_is_made_changed_and_audited(manager: Client) -> None:
    manager.post(reverse("orders:channel_create"), channel_form())
    made = Channel.objects.get(code="new-shop")
    assert made.webhook_secret
    assert not made.requires_address
    manager.post(reverse("orders:channel_edit", args=[made.pk]), channel_form(name="Renamed", code="other"))
    made.refresh_from_db()
    assert (made.name, made.code) == ("Renamed", "new-shop")
    entry = AuditEntry.objects.get(action="orders.channel_changed")
    assert entry.changes["name"] == ["New shop", "Renamed"]
    page = manager.get(reverse("orders:channel_detail", args=[made.pk])).content.decode()
    assert "/hooks/shopify/new-shop" in page
    assert made.webhook_secret not in page


def test_the_secret_is_shown_once(manager: Client) -> None:
    channel = make_channel(kind="shopify")
    answer = manager.post(reverse("orders:channel_secret", args=[channel.pk]), {"secret": ""})
    channel.refresh_from_db()
    assert channel.webhook_secret in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    given = manager.post(reverse("orders:channel_secret", args=[channel.pk]), {"secret": "from-shopify"})
    channel.refresh_from_db()
    assert channel.webhook_secret == "from-shopify"
    assert "from-shopify" not in given.content.decode()


def order_form(channel: Channel, **values: Any) -> dict[str, Any]:
    return {
        "channel": channel.pk,
        "name": "王小明",
        "phone": "13800138000",
        "country": "CN",
        "province": "广东省",
        "city": "深圳市",
        "district": "南山区",
        "street": "科技路 1 号",
        "payment_status": "paid",
        "line_count": 3,
        "sku-0": "MUG-1",
        "quantity-0": 2,
        "price-0": "",
        **values,
    }


def test_an_order_entered_by_hand_takes_the_list_price(manager: Client, channel: Channel) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug", unit_price=Decimal(39))])
    answer = manager.post(reverse("orders:order_create"), order_form(channel))
    order = Order.objects.get()
    assert answer.headers["Location"] == reverse("orders:order_detail", args=[order.pk])
    assert (order.total, order.unit_count, order.channel) == (Decimal(78), 2, channel)
    assert IntakeMessage.objects.get().source == "manual"


def test_an_order_that_somebody_typed_in_was_never_touchless(manager: Client, channel: Channel) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug", unit_price=Decimal(39))])
    manager.post(reverse("orders:order_create"), order_form(channel))
    order = Order.objects.get()
    assert order.first_touched_at == order.received_at


@pytest.mark.parametrize(
    ("currency", "values", "said"),
    [
        ("CNY", {"sku-0": "MUG-2"}, "There is no SKU with this code."),
        ("GBP", {}, "list price is in GBP: enter one in CNY."),
        ("CNY", {"quantity-1": "5"}, "Name the SKU, or empty this row."),
        ("CNY", {"price-2": "0"}, "Name the SKU, or empty this row."),
    ],
)
def test_a_line_that_means_nothing_certain_is_refused(
    manager: Client, channel: Channel, currency: str, values: dict[str, str], said: str
) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug", unit_price=Decimal(39), currency=currency)])
    answer = manager.post(reverse("orders:order_create"), order_form(channel, **values))
    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert not Order.objects.exists()


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(manager: Client, channel: Channel) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug")])
    answer = manager.post(reverse("orders:order_create"), order_form(channel))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This SKU has no list price" in page
    assert "科技路 1 号" in page
    assert not Order.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(manager: Client, channel: Channel) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug", unit_price=Decimal(39))])
    wrong = {
        "sku-1": "NOPE",
        "quantity-1": "1",
        "sku-2": "MUG-1",
        "quantity-2": "",
        "buyer_email": "x",
        "discount": "a",
    }
    page = manager.post(reverse("orders:order_create"), order_form(channel, **wrong)).content.decode()
    marked = re.findall(r"<(?:input|select)[^>]*is-invalid[^>]*>", page)
    assert re.findall(r'name="([^"]+)"', "".join(marked)) == ["buyer_email", "sku-1", "quantity-2", "discount"]
    assert "How many?" in page


def test_a_new_order_begins_unpaid_with_one_of_each(manager: Client, channel: Channel) -> None:
    page = manager.get(reverse("orders:order_create")).content.decode()
    assert '<option value="unpaid" selected>' in page
    assert re.findall(r'name="quantity-\d" value="1"', page) == [f'name="quantity-{n}" value="1"' for n in range(3)]


def test_a_row_that_only_has_its_first_quantity_is_left_out(manager: Client, channel: Channel) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug", unit_price=Decimal(39))])
    manager.post(reverse("orders:order_create"), order_form(channel, **{"quantity-1": "1", "quantity-2": "1"}))
    assert Order.objects.get().unit_count == 2


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        ("sku-0", {"sku-0": "MUG-2"}),
        ("sku-1", {"quantity-1": "5", "price-0": "39"}),
        ("quantity-0", {"quantity-0": "0", "price-0": "39"}),
        ("price-0", {"price-0": "-1"}),
        ("price-0", {}),
    ],
)
def test_a_wrong_field_of_a_line_looks_wrong_and_tells_screen_readers(
    manager: Client, channel: Channel, wrong: str, values: dict[str, Any]
) -> None:
    upsert_skus([SkuDraft("MUG-1", name="Mug")])
    page = manager.post(reverse("orders:order_create"), order_form(channel, **values)).content.decode()
    marked = [field for field in re.findall(r"<input[^>]*>", page) if "is-invalid" in field]
    assert re.findall(r'name="([^"]+)"', "".join(marked)) == [wrong]
    assert 'aria-invalid="true"' in marked[0]
    assert f'aria-describedby="id_{wrong}_error"' in marked[0]
    assert f'id="id_{wrong}_error"' in page


def test_a_pasted_address_is_taken_apart_into_the_forms_fields(manager: Client) -> None:
    page = manager.get(reverse("orders:order_create")).content.decode()
    assert "data-paste-address" in page
    assert "js/address" in page
    assert "&quot;street&quot;: &quot;street&quot;" in page


def test_more_lines(manager: Client, channel: Channel) -> None:
    answer = manager.post(reverse("orders:order_create"), order_form(channel, more="1"))
    page = answer.content.decode()
    assert 'name="sku-5"' in page
    assert 'value="MUG-1"' in page
    assert not Order.objects.exists()


FILE = "Order;When;SKU;Qty;Price\nX-1;01/03/2025 10:00;MUG-1;2;10,00\n".replace(",00", ".00")


def test_a_file_is_mapped_saved_and_imported(manager: Client, channel: Channel) -> None:
    upload = SimpleUploadedFile("orders.csv", FILE.encode())
    answer = manager.post(reverse("orders:import_new"), {"channel": channel.pk, "file": upload})
    url = answer.headers["Location"]
    page = manager.get(url).content.decode()
    price = page.partition('for="id_column-lines.unit_price"')[2].partition("</div>")[0]
    assert "the line amount ÷ the quantity is taken" in price
    assert "optional" not in price
    assert "01/03/2025 10:00" in page
    form = {
        "column-external_id": "Order",
        "column-placed_at": "When",
        "column-lines.sku": "SKU",
        "column-lines.quantity": "Qty",
        "repeated_rows": "keep",
        "date_format": "%d/%m/%Y %H:%M",
        "save_as": "shop export",
        "preset": "",
    }
    refused = manager.post(url, form)
    assert refused.status_code == 422
    assert "An order can&#x27;t be made without this" in refused.content.decode()
    answer = manager.post(url, {**form, "column-lines.unit_price": "Price"})
    job = Job.objects.get()
    assert answer.headers["Location"] == reverse("jobs:job_detail", args=[job.pk])
    run_job(job.pk)
    order = Order.objects.get()
    assert (order.external_id, order.total, order.placed_at.month) == ("X-1", Decimal(20), 3)
    assert ImportMapping.objects.get().is_default
    again = manager.get(url, follow=True).content.decode()
    assert "is gone" in again


MAPPED = {
    "column-external_id": "Order",
    "column-placed_at": "When",
    "column-lines.sku": "SKU",
    "column-lines.quantity": "Qty",
    "column-lines.unit_price": "Price",
    "repeated_rows": "keep",
    "save_as": "shop export",
    "preset": "",
}


def uploaded(manager: Client, channel: Channel, text: str) -> str:
    """The address of the second step."""
    upload = SimpleUploadedFile("orders.csv", text.encode())
    return manager.post(reverse("orders:import_new"), {"channel": channel.pk, "file": upload}).headers["Location"]


def test_dates_that_cant_be_read_are_refused_before_the_import(manager: Client, channel: Channel) -> None:
    url = uploaded(manager, channel, FILE)
    page = manager.post(url, MAPPED)
    assert page.status_code == 422
    text = page.content.decode()
    assert "“01/03/2025 10:00” isn&#x27;t read as a date" in text
    assert "It may be “31/12/2026 14:30” or “12/31/2026 14:30”." in text
    assert not Job.objects.exists()
    assert not ImportMapping.objects.exists()


def test_how_dates_are_written_is_chosen_from_examples_and_told_by_the_file(manager: Client, channel: Channel) -> None:
    told = FILE.replace("When", "placed_at").replace("01/03", "31/03")
    page = manager.get(uploaded(manager, channel, told)).content.decode()
    assert '<option value="%d/%m/%Y %H:%M" selected>31/12/2026 14:30</option>' in page
    assert ">12/31/2026</option>" in page
    assert "orders are unpaid" in page
    unsure = manager.get(uploaded(manager, channel, FILE.replace("When", "placed_at"))).content.decode()
    assert '<option value="" selected>' in unsure


def test_the_page_says_what_is_read_from_each_column(manager: Client, channel: Channel) -> None:
    page = manager.get(uploaded(manager, channel, FILE.replace("SKU", "Ding"))).content.decode()
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert head.count("not read") == 2  # "When" and "Ding"
    assert '<span class="tag">Order number</span>' in head


def test_a_mapping_is_kept_only_with_its_import(manager: Client, channel: Channel, settings: Any) -> None:
    url = uploaded(manager, channel, FILE.replace("01/03/2025", "01.03.2025"))
    settings.UPLOAD_MAX_BYTES = 10
    page = manager.post(url, MAPPED, follow=True).content.decode()
    assert "The file is larger than" in page
    assert not Job.objects.exists()
    assert not ImportMapping.objects.exists()


def test_an_import_begins_only_with_its_mapping_kept(
    manager: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_values: Any) -> None:
        raise DomainError("no")

    monkeypatch.setattr(channels, "record", refuse)
    url = uploaded(manager, channel, FILE.replace("01/03/2025", "01.03.2025"))
    manager.post(url, MAPPED)
    assert not Job.objects.exists()
    assert manager.get(url).status_code == 200, "the upload is still there"


@pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"\x00\x01\x02\x03\x04", "neither a text file")])
def test_files_that_are_no_tables(manager: Client, channel: Channel, content: bytes, said: str) -> None:
    upload = SimpleUploadedFile("orders.csv", content)
    answer = manager.post(reverse("orders:import_new"), {"channel": channel.pk, "file": upload})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_upload_that_vanishes_while_old_ones_are_dropped_stops_no_other(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "gone.csv").symlink_to(tmp_path / "nothing")
    name = keep_upload(SimpleUploadedFile("orders.csv", FILE.encode()))
    assert find_upload(name).read_text() == FILE


def test_a_forged_token_leads_nowhere(manager: Client) -> None:
    assert manager.get(reverse("orders:import_map", args=["forged:token"])).status_code == 404
