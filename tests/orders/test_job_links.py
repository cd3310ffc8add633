"""The rows of a job lead to what they are about."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.jobs.models import Job, JobRow
from core.jobs.running import run_job
from core.stages import drain
from orders.importing.presets import PRESETS
from orders.services.import_start import start_import
from supply_chain.models import PurchaseOrder
from tests.factories.accounts import make_user
from tests.factories.inventory import make_warehouse
from tests.factories.orders import make_order
from tests.factories.supply_chain import make_offer, make_supplier

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def bulk(client: Client, key: str, action: str, ids: list[int], **fields: object) -> tuple[Job, str]:
    """Run an action on rows; the job and its page."""
    data = {"list": key, "action": action, "ids": ids, "query": "", **{f"param-{n}": v for n, v in fields.items()}}
    client.post(reverse("jobs:bulk"), data)
    job = Job.objects.latest("pk")
    run_job(job.pk)
    return job, client.get(reverse("jobs:job_detail", args=[job.pk])).content.decode()


def test_a_bulk_actions_rows_lead_to_the_orders(client, channel, sku):
    order = make_order(channel, ("MUG", 1))
    client.force_login(make_user(Role.ORDER_CLERK))
    _job, page = bulk(client, "orders.order", "hold", [order.pk], note="call first")
    assert f'<a href="{reverse("orders:order_detail", args=[order.pk])}">{order.number}</a>' in page


def test_ordering_what_is_short_leads_to_the_purchase_order(client, channel, sku):
    make_order(channel, ("MUG", 15))
    drain()
    make_offer(make_supplier(), sku, is_preferred=True)
    client.force_login(make_user(Role.BUYER))
    _job, page = bulk(client, "supply_chain.shortage", "order", [sku.pk], warehouse=make_warehouse().pk)
    assert f'<a href="{PurchaseOrder.objects.get().get_absolute_url()}">MUG</a>' in page


def test_an_imports_rows_lead_to_the_orders_and_refused_ones_nowhere(channel, sku, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "external_id,placed_at,lines.sku,lines.quantity,lines.unit_price\n"
        "A-1,2026-03-02T08:00:00Z,MUG,1,10\nA-2,2026-03-02T08:00:00Z,MUG,0,10\n"
    )
    job = start_import(
        channel=channel, path=path, name="orders.csv", mapping=PRESETS["canonical"].mapping, actor=SYSTEM
    )
    run_job(job.pk)
    first, second = JobRow.objects.filter(job=job)
    order = channel.orders.get()
    assert (first.key, first.page_url) == ("A-1", reverse("orders:order_detail", args=[order.pk]))
    assert (second.outcome, second.page_url) == ("error", "")


@pytest.mark.parametrize(
    "data", [None, {}, {"url": "https://evil.example"}, {"url": "//evil.example"}, {"url": 3}, [1]]
)
def test_only_paths_of_the_console_are_links(data):
    assert JobRow(data=data).page_url == ""
