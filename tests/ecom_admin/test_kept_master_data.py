"""Master data that orders, stock and parcels refer to can't be deleted on the administration site."""

import pytest
from django.db.models import Model
from django.urls import reverse

from tests.factories.accounts import make_superuser
from tests.factories.inventory import make_product, make_sku, make_warehouse
from tests.factories.logistics import make_carrier
from tests.factories.orders import make_channel
from tests.factories.supply_chain import make_supplier

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "make",
    [make_warehouse, make_product, make_sku, make_carrier, make_supplier, make_channel],
    ids=lambda make: make.__name__,
)
def test_it_is_switched_off_instead(client, make):
    client.force_login(make_superuser(), "core.accounts.backends.RoleBackend")
    row: Model = make()
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    page = client.get(reverse(f"{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert reverse(f"{name}_delete", args=[row.pk]) not in page.content.decode()
    assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(reverse(f"{name}_changelist")).content.decode()
    row.refresh_from_db()
