"""The files in examples/ import as they are."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from inventory.models import Sku, StockLevel
from inventory.selectors import stock_differences
from tests.factories.inventory import make_warehouse

pytestmark = pytest.mark.django_db
EXAMPLES = Path(settings.BASE_DIR) / "examples"


@pytest.mark.parametrize("name", ["home_goods", "uci"])
def test_catalogue_and_stock(name, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    for code in ("HZ", "SZ", "LDN"):
        make_warehouse(code)
    for command, kind in (("import_products", "products"), ("import_stock", "stock")):
        out = StringIO()
        call_command(command, EXAMPLES / f"{name}_{kind}.csv", stdout=out)
        assert ", 0 failed." in out.getvalue()
    assert Sku.objects.filter(is_stocked=True, levels__isnull=True).count() == 0
    assert StockLevel.objects.filter(on_hand__gt=0).exists()
    assert stock_differences() == []
