import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.audit.models import AuditEntry
from core.jobs.models import Job
from core.ui import lists
from core.ui.search import search_all
from inventory.documents import DocumentLink, register_document
from inventory.enums import SkuStatus
from inventory.models import Product, Sku, SkuAlias, SkuBarcode, StockLevel, StockMovement, Warehouse
from inventory.services import reserve
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import claim, level, make_sku, make_warehouse, stock
from tests.factories.orders import make_channel

pytestmark = pytest.mark.django_db

LISTS = ["level_list", "sku_list", "product_list", "movement_list", "reservation_list", "warehouse_list"]


@pytest.fixture
def manager(client):
    user = make_superuser()
    client.force_login(user)
    return user


def limit(user, warehouse: Warehouse) -> None:
    AccessScope.objects.create(user=user, kind="warehouse", object_id=warehouse.pk)


def filled(count: int) -> tuple[Warehouse, list[Sku]]:
    warehouse = make_warehouse()
    skus = [make_sku() for _ in range(count)]
    for line, sku in enumerate(skus):
        stock(warehouse, sku, 10)
        reserve([claim(warehouse, sku, 2, warehouse.pk * 1000 + line)])
    return warehouse, skus


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_1_row_and_for_3(client, manager, name):
    def queries(rows: int) -> int:
        filled(rows)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(f"inventory:{name}"), {"sort": ""}).status_code == 200
        return len(captured)

    queries(1)  # fills caches
    assert queries(1) == queries(3)


def test_declared_lists_sort_by_indexes_only():
    every = lists.keys()
    keys = [key for key in every if key.startswith("inventory.")]
    assert len(keys) == 6
    assert [problem for key in keys for problem in lists.get(key).check()] == []


def test_sku_page_costs_the_same_for_1_movement_and_for_many(client, manager):
    warehouse, [sku] = filled(1)
    url = reverse("inventory:sku_detail", args=[sku.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        assert client.get(url).status_code == 200
    for line in range(5):
        stock(warehouse, sku, 1)
        reserve([claim(warehouse, sku, 1, 99_000 + line)])
    with CaptureQueriesContext(connection) as many:
        html = client.get(url).content.decode()
    assert len(few) == len(many)
    assert warehouse.name in html


def test_ledger_shows_the_running_balance_and_links(client, manager):
    register_document("tests.note", lambda _user, ids: {pk: DocumentLink(f"Note {pk}", f"/notes/{pk}/") for pk in ids})
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)
    stock(warehouse, sku, 5)
    reserve([claim(warehouse, sku, 4, 7)._replace(document="tests.note")])
    response = client.get(reverse("inventory:sku_detail", args=[sku.pk]))
    html = response.content.decode()
    assert '<a href="/notes/7/">Note 7</a>' in html
    from inventory.panels import ledger_panel

    content = ledger_panel(response.wsgi_request, sku)
    assert content is not None
    assert [(row.bucket, row.quantity, row.balance) for row, _link in content.context["entries"]] == [
        ("reserved", 4, 4),
        ("on_hand", 5, 15),
        ("on_hand", 10, 10),
    ]


class TestScope:
    def test_lists_ids_search_and_forms_show_only_own_warehouses(self, client):
        user = make_user(Role.WAREHOUSE_OPERATOR)
        own, other, sku = make_warehouse("OWN"), make_warehouse("OTHER"), make_sku("MUG")
        stock(own, sku, 3)
        stock(other, sku, 50)
        limit(user, own)
        client.force_login(user)
        for name in ("level_list", "movement_list", "warehouse_list"):
            html = client.get(reverse(f"inventory:{name}")).content.decode()
            assert "Warehouse OWN" in html, name
            assert "Warehouse OTHER" not in html, name
        assert client.get(reverse("inventory:warehouse_detail", args=[other.pk])).status_code == 404
        page = client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
        assert "3 available of 3 on hand" in page
        assert "Warehouse OTHER" not in page
        foreign = level(other, sku)
        assert client.get(reverse("inventory:stock_safety", args=[foreign.pk])).status_code == 404
        adjust = {"warehouse": other.pk, "sku": "MUG", "mode": "delta", "quantity": "1", "reason": "Found"}
        assert client.post(reverse("inventory:stock_adjust"), adjust).status_code == 422
        assert level(other, sku).on_hand == 50

    def test_export_and_bulk_rows_come_from_the_same_queryset(self):
        from django.http import QueryDict

        user = make_user(Role.WAREHOUSE_OPERATOR)
        own, other, sku = make_warehouse(), make_warehouse(), make_sku()
        stock(own, sku, 1)
        stock(other, sku, 1)
        limit(user, own)
        for key in ("inventory.stocklevel", "inventory.stockmovement"):
            rows = lists.get(key).queryset_for(user, QueryDict(""))
            assert {row.warehouse_id for row in rows} == {own.pk}
            every = lists.get(key).model._default_manager.values_list("pk", flat=True)
            assert lists.get(key).queryset_for(user, QueryDict(""), ids=every).count() == 1

    def test_stock_import_refuses_other_warehouses(self, client, settings, tmp_path):
        from core.jobs.running import run_job

        settings.MEDIA_ROOT = tmp_path
        user = make_user(Role.WAREHOUSE_OPERATOR)
        own = make_warehouse("OWN")
        make_warehouse("OTHER")
        make_sku("MUG")
        limit(user, own)
        client.force_login(user)
        upload = SimpleUploadedFile("stock.csv", b"warehouse,sku,quantity\nOWN,MUG,1\nOTHER,MUG,1\n")
        response = client.post(reverse("inventory:import_stock"), {"mode": "opening", "file": upload})
        job = Job.objects.get()
        assert response["Location"] == reverse("jobs:job_detail", args=[job.pk])
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.succeeded, job.failed) == (1, 1)
        assert StockLevel.objects.get().warehouse == own


class TestRights:
    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("stock_adjust", {"mode": "delta", "quantity": "1", "reason": "Found"}),
            ("sku_create", {"code": "X", "name": "X"}),
            ("import_products", {}),
            ("warehouse_create", {"code": "X"}),
        ],
    )
    def test_wrong_role_is_refused_and_changes_nothing(self, client, name, data):
        client.force_login(make_user(Role.MARKETER))
        before = (Sku.objects.count(), StockMovement.objects.count(), Warehouse.objects.count())
        assert client.get(reverse(f"inventory:{name}")).status_code == 403
        assert client.post(reverse(f"inventory:{name}"), data).status_code == 403
        assert (Sku.objects.count(), StockMovement.objects.count(), Warehouse.objects.count()) == before

    @pytest.mark.parametrize("name", [*LISTS, "stock_adjust", "sku_create", "import_stock"])
    def test_anonymous_is_sent_to_sign_in(self, client, name):
        response = client.get(reverse(f"inventory:{name}"))
        assert response.status_code == 302
        assert "login" in response["Location"]


class TestAdjust:
    def post(self, client, **data):
        return client.post(reverse("inventory:stock_adjust"), data)

    def test_the_same_form_sent_again_adjusts_once(self, client, manager):
        warehouse, sku = make_warehouse(), make_sku("MUG")
        stock(warehouse, sku, 10)
        once = client.get(reverse("inventory:stock_adjust")).context["once"]
        data = {"warehouse": warehouse.pk, "sku": "mug", "mode": "delta", "reason": "Damaged", "once": once}
        assert self.post(client, **data, quantity="-100").status_code == 422  # refused: done by no form yet
        stock(warehouse, sku, 90)
        first = self.post(client, **data, quantity="-3")
        again = self.post(client, **data, quantity="-3")
        assert (first.status_code, again["Location"]) == (302, first["Location"])
        assert level(warehouse, sku).on_hand == 97
        assert "nothing was done again" in client.get(again["Location"]).content.decode()

    def test_gone_back_to_and_filled_in_anew_it_adjusts_again(self, client, manager):
        warehouse, sku = make_warehouse(), make_sku("MUG")
        stock(warehouse, sku, 10)
        once = client.get(reverse("inventory:stock_adjust")).context["once"]
        data = {"warehouse": warehouse.pk, "sku": "mug", "mode": "delta", "reason": "Damaged", "once": once}
        self.post(client, **data, quantity="-3")
        self.post(client, **data, quantity="-4")
        self.post(
            client, **{**data, "once": client.get(reverse("inventory:stock_adjust")).context["once"]}, quantity="-3"
        )
        assert level(warehouse, sku).on_hand == 0

    def test_by_difference_with_ledger_and_audit(self, client, manager):
        warehouse, sku = make_warehouse(), make_sku("MUG")
        stock(warehouse, sku, 10)
        data = {"warehouse": warehouse.pk, "sku": "mug", "mode": "delta", "quantity": "-3", "reason": "Damaged"}
        response = self.post(client, **data, note="dropped")
        assert response["Location"] == reverse("inventory:sku_detail", args=[sku.pk])
        assert level(warehouse, sku).on_hand == 7
        movement = StockMovement.objects.get(kind="adjustment")
        assert (movement.quantity, movement.reason, movement.actor) == (-3, "Damaged: dropped", manager)
        entry = AuditEntry.objects.get(action="inventory.stock_adjusted")
        assert (entry.changes, entry.reason, entry.actor_id) == (
            {"on_hand": [10, 7]},
            "Damaged: dropped",
            manager.pk,
        )

    def test_to_a_counted_quantity(self, client, manager):
        warehouse, sku = make_warehouse(), make_sku()
        stock(warehouse, sku, 10)
        data = {"warehouse": warehouse.pk, "sku": sku.code, "mode": "counted", "quantity": "1,012"}
        self.post(client, **data, reason="Found")
        assert level(warehouse, sku).on_hand == 1012

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"reason": ""}, "required"),
            ({"reason": "other"}, "Say what happened"),
            ({"quantity": "0"}, "Zero changes nothing"),
            ({"quantity": "many"}, "whole number"),
            ({"quantity": "-9"}, "8 are reserved"),
            ({"quantity": "-11"}, "enough stock"),
            ({"mode": "counted", "quantity": "-1"}, "fewer than none"),
            ({"sku": "NONE"}, "No SKU has this code"),
        ],
    )
    def test_refusals_keep_what_was_typed_and_change_nothing(self, client, manager, changes, words):
        warehouse, sku = make_warehouse(), make_sku("MUG")
        stock(warehouse, sku, 10)
        reserve([claim(warehouse, sku, 8, 1)])
        data = {"warehouse": warehouse.pk, "sku": "MUG", "mode": "delta", "quantity": "1", "reason": "Found"}
        response = self.post(client, **data | changes)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert level(warehouse, sku).on_hand == 10


class TestSku:
    def test_create_and_edit(self, client, manager):
        data = {"code": "MUG", "name": "Mug", "status": "active", "is_stocked": "on", "currency": "GBP"}
        response = client.post(reverse("inventory:sku_create"), data | {"unit_price": "4.50", "product_code": "MUGS"})
        sku = Sku.objects.get()
        assert response["Location"] == reverse("inventory:sku_detail", args=[sku.pk])
        assert (sku.product.code, sku.unit_price) == ("MUGS", Decimal("4.5"))
        client.post(reverse("inventory:sku_edit", args=[sku.pk]), data | {"name": "Big mug", "product_code": "MUGS"})
        sku.refresh_from_db()
        assert (sku.name, sku.unit_price) == ("Big mug", None)

    def test_create_refuses_a_code_that_exists(self, client, manager):
        make_sku("MUG")
        data = {"code": "mug", "name": "x", "status": "active", "currency": "CNY"}
        response = client.post(reverse("inventory:sku_create"), data)
        assert response.status_code == 422
        assert "belongs to another SKU" in response.content.decode()

    def test_status_barcode_and_alias(self, client, manager):
        sku = make_sku("MUG")
        client.post(reverse("inventory:sku_status", args=[sku.pk, "inactive"]))
        sku.refresh_from_db()
        assert sku.status == SkuStatus.INACTIVE
        add = reverse("inventory:barcode_add", args=[sku.pk])
        assert "would be 0" in client.post(add, {"gtin": "5012345678901"}).content.decode()
        client.post(add, {"gtin": "501-2345 678900"})
        client.post(reverse("inventory:alias_add", args=[sku.pk]), {"source": "Shop", "external_sku": "M-1"})
        page = client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
        assert "5012345678900" in page
        assert "M-1" in page
        client.post(reverse("inventory:barcode_remove", args=[sku.pk, SkuBarcode.objects.get().pk]))
        client.post(reverse("inventory:alias_remove", args=[sku.pk, SkuAlias.objects.get().pk]))
        assert not SkuBarcode.objects.exists()
        assert not SkuAlias.objects.exists()
        assert AuditEntry.objects.filter(action="inventory.sku_changed", subject_id=sku.pk).count() == 5

    def test_an_alias_names_its_channel(self, client, manager):
        sku = make_sku("MUG")
        make_channel("web-cn", name="Web shop 官网")
        for source in ("web-cn", "gone", ""):
            SkuAlias.objects.create(sku=sku, source=source, external_sku=f"M-{source}")
        page = client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
        tags = re.findall(r'<span class="tag">([^<]+)</span> ', page)
        assert sorted(tags) == ["Web shop 官网", "all channels", "gone"]

    def test_global_search_finds_code_name_barcode_and_alias(self, manager):
        sku = make_sku("WHM-100", name="White hanging heart T-light holder")
        SkuBarcode.objects.create(sku=sku, gtin="05012345678900")
        SkuAlias.objects.create(sku=sku, source="shop", external_sku="X9")
        chinese = make_sku("CN-1", name="陶瓷马克杯")
        make_sku("OTHER", name="Something else")
        for query in ("whm-1", "hanging hea", "5012345678900", "x9"):
            [group] = [group for group in search_all(user=manager, query=query) if group.provider.code == "skus"]
            assert [hit.title for hit in group.hits] == ["WHM-100"], query
        [group] = [group for group in search_all(user=manager, query="马克杯") if group.provider.code == "skus"]
        assert [hit.title for hit in group.hits] == [chinese.code]


def test_stock_filters(client, manager):
    warehouse = make_warehouse()
    for code, quantity, safety in (("OUT", 0, 0), ("LOW", 5, 3), ("FINE", 50, 3), ("BELOW", 2, 3)):
        sku = make_sku(code)
        stock(warehouse, sku, quantity or 1)
        StockLevel.objects.filter(sku=sku).update(safety=safety, on_hand=quantity)
    url = reverse("inventory:level_list")

    def codes(**query) -> set[str]:
        return {row.sku.code for row in client.get(url, query).context["pagination"].rows}

    assert codes(availability="out") == {"OUT", "BELOW"}
    assert codes(availability="low") == {"LOW"}
    assert codes(availability="below") == {"BELOW"}
    assert codes(availability="in", q="fi") == {"FINE"}
    assert codes(warehouse=make_warehouse().pk) == set()


def test_product_and_warehouse_forms(client, manager):
    sku = make_sku()
    url = reverse("inventory:product_edit", args=[sku.product_id])
    client.post(url, {"code": sku.product.code, "name": "Renamed", "is_active": "on"})
    assert Product.objects.get(pk=sku.product_id).name == "Renamed"
    assert AuditEntry.objects.get(action="inventory.product_changed").changes["name"][1] == "Renamed"
    assert client.get(reverse("inventory:product_detail", args=[sku.product_id])).status_code == 200
    data = {"code": "sh", "name": "Shanghai", "is_active": "on", "priority": 10, "country": "CN", "cut_off": "16:30"}
    data |= {"serves_countries": "cn, HK", "time_zone": "Asia/Shanghai", "city": "上海市"}
    empty = client.get(reverse("inventory:warehouse_create")).content.decode()
    assert '<option value="CN" selected>' in empty
    assert '<option value="Asia/Shanghai" selected>' in empty
    assert (
        "is no ISO"
        in client.post(reverse("inventory:warehouse_create"), data | {"serves_countries": "XX"}).content.decode()
    )
    response = client.post(reverse("inventory:warehouse_create"), data)
    warehouse = Warehouse.objects.get()
    assert response["Location"] == reverse("inventory:warehouse_detail", args=[warehouse.pk])
    assert (warehouse.code, warehouse.serves_countries) == ("SH", ["CN", "HK"])
    assert "Shanghai" in client.get(response["Location"]).content.decode()


@pytest.mark.parametrize("kind", ["import_products", "import_stock"])
def test_the_template_can_be_imported_as_it_is(client, manager, settings, tmp_path, kind):
    from core.actor import SYSTEM
    from core.jobs.running import run_job
    from core.jobs.services import start_job

    settings.MEDIA_ROOT = tmp_path / "media"
    make_warehouse("MAIN")
    if kind == "import_stock":
        make_sku("MUG-WHITE")
    for suffix in ("csv", "xlsx"):
        response = client.get(reverse("inventory:import_template", args=[kind, suffix]))
        path = tmp_path / f"file.{suffix}"
        path.write_bytes(response.content)
        job = start_job(kind=f"inventory.{kind}", params={"mode": "count"}, actor=SYSTEM, input_file=path)
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.status, job.failed, job.succeeded + job.skipped) == ("done", 0, 1)


def test_today_card_counts_what_is_out(client, manager):
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 1)
    reserve([claim(warehouse, sku, 1, 1)])
    html = client.get("/?card=inventory.stock").content.decode()
    assert "availability=out" in html


def test_the_administration_site_refuses_a_warehouse_that_would_stop_the_release(client):
    warehouse = make_warehouse("W9", country="CN", time_zone="Asia/Shanghai")
    client.force_login(make_superuser())
    url = f"/admin/inventory/warehouse/{warehouse.pk}/change/"
    values = {"code": "W9", "name": "W9", "country": "CN", "priority": "1", "is_active": "on", "serves_countries": "cn"}
    client.post(url, values | {"time_zone": "Asia/Nowhere"})
    warehouse.refresh_from_db()
    assert warehouse.time_zone == "Asia/Shanghai"
    client.post(url, values | {"time_zone": "Europe/Berlin"})
    warehouse.refresh_from_db()
    assert (warehouse.time_zone, warehouse.serves_countries) == ("Europe/Berlin", ["CN"])
