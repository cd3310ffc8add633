from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.audit.models import AuditEntry
from inventory.enums import SkuStatus
from inventory.models import Product, Sku, SkuAlias, SkuBarcode
from inventory.rules.catalogue import FieldProblem, SkuDraft, Upserted
from inventory.selectors import resolve_skus
from inventory.services import set_sku_status, upsert_skus
from tests.factories.inventory import make_sku

pytestmark = pytest.mark.django_db

GTIN = "05012345678900"


def upsert(*drafts: SkuDraft):
    return upsert_skus(drafts)


def test_a_new_sku_gets_product_barcode_and_alias():
    draft = SkuDraft("MUG", name="Mug", unit_price=Decimal("4.5"), barcodes=[GTIN], aliases=[("shop", "M-1")])
    [outcome] = upsert(draft)
    assert outcome.result == Upserted.CREATED
    sku = Sku.objects.get()
    assert (sku.pk, sku.name, sku.unit_price, sku.product.code, sku.product.name) == (
        outcome.sku_id,
        "Mug",
        Decimal("4.5"),
        "MUG",
        "Mug",
    )
    assert SkuBarcode.objects.get().gtin == GTIN
    assert str(SkuAlias.objects.get()) == "shop:M-1"
    assert AuditEntry.objects.get(action="inventory.sku_created").subject_id == sku.pk


def test_what_a_draft_leaves_out_stays():
    upsert(SkuDraft("MUG", name="Mug", unit_price=Decimal(4), bin_location="A1", category="Kitchen"))
    [outcome] = upsert(SkuDraft("mug", unit_price=Decimal(5)))
    assert outcome.result == Upserted.UPDATED
    sku = Sku.objects.select_related("product").get()
    assert (sku.code, sku.name, sku.unit_price, sku.bin_location) == ("MUG", "Mug", Decimal(5), "A1")
    assert sku.product.category == "Kitchen"
    assert AuditEntry.objects.get(action="inventory.sku_changed").changes == {"unit_price": ["4.0000", "5"]}


def test_the_same_again_changes_nothing():
    draft = SkuDraft("MUG", name="Mug", barcodes=[GTIN], aliases=[("", "M-1")], product_code="MUGS")
    upsert(draft)
    entries = AuditEntry.objects.count()
    assert [outcome.result for outcome in upsert(draft)] == [Upserted.UNCHANGED]
    assert AuditEntry.objects.count() == entries


def test_a_new_sku_needs_a_name():
    [outcome] = upsert(SkuDraft("MUG"))
    assert (outcome.result, outcome.problems) == (
        Upserted.REFUSED,
        [FieldProblem("name", "A new SKU needs a name.")],
    )
    assert not Sku.objects.exists()
    assert not Product.objects.exists()


def test_a_barcode_or_alias_of_another_sku_refuses_only_that_draft():
    upsert(SkuDraft("MUG", name="Mug", barcodes=[GTIN], aliases=[("shop", "M-1")]))
    results = upsert(
        SkuDraft("CUP", name="Cup", barcodes=[GTIN]),
        SkuDraft("JUG", name="Jug", aliases=[("shop", "m-1")]),
        SkuDraft("PAN", name="Pan", aliases=[("other", "M-1")]),
    )
    assert [outcome.result.value for outcome in results] == ["refused", "refused", "created"]
    assert [problem.field for outcome in results for problem in outcome.problems] == ["barcodes", "aliases"]


def test_two_drafts_of_one_call_cannot_share_a_barcode():
    first, second = upsert(SkuDraft("MUG", name="Mug", barcodes=[GTIN]), SkuDraft("CUP", name="Cup", barcodes=[GTIN]))
    assert (first.result, second.result) == (Upserted.CREATED, Upserted.REFUSED)


def test_variants_share_a_product():
    upsert(
        SkuDraft("MUG-R", name="Mug red", product_code="MUG", product_name="Mug"),
        SkuDraft("MUG-B", name="Mug blue", product_code="MUG", category="Kitchen"),
    )
    product = Product.objects.get()
    assert (product.name, product.category, product.skus.count()) == ("Mug", "Kitchen", 2)


def test_statements_are_as_many_for_1_draft_as_for_300():
    def run(codes: range) -> int:
        drafts = [
            SkuDraft(f"S{n}", name=f"Thing {n}", barcodes=[f"{n:014d}"], aliases=[("shop", f"x{n}")]) for n in codes
        ]
        with CaptureQueriesContext(connection) as queries:
            upsert(*drafts)
        return len(queries)

    assert run(range(1)) == run(range(1, 300))


def test_status_is_set_in_bulk_with_audit():
    skus = [make_sku(), make_sku(), make_sku(status=SkuStatus.INACTIVE)]
    ids = [sku.pk for sku in skus]
    assert set_sku_status(sku_ids=ids, status=SkuStatus.INACTIVE, actor=SYSTEM) == 2
    assert set(Sku.objects.values_list("status", flat=True)) == {"inactive"}
    assert AuditEntry.objects.filter(action="inventory.sku_changed").count() == 2


class TestResolve:
    def test_order_of_alias_code_and_barcode(self):
        by_code = make_sku("ABC")
        aliased, everywhere, scanned = make_sku("A-1"), make_sku("A-2"), make_sku("A-3")
        SkuAlias.objects.create(source="shop", external_sku="abc", sku=aliased)
        SkuAlias.objects.create(source="", external_sku="XYZ", sku=everywhere)
        SkuBarcode.objects.create(gtin=GTIN, sku=scanned)
        codes = ["ABC", "xyz", "5012345678900", "nothing", ""]
        found = {code: ref.id for code, ref in resolve_skus("shop", codes).items()}
        assert found == {"ABC": aliased.pk, "xyz": everywhere.pk, "5012345678900": scanned.pk}
        assert resolve_skus("other", ["aBc"])["aBc"].id == by_code.pk

    def test_it_says_what_an_order_needs(self):
        make_sku("OLD", status=SkuStatus.INACTIVE, is_stocked=False)
        ref = resolve_skus("", ["old"])["old"]
        assert (ref.code, ref.is_active, ref.stocked, ref.weight_g, ref.unit_price) == (
            "OLD",
            False,
            False,
            300,
            Decimal("9.9"),
        )

    def test_one_statement(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            resolve_skus("shop", [f"S{n}" for n in range(500)])
        with django_assert_num_queries(0):
            assert resolve_skus("shop", []) == {}
