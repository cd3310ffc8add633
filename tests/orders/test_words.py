"""What the program says of itself is read in the reader's language; what people wrote stays as they wrote it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.accounts.enums import Role
from core.actor import SYSTEM, actor_name, reason_words
from core.stages import drain
from orders.codes import CANCELLED_BY_CHANNEL, VALIDATED_AGAIN
from orders.services.edit import edit_order
from tests.factories.accounts import make_user
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db


def test_only_the_programs_own_words_are_translated():
    with translation.override("zh-hans"):
        assert actor_name(SYSTEM.label) == "系统"
        assert actor_name("Ann Lee") == "Ann Lee"
        assert reason_words(VALIDATED_AGAIN) == "重新校验通过"
        assert reason_words("system") == "system"
        assert reason_words("") == ""


def test_the_timeline_gives_the_programs_reasons_in_the_readers_language(channel, sku):
    wrong = payload()["shipping_address"] | {"phone": "123"}
    order = make_order(channel, ("MUG", 1), shipping_address=wrong)
    drain()
    edit_order(order_id=order.pk, changes={"ship_phone": "13800138000"}, actor=SYSTEM)
    drain()
    body = payload(("MUG", 1), external_id="gone")
    (gone,) = send(channel, body)
    send(channel, body | {"cancelled_at": "2026-03-02T09:00:00Z"})
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK, language="zh-hans"))

    def page(pk: int) -> str:
        with translation.override("en"):  # so that the page's language ends with the page
            return client.get(reverse("orders:order_detail", args=[pk])).content.decode()

    corrected, cancelled = page(order.pk), page(int(gone.order_number[2:]))
    assert "重新校验通过" in corrected
    assert VALIDATED_AGAIN not in corrected
    assert "渠道已取消" in cancelled
    assert CANCELLED_BY_CHANNEL not in cancelled
    assert "系统" in cancelled
