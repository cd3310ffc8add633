"""People, warehouses, channels and carriers of the demo. Everything here may run again and changes nothing."""

from datetime import time
from typing import Any

from django.conf import settings

from core.accounts.models import User
from core.accounts.roles import Role
from core.accounts.services import create_api_key, create_user
from core.actor import SYSTEM
from ecom_admin.demo_people import PASSWORD, PEOPLE
from inventory.models import Warehouse
from logistics.models import Carrier, CarrierRule, TransitTime
from logistics.sandbox import KUAIDI100_ACCOUNT, UPS_ACCOUNT
from orders.enums import ChannelKind
from orders.models import Channel
from orders.services.channels import create_channel

SANDBOX_SPEED = 1440  # a day of the carriers' clock is a minute of ours
KEY_FILE = settings.DATA_DIR / "demo_api_key"

WAREHOUSES: dict[str, dict[str, Any]] = {
    "HZ": {
        "name": "Hangzhou 杭州仓", "country": "CN", "province": "浙江省", "city": "杭州市", "district": "余杭区",
        "street": "良渚街道 88 号", "postal_code": "311100", "time_zone": "Asia/Shanghai", "cut_off": time(17, 0),
        "contact_name": "Hangzhou dispatch", "phone": "+8657112345678", "priority": 10,
    },
    "SZ": {
        "name": "Shenzhen 深圳仓", "country": "CN", "province": "广东省", "city": "深圳市", "district": "宝安区",
        "street": "福海街道 12 号", "postal_code": "518103", "time_zone": "Asia/Shanghai", "cut_off": time(18, 0),
        "contact_name": "Shenzhen dispatch", "phone": "+8675512345678", "priority": 20,
    },
    "LDN": {
        "name": "London", "country": "GB", "city": "London", "street": "1 Dock Road", "postal_code": "E16 1AH",
        "time_zone": "Europe/London", "cut_off": time(16, 0), "contact_name": "London dispatch",
        "phone": "+442071838750", "priority": 30,
    },
}  # fmt: skip

CHANNELS: dict[str, dict[str, Any]] = {
    "web-cn": {"name": "Web shop 官网", "kind": ChannelKind.API, "currency": "CNY", "country": "CN",
               "time_zone": "Asia/Shanghai"},
    "web-eu": {"name": "Web shop Europe", "kind": ChannelKind.API, "currency": "GBP", "country": "GB",
               "time_zone": "Europe/London", "settings": {"rules": {"price.far_from_list": "off"},
                                                          "currencies": ["EUR", "USD"]}},
    "shopify-us": {"name": "Shopify US", "kind": ChannelKind.SHOPIFY, "currency": "USD", "country": "US",
                   "time_zone": "America/New_York"},
    "desk": {"name": "Telephone 电话", "kind": ChannelKind.MANUAL, "currency": "CNY", "country": "CN",
             "time_zone": "Asia/Shanghai", "requires_payment": False},
}  # fmt: skip


def seed_people() -> None:
    """One person for each role, all with the demo's password."""
    known = set(User.objects.values_list("username", flat=True))
    for person in PEOPLE:
        if person.username not in known:
            create_user(
                username=person.username,
                password=PASSWORD,
                actor=SYSTEM,
                roles=(Role(person.role),),
                is_superuser=person.role == Role.ADMINISTRATOR,
                display_name=person.name,
                language=person.language,
                email=f"{person.username}@example.com",
            )


def seed_warehouses() -> None:
    for code, values in WAREHOUSES.items():
        Warehouse.objects.get_or_create(code=code, defaults=values)


def seed_channels() -> None:
    """The channels, and a key for the feed of orders that lies beside the data, readable by its owner only."""
    for code, values in CHANNELS.items():
        if not Channel.objects.filter(code=code).exists():
            create_channel(code=code, values=values, actor=SYSTEM)
    if not KEY_FILE.exists():
        _key, text = create_api_key(name="Demo feed", actor=SYSTEM)
        KEY_FILE.touch(mode=0o600)
        KEY_FILE.write_text(text)


def seed_carriers() -> None:
    """Carriers that talk to the sandbox; its port may differ from one start to the next."""
    address = f"http://127.0.0.1:{settings.CARRIER_SANDBOX_PORT}"
    carriers = {
        "sf": _kuaidi100("SF Express", "顺丰速运", "shunfeng"),
        "yunda": _kuaidi100("Yunda", "韵达快递", "yunda"),
        "ups": {
            "name": "UPS", "adapter": "karrio_ups", "credentials": UPS_ACCOUNT, "options": {"account_country": "GB"},
        },
    }  # fmt: skip
    for code, values in carriers.items():
        shared = {"base_url": address, "time_scale": SANDBOX_SPEED, "rate_per_second": 50}
        Carrier.objects.update_or_create(code=code, defaults=values | shared)
    _seed_rules()


def _kuaidi100(name: str, name_zh: str, com: str) -> dict[str, Any]:
    return {
        "name": name, "name_zh": name_zh, "adapter": "kuaidi100", "carrier_code": com,
        "credentials": KUAIDI100_ACCOUNT, "supports_push": True,
    }  # fmt: skip


def _seed_rules() -> None:
    carriers = {carrier.code: carrier for carrier in Carrier.objects.all()}
    rules = (
        (10, "Valuable parcels within China", "sf", {"countries": ["CN"], "min_total": 300, "currency": "CNY"}),
        (20, "Light parcels within China", "yunda", {"countries": ["CN"], "max_weight_g": 20_000}),
        (30, "Within China", "sf", {"countries": ["CN"]}),
        (40, "Abroad", "ups", {"max_weight_g": 60_000}),
    )
    for priority, name, code, conditions in rules:
        defaults = {"priority": priority, "carrier": carriers[code], **conditions}
        CarrierRule.objects.get_or_create(name=name, defaults=defaults)
    for code, country, days in (("sf", "CN", 2), ("yunda", "CN", 3), ("ups", "GB", 2), ("ups", "", 5)):
        TransitTime.objects.get_or_create(carrier=carriers[code], country=country, defaults={"days": days})
