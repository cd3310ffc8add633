"""The file of an export: amounts with their currency, statuses in the reader's words beside a code that stays."""

import csv

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.accounts.enums import Role
from core.jobs import files
from core.jobs.models import Job
from core.jobs.running import run_job
from tests.factories.accounts import make_user
from tests.factories.orders import make_order

pytestmark = pytest.mark.django_db

COLUMNS = "number,display_number,status,total,payment_status"


def exported(language: str) -> list[list[str]]:
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK, language=language))
    with translation.override("en"):
        form = {"list": "orders.order", "format": "csv", "query": "", "columns": COLUMNS}
        client.post(reverse("jobs:export"), form)
    job = Job.objects.get()
    run_job(job.pk)
    job.refresh_from_db()
    text = files.path_of(job.output_file).read_text("utf-8-sig")
    return list(csv.reader(text.splitlines()))


@pytest.fixture
def order(channel, sku, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_order(channel, ("MUG", 2), display_number="#1042")


def test_an_export_has_words_codes_and_currencies(order):
    assert exported("en") == [
        [
            "Order", "Number shown to the buyer", "Status", "Status (code)", "Total", "Currency", "Payment",
            "Payment (code)",
        ],
        [order.number, "#1042", "In review", "pending_review", "20.00", "CNY", "Paid", "paid"],
    ]  # fmt: skip


def test_the_words_are_the_readers(order):
    _heading, row = exported("zh-hans")
    assert row[3] == "pending_review"
    assert row[2] not in ("In review", "pending_review")
    assert (row[4], row[5], row[7]) == ("20.00", "CNY", "paid")
