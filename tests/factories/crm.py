from datetime import UTC, datetime
from itertools import count

from core.addresses import Address
from crm.models import Customer, CustomerIdentity
from crm.services import CustomerDraft, match_customers

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_numbers = count(1)

SHANGHAI = Address(
    name="王小明", phone="13800138000", country="CN", province="上海市", city="上海市", district="浦东新区",
    street="世纪大道100号", postal_code="200120",
)  # fmt: skip


def draft(**values) -> CustomerDraft:
    return CustomerDraft(**values)


def match(*drafts: CustomerDraft, source: str = "shop") -> list[int]:
    return match_customers(source, drafts, at=AT)


def make_customer(**values) -> Customer:
    """A customer with an identity in channel "shop" unless `source` says otherwise ("" for none)."""
    number = next(_numbers)
    source = values.pop("source", "shop")
    values = {"name": f"Customer {number}", "created_at": AT, "country": "GB"} | values
    customer = Customer.objects.create(**values)
    if source:
        CustomerIdentity.objects.create(customer=customer, source=source, external_id=f"buyer-{number}", created_at=AT)
    return customer
