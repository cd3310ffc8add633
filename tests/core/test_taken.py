"""Two who make a thing of the same code at once: one makes it, the other reads which field is taken."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin, action
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from core.actor import SYSTEM
from core.admin_site import ConsoleAdminSite
from core.audit.models import AuditEntry
from core.taken import Taken, refused_if_taken
from inventory.models import Product, Sku, SkuAlias, SkuBarcode, Warehouse
from inventory.rules.catalogue import SkuDraft, Upserted
from inventory.services import add_alias, add_barcode, save_product, save_warehouse, upsert_skus
from orders.models import Channel
from orders.services.channels import create_channel
from supply_chain.models import Supplier
from supply_chain.services.suppliers import save_supplier
from tests.core.threads import lock_around, raise_errors, run_together
from tests.factories.accounts import make_superuser
from tests.factories.inventory import make_product, make_sku

pytestmark = pytest.mark.django_db(transaction=True)

GTIN = "04006381333931"


def new_channel() -> Channel:
    return create_channel(code="shop", values={"name": "Shop"}, actor=SYSTEM)


def new_warehouse() -> Warehouse:
    return save_warehouse(warehouse=Warehouse(code="HZ", name="Hangzhou", country="CN"), before={}, actor=SYSTEM)


def new_supplier() -> Supplier:
    return save_supplier(supplier=Supplier(code="S1", name="Mill"), before={}, actor=SYSTEM)


@pytest.mark.parametrize("create", [new_channel, new_warehouse, new_supplier])
def test_a_code_is_given_away_once(create):
    results = run_together(create, create, create)
    refusals = [result for result in results if isinstance(result, Taken)]
    made = raise_errors([result for result in results if result not in refusals])
    assert (len(made), len(refusals)) == (1, 2)
    assert {refusal.field for refusal in refusals} == {"code"}
    assert "already exists" in str(refusals[0])
    assert AuditEntry.objects.count() == 1, "what was refused left nothing"


def test_a_barcode_and_an_alias_belong_to_one_sku():
    skus = [make_sku("A"), make_sku("B")]
    barcodes = run_together(*[lambda sku=sku: add_barcode(sku=sku, gtin=GTIN, actor=SYSTEM) for sku in skus])
    aliases = run_together(
        *[lambda sku=sku: add_alias(sku=sku, source="shop", external_sku="x-1", actor=SYSTEM) for sku in skus]
    )
    assert [result.field for result in barcodes if isinstance(result, Taken)] == ["gtin"]
    assert [result.field for result in aliases if isinstance(result, Taken)] == ["external_sku"]
    assert (SkuBarcode.objects.count(), SkuAlias.objects.count()) == (1, 1)


def test_a_change_takes_no_code_of_another():
    make_product("A")
    product = make_product("B")
    product.code = "A"
    with pytest.raises(Taken) as refused:
        save_product(product=product, before={"code": "B"}, actor=SYSTEM)
    assert refused.value.field == "code"
    assert Product.objects.filter(code="B").exists()


def test_other_faults_stay_what_they_are():
    with pytest.raises(Exception, match="not-null"), refused_if_taken(Product()):
        Product.objects.create(code=None)


def signed_in() -> Client:
    client = Client()
    client.force_login(make_superuser(), "core.accounts.backends.RoleBackend")
    return client


def posted_behind(create: Callable[[], Any], url: str, form: dict[str, Any]) -> Any:
    """The answer to a form that was checked while somebody else's row of the same code wasn't committed yet."""
    client = signed_in()
    _made, answer = raise_errors(
        lock_around(lambda make: make(), (create, lambda: None), lambda: client.post(url, form))
    )
    return answer


CHANNEL = {
    "code": "shop", "name": "Mine", "kind": "api", "is_active": "on", "currency": "CNY", "country": "CN",
    "time_zone": "Asia/Shanghai", "duplicate_window_hours": "24",
}  # fmt: skip


WAREHOUSE = {"code": "HZ", "name": "Mine", "country": "CN", "priority": "1", "time_zone": "Asia/Shanghai"}


def test_the_form_names_the_field():
    answer = posted_behind(new_channel, reverse("orders:channel_create"), CHANNEL)
    assert answer.status_code == 422
    assert "code" in answer.context["form"].errors
    assert Channel.objects.get().name == "Shop"


@pytest.mark.parametrize("file_first", [True, False])
def test_a_file_and_the_administration_site_make_one_sku(file_first):
    form = {
        "code": "MUG", "product": make_product("MUG").pk, "name": "Mine", "status": "active", "is_stocked": "on",
        "currency": "CNY", "barcodes-TOTAL_FORMS": 0, "barcodes-INITIAL_FORMS": 0, "aliases-TOTAL_FORMS": 0,
        "aliases-INITIAL_FORMS": 0,
    }  # fmt: skip
    client, url, draft = signed_in(), reverse("admin:inventory_sku_add"), SkuDraft(code="MUG", name="Mug")
    by_file, by_form = lambda: upsert_skus([draft]), lambda: client.post(url, form)
    first, second = (by_file, by_form) if file_first else (by_form, by_file)
    results = raise_errors(lock_around(lambda make: make(), (first, lambda: None), second))
    if file_first:
        assert set(results[1].context["adminform"].form.errors) == {"code"}
    else:
        assert results[1][0].result == Upserted.UPDATED
    assert Sku.objects.get().name == "Mug"


@pytest.mark.parametrize(
    ("create", "model", "form"),
    [
        (new_channel, "orders_channel", CHANNEL),
        (new_warehouse, "inventory_warehouse", WAREHOUSE),
    ],
)
def test_the_administration_site_names_the_field(create, model, form):
    answer = posted_behind(create, reverse(f"admin:{model}_add"), form)
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {"code"}


class Tallying(ModelAdmin[Channel]):
    """Its action is refused after it has begun."""

    actions = ("tally",)
    tallied = 0

    @action(description="Tally")
    def tally(self, request: HttpRequest, rows: QuerySet[Channel]) -> None:
        self.tallied += rows.count()
        raise Taken


def test_an_action_in_a_list_of_the_administration_site_runs_once(rf):
    site, channel = ConsoleAdminSite(), new_channel()
    tallying = Tallying(Channel, site)
    request = rf.post("/", {"action": "tally", "_selected_action": [channel.pk]})
    request.user, request._dont_enforce_csrf_checks = make_superuser(), True
    with pytest.raises(Taken):
        site.admin_view(tallying.changelist_view)(request)
    assert tallying.tallied == 1, "what the first try did before it was refused is there to stay"


def test_nothing_is_left_of_the_first_try():
    with transaction.atomic():
        new_channel()
        with pytest.raises(Taken):
            new_channel()
        assert Channel.objects.count() == 1
