"""Work screens: a scan is taken once however often it is sent; a wrong one writes nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.ui.models import ScanReceipt
from core.ui.scanning import forget_receipts, receipts_due
from tests.factories.accounts import make_superuser

URL = "/entries/work/"


def scans() -> list[str]:
    return list(AuditEntry.objects.filter(subject_type="test.scan").values_list("reason", flat=True))


def test_a_scan_is_answered(pages, make_entries, sign, boss):
    make_entries(1)

    answer = sign(boss).post(URL, {"code": " ABC ", "key": uuid4()}).json()

    assert answer["outcome"] == "ok"
    assert answer["title"] == "1 of 2"
    assert answer["progress"] == [1, 2]
    assert scans() == ["ABC"]


def test_a_scan_sent_again_gets_its_first_answer_and_is_not_taken_twice(pages, make_entries, sign, boss):
    make_entries(1)
    browser, key = sign(boss), uuid4()

    first = browser.post(URL, {"code": "ABC", "key": key}).json()
    again = browser.post(URL, {"code": "ABC", "key": key}).json()

    assert again == first
    assert scans() == ["ABC"]


def test_a_scan_isnt_answered_to_somebody_else(pages, make_entries, sign, boss):
    make_entries(1)
    key = uuid4()
    sign(boss).post(URL, {"code": "ABC", "key": key})

    answer = sign(make_superuser()).post(URL, {"code": "ABC", "key": key}).json()

    assert answer["outcome"] == "wrong"
    assert answer["title"] == "Somebody else's scan, already taken."
    assert scans() == ["ABC"]


def test_a_wrong_scan_is_said_and_leaves_nothing(pages, make_entries, sign, boss):
    make_entries(1)

    answer = sign(boss).post(URL, {"code": "BAD", "key": uuid4()}).json()

    assert answer["outcome"] == "wrong"
    assert answer["title"] == "Wrong item"
    assert scans() == []
    assert ScanReceipt.objects.count() == 1


def test_a_scan_for_work_that_is_gone_is_wrong(pages, sign, boss):
    answer = sign(boss).post(URL, {"code": "ABC", "key": uuid4()}).json()

    assert answer["outcome"] == "wrong"


@pytest.mark.parametrize("data", [{"code": "ABC"}, {"code": "ABC", "key": "x"}, {"key": str(uuid4())}])
def test_half_a_scan_is_refused(pages, make_entries, sign, boss, data):
    make_entries(1)

    assert sign(boss).post(URL, data).status_code == 400
    assert scans() == []


def test_nothing_to_do_says_so(pages, sign, boss):
    assert "Nothing waits here." in sign(boss).get(URL).content.decode()


def test_old_receipts_are_forgotten_in_batches_and_new_ones_kept(boss):
    old = timezone.now() - timedelta(days=8)
    for at in (old, old, timezone.now()):
        ScanReceipt.objects.create(key=uuid4(), user=boss, at=at)

    assert receipts_due().count == 2
    assert [forget_receipts(1), forget_receipts(5), forget_receipts(5)] == [1, 1, 0]
    assert ScanReceipt.objects.count() == 1
