from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.models import StageRun
from core.outbox.models import HandlerFailure, OutboxEvent
from tests.factories.accounts import make_superuser, make_user


@pytest.fixture
def dead(db) -> OutboxEvent:
    now = timezone.now()
    event = OutboxEvent.objects.create(name="test.lamp_lit", payload={"lamp_ids": [1]}, occurred_at=now, is_dead=True)
    HandlerFailure.objects.create(event=event, handler="x.y.z", attempts=12, last_error="no bulb", failed_at=now)
    return event


def test_given_up_events_are_seen_and_tried_again_from_the_administration(client, dead):
    client.force_login(make_superuser())
    failures = reverse("admin:outbox_handlerfailure_changelist")
    assert "no bulb" in client.get(failures).content.decode()
    events = reverse("admin:outbox_outboxevent_changelist")
    client.post(events, {"action": "retry", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert not dead.is_dead
    assert dead.next_attempt_at is not None
    assert HandlerFailure.objects.get().attempts == 0


def test_who_has_no_right_can_t_have_events_tried_again(client, dead):
    client.force_login(make_user(Role.ORDER_CLERK))
    address = reverse("admin:outbox_outboxevent_changelist")
    assert client.post(address, {"action": "retry", "_selected_action": [dead.pk]}).status_code in {302, 403}
    dead.refresh_from_db()
    assert dead.is_dead


def test_nobody_edits_the_log(client, dead):
    client.force_login(make_superuser())
    change = reverse("admin:outbox_outboxevent_change", args=[dead.pk])
    assert client.post(change, {"name": "other"}).status_code == 403
    assert client.get(reverse("admin:outbox_outboxevent_add")).status_code == 403


def test_a_stage_that_backs_off_is_let_go_on(client, db):
    StageRun.objects.create(name="outbox.relay", failures=5, retry_at=timezone.now() + timedelta(minutes=5))
    client.force_login(make_superuser())
    address = reverse("admin:core_stagerun_changelist")
    client.post(address, {"action": "retry", "_selected_action": ["outbox.relay"]})
    assert StageRun.objects.get().retry_at is None


def test_events_are_called_by_words_in_list_filter_and_detail(client, dead):
    """The code stands on the event's own page only, as a code."""
    event = OutboxEvent.objects.create(name="orders.released", payload={}, occurred_at=dead.occurred_at, is_dead=True)
    HandlerFailure.objects.create(event=event, handler="x.y.z", last_error="", failed_at=dead.occurred_at)
    client.force_login(make_superuser())
    pages = {
        "list": reverse("admin:outbox_outboxevent_changelist"),
        "detail": reverse("admin:outbox_outboxevent_change", args=[event.pk]),
        "failures": reverse("admin:outbox_handlerfailure_changelist"),
        "console": reverse("console:system"),
    }
    english, chinese = (
        {page: client.get(url, headers={"accept-language": language}).content.decode() for page, url in pages.items()}
        for language in ("en", "zh-CN")
    )
    assert [page for page in pages if "Orders released" not in english[page]] == []
    assert [page for page in pages if "订单已下发" not in chinese[page]] == []
    assert "orders.released" in english["detail"]
    assert ">orders.released<" not in english["list"] + english["failures"] + english["console"]
    assert "客户已合并" in chinese["list"], "the filter offers events that haven't occurred, too"
    chosen = client.get(pages["list"], {"name": "orders.released"}).context["cl"].queryset
    assert list(chosen) == [event]
