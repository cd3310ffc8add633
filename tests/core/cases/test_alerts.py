from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone, translation

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import SYSTEM, Actor
from core.cases import alerts, events
from core.cases.models import Case, CasePolicy
from core.cases.services import assign, clear_cases, open_cases
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.registry import template
from core.notifications.selectors import notifications_of
from core.outbox.services import RELAY
from core.stages import drain
from tests.core.cases.conftest import CODE, seed
from tests.factories.accounts import make_user


@pytest.fixture
def team(db):
    return [make_user(Role.WAREHOUSE_OPERATOR, email=f"w{number}@example.com") for number in range(2)]


def tell() -> None:
    drain(only=[RELAY])


def titles(user) -> list[str]:
    return [notification.title for notification in notifications_of(user).order_by("id")]


def test_a_new_case_alerts_its_team_in_the_console_and_by_mail(leaks, team):
    make_user(Role.BUYER, email="b@example.com")
    (case_id,) = open_cases([seed(1, summary_code="drips", summary_params={"count": 3, "place": "hall"})])
    tell()
    assert [titles(user) for user in team] == [["Leaking pipe: P-1"]] * 2
    assert Notification.objects.count() == 2
    assert Notification.objects.first().url == reverse("cases:case_detail", args=[case_id])
    mail = OutgoingMessage.objects.get(to="w0@example.com")
    assert mail.subject == "Leaking pipe: P-1"
    for part in ("3 drips a minute at hall", "Close the valve.", f"/exceptions/{case_id}/", "Resolve by"):
        assert part in mail.body


def test_many_cases_are_one_alert(leaks, team):
    open_cases([seed(number) for number in range(40)])
    tell()
    assert titles(team[0]) == ["40 exceptions · Leaking pipe"]
    assert Notification.objects.first().url.startswith(reverse("cases:case_list") + "?")
    assert OutgoingMessage.objects.filter(to="w0@example.com").count() == 1


def test_a_flood_is_added_to_the_unread_alert(leaks, team):
    open_cases([seed(1)])
    tell()
    open_cases([seed(number) for number in range(2, 12)])
    tell()
    assert titles(team[0]) == ["11 exceptions · Leaking pipe"]
    assert OutgoingMessage.objects.filter(to="w0@example.com").count() == 1
    Notification.objects.update(read_at=timezone.now())
    open_cases([seed(20)])
    tell()
    assert titles(team[0])[-1] == "Leaking pipe: P-20"


def test_people_hear_only_of_what_they_may_see(leaks, team):
    AccessScope.objects.create(user=team[0], kind="warehouse", object_id=7)
    open_cases([seed(1, warehouse_id=7), seed(2, warehouse_id=8)])
    tell()
    assert titles(team[0]) == ["Leaking pipe: P-1"]
    assert titles(team[1]) == ["2 exceptions · Leaking pipe"]


def test_alerts_are_worded_in_each_person_s_language(leaks, team):
    team[0].language = "zh-hans"
    team[0].save()
    (case_id,) = open_cases([seed(1)])
    assign(case_id=case_id, user_id=team[0].pk, actor=SYSTEM)
    tell()
    assert OutgoingMessage.objects.get(user=team[0], template="cases.assigned").subject.startswith("已指派给你")
    with translation.override("zh-hans"):
        assert titles(team[0])[-1].startswith("已指派给你")
    assert titles(team[0])[-1] == "For you: Leaking pipe: P-1"


def test_who_takes_a_case_is_not_told_so(leaks, team):
    (case_id,) = open_cases([seed(1)])
    tell()
    assign(case_id=case_id, user_id=team[0].pk, actor=Actor.for_user(team[0]))
    tell()
    assert Notification.objects.count() == 2


def test_a_case_that_is_over_alerts_nobody(leaks, team):
    open_cases([seed(1)])
    clear_cases(CODE, [1])
    tell()
    assert not Notification.objects.exists()


@pytest.mark.parametrize("named", [False, True])
def test_escalation_goes_to_its_owner_and_the_case_s(leaks, team, named):
    manager = make_user(Role.OPERATIONS_MANAGER)
    chief = make_user(Role.ADMINISTRATOR)
    if named:
        CasePolicy.objects.create(type=CODE, escalate_to=chief)
    (case_id,) = open_cases([seed(1)])
    assign(case_id=case_id, user_id=team[0].pk, actor=Actor.for_user(team[0]))
    tell()
    Notification.objects.all().delete()
    with time_machine.travel(Case.objects.get().resolve_by + timedelta(seconds=1)):
        drain(only=["cases.watch", RELAY])
    boss, other = (chief, manager) if named else (manager, chief)
    assert titles(boss) == titles(team[0]) == ["Escalated: Leaking pipe: P-1"]
    assert titles(other) == titles(team[1]) == []


def test_telling_costs_the_same_for_one_and_for_fifty_cases(leaks, team):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from core.cases import alerts

    def cost(numbers: range) -> int:
        ids = open_cases([seed(number) for number in numbers])
        Notification.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            alerts.alert(alerts.OPENED, ids, "warning")
        return len(captured)

    assert cost(range(1)) == cost(range(1, 51))


def test_events_and_messages_are_called_as_the_console_calls_them():
    codes = (alerts.OPENED, alerts.REOPENED, alerts.ASSIGNED, alerts.WARNED, alerts.ESCALATED)
    kinds = [kind for name, kind in vars(events).items() if name.startswith("Case")]
    assert len(kinds) == 6
    with translation.override("en"):
        labels = [str(named.label) for named in [*map(template, codes), *kinds]]
    assert [label for label in labels if "xception" not in label] == []
