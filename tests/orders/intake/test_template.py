"""The file of orders to fill in."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.accounts.roles import Role
from core.jobs.models import Job
from core.jobs.running import run_job
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders_intake import make_channel

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_template_can_be_filled_in_and_imported(client: Client, suffix: str) -> None:
    channel = make_channel()
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    address = reverse("orders:import_template", args=[suffix])
    assert address in client.get(reverse("orders:import_new")).content.decode()
    content = client.get(address).content
    upload = SimpleUploadedFile(f"orders.{suffix}", content)
    url = client.post(reverse("orders:import_new"), {"channel": channel.pk, "file": upload}).headers["Location"]
    form = client.get(url).context["form"]
    client.post(url, {name: form[name].value() or "" for name in form.fields} | {"create_catalogue": "on"})
    job = Job.objects.get()
    run_job(job.pk)
    order = Order.objects.get()
    assert (order.external_id, order.lines.count(), order.payment_status) == ("EXAMPLE-1", 2, "paid")


def test_the_template_needs_the_right_to_import(client: Client) -> None:
    client.force_login(make_user(Role.WAREHOUSE_OPERATOR))
    assert client.get(reverse("orders:import_template", args=["csv"])).status_code == 403
