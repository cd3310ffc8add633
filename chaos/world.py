"""What a run begins with: an empty database of the newest schema, one shop, two warehouses, goods, two carriers."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection

from chaos.environment import BASE_DIR
from chaos.payloads import FILE_COLUMNS
from core.accounts.roles import Role
from core.accounts.services import create_api_key, create_user
from core.actor import SYSTEM, Actor
from inventory.models import Product, Sku, Warehouse
from inventory.rules.stock import StockReceipt
from inventory.services import receive_stock
from logistics.models import Carrier, CarrierRule
from logistics.sandbox import KUAIDI100_ACCOUNT
from orders.enums import ChannelKind
from orders.importing.mapping import FileMapping, Options
from orders.services.channels import create_channel, save_mapping

SHOP = "chaos-shop"
FILES = "chaos-files"
SKU_COUNT = 20
PLENTY = 1_000_000
SCARCE = "CHAOS-SCARCE"
SCARCE_UNITS = 15
WAREHOUSES = (("EAST", "浙江省", "杭州市"), ("SOUTH", "广东省", "深圳市"))
CARRIERS = (("sf", "shunfeng", 10, 300), ("yunda", "yunda", 20, None))


@dataclass(frozen=True, slots=True)
class World:
    """What the load needs to know. `skus` are codes that never run out; `session` is a clerk's cookie."""

    token: str
    session: str
    hands: Actor
    file_channel: int
    skus: list[str]


def fresh_database() -> None:
    """An empty database with the newest schema, copied from one that is kept between runs."""
    template = f"empty_{_schema_version()}"
    place = settings.DATABASES["default"]
    name = place["NAME"]
    connection.close()
    handle = psycopg2.connect(dbname="postgres", host=place["HOST"], user=place["USER"], password=place["PASSWORD"])
    handle.autocommit = True
    with handle.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
        if cursor.fetchone() is None:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}"')
            call_command("migrate", verbosity=0, interactive=False)
            connection.close()
            cursor.execute(f'ALTER DATABASE "{name}" RENAME TO "{template}"')
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    handle.close()


def make_world() -> World:
    """Fill the empty database."""
    warehouses = [_warehouse(*place) for place in WAREHOUSES]
    skus = _goods(warehouses)
    create_channel(code=SHOP, values={"name": "Shop", "kind": ChannelKind.API}, actor=SYSTEM)
    files = create_channel(code=FILES, values={"name": "Files", "kind": ChannelKind.FILE}, actor=SYSTEM)
    columns = {path: path for path in FILE_COLUMNS}
    save_mapping(channel=files, name="chaos", mapping=FileMapping(columns, Options()), actor=SYSTEM)
    _carriers()
    # Nobody has an e-mail address here: staff may be told twice of the same thing, customers never.
    clerk = create_user(username="clerk", password=None, actor=SYSTEM, roles=(Role.ORDER_CLERK,))
    operator = create_user(username="hands", password=None, actor=SYSTEM, roles=(Role.WAREHOUSE_OPERATOR,))
    _key, token = create_api_key(name="Chaos", actor=SYSTEM)
    return World(token, _session(clerk), Actor.for_user(operator), files.pk, skus)


def _warehouse(code: str, province: str, city: str) -> Warehouse:
    return Warehouse.objects.create(
        code=code, name=code, country="CN", province=province, city=city, district="", street="仓库路 1 号",
        contact_name="发货", phone="+8657112345678",
    )  # fmt: skip


def _goods(warehouses: list[Warehouse]) -> list[str]:
    product = Product.objects.create(code="CHAOS", name="Sample goods")
    codes = [f"CHAOS-{number:02d}" for number in range(1, SKU_COUNT + 1)]
    skus = {
        code: Sku.objects.create(product=product, code=code, name=f"Sample article {code}", unit_price=20, weight_g=300)
        for code in [*codes, SCARCE]
    }
    receipts = [StockReceipt(warehouse.pk, skus[code].pk, PLENTY) for warehouse in warehouses for code in codes]
    receive_stock([*receipts, StockReceipt(warehouses[0].pk, skus[SCARCE].pk, SCARCE_UNITS)])
    return codes


def _carriers() -> None:
    for code, company, priority, min_total in CARRIERS:
        carrier = Carrier.objects.create(
            code=code, name=code, adapter="kuaidi100", carrier_code=company, credentials=KUAIDI100_ACCOUNT,  # type: ignore[misc]
            supports_push=True, base_url=f"http://127.0.0.1:{os.environ['CARRIER_SANDBOX_PORT']}",
            rate_per_second=100, timeout_seconds=2,
        )  # fmt: skip
        conditions: dict[str, Any] = {"min_total": min_total, "currency": "CNY"} if min_total else {}
        CarrierRule.objects.create(name=code, priority=priority, carrier=carrier, **conditions)


def _session(user: Any) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _schema_version() -> str:
    digest = hashlib.sha256()
    for file in sorted([*BASE_DIR.glob("*/migrations/*.py"), *BASE_DIR.glob("core/*/migrations/*.py")]):
        digest.update(file.read_bytes())
    for file in sorted([*BASE_DIR.glob("*/permissions.py"), *BASE_DIR.glob("core/*/permissions.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
