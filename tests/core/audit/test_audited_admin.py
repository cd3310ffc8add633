"""AuditedAdmin: what managers change in the admin site is in the trail with old and new."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from core.accounts.enums import Role
from core.audit.admin import AuditedAdmin
from core.audit.models import AuditEntry
from core.calendars.models import BusinessCalendar
from core.ui.models import SavedView
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

# Written by services, which record what they do themselves.
BY_SERVICES = {"accounts.User", "accounts.RolePolicy", "accounts.ApiKey", "orders.Channel"}
LIST = "admin:ui_savedview_changelist"


@pytest.fixture
def owner(client):
    user = make_user(Role.ADMINISTRATOR, username="boss")
    client.force_login(user, "core.accounts.backends.RoleBackend")
    return user


def form(owner, **fields):
    defaults = {"page": "orders.order", "name": "Mine", "query": "", "columns": "[]", "owner": owner.pk}
    return {**defaults, "default_for": "", **fields}


def entries(action: str):
    return list(AuditEntry.objects.filter(action=action).order_by("id"))


def test_added_changed_and_deleted(client, owner):
    client.post(reverse("admin:ui_savedview_add"), form(owner))
    view = SavedView.objects.get()
    client.post(reverse("admin:ui_savedview_change", args=[view.pk]), form(owner, name="Ours", is_shared="on"))
    client.post(reverse("admin:ui_savedview_delete", args=[view.pk]), {"post": "yes"})
    assert not SavedView.objects.exists()
    (added,) = entries("ui.savedview_added")
    (changed,) = entries("ui.savedview_changed")
    (deleted,) = entries("ui.savedview_deleted")
    assert changed.changes == {"name": ["Mine", "Ours"], "is_shared": [False, True]}
    assert {entry.subject_id for entry in (added, changed, deleted)} == {view.pk}
    assert {entry.actor_label for entry in (added, changed, deleted)} == {"boss"}
    assert deleted.subject_label == "Ours"


def test_whatever_can_be_changed_in_the_administration_is_audited():
    request = RequestFactory().get("/")
    request.user = make_user(Role.ADMINISTRATOR)
    silent = {
        model._meta.label
        for model, page in admin.site._registry.items()
        if (page.has_add_permission(request) or page.has_change_permission(request))
        and not isinstance(page, AuditedAdmin)
    }
    assert silent == BY_SERVICES


def test_rows_that_are_edited_on_the_page_of_another_are_recorded_too(client, owner):
    calendar = BusinessCalendar.objects.create(code="night", name="Night", time_zone="UTC")
    kept = calendar.hours.create(weekday=0, opens_at="08:00", closes_at="12:00")
    gone = calendar.hours.create(weekday=1, opens_at="08:00", closes_at="12:00")
    rows = [
        {"id": kept.pk, "weekday": 0, "opens_at": "08:00", "closes_at": "13:00"},
        {"id": gone.pk, "weekday": 1, "opens_at": "08:00", "closes_at": "12:00", "DELETE": "on"},
        {"id": "", "weekday": 2, "opens_at": "09:00", "closes_at": "10:00"},
    ]
    data: dict[str, Any] = {
        "code": "night",
        "name": "Night",
        "time_zone": "UTC",
        "holidays_country": "",
        "holidays_subdivision": "",
    }
    data |= {"hours-TOTAL_FORMS": 3, "hours-INITIAL_FORMS": 2, "exceptions-TOTAL_FORMS": 0,
             "exceptions-INITIAL_FORMS": 0}  # fmt: skip
    data |= {f"hours-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    data |= {f"hours-{number}-calendar": calendar.pk for number in range(3)}
    response = client.post(reverse("admin:calendars_businesscalendar_change", args=[calendar.pk]), data)
    assert response.status_code == 302, response.context["errors"]
    (changed,) = entries("calendars.businesshours_changed")
    assert (changed.subject_id, changed.changes) == (kept.pk, {"closes_at": ["12:00:00", "13:00:00"]})
    (deleted,) = entries("calendars.businesshours_deleted")
    assert deleted.subject_id == gone.pk
    (added,) = entries("calendars.businesshours_added")
    assert added.subject_id == calendar.hours.get(weekday=2).pk


def test_refused_change_records_nothing(client, owner):
    client.post(reverse("admin:ui_savedview_add"), form(owner, name=""))
    assert entries("ui.savedview_added") == []


def test_deleting_many_records_each(client, owner):
    views = [SavedView.objects.create(page="orders.order", name=f"View {number}", owner=owner) for number in range(3)]
    ids = [str(view.pk) for view in views]
    client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": ids, "post": "yes"})
    assert not SavedView.objects.exists()
    assert len(entries("ui.savedview_deleted")) == 3


@pytest.mark.parametrize(
    ("language", "named", "written", "kind", "program"),
    [
        ("en", "Roles changed", "Saved view: Added", "Person", "System"),
        ("zh-hans", "角色已修改", "视图：已添加", "人员", "系统"),
    ],
)
def test_the_trail_is_read_in_words(client, owner, language, named, written, kind, program):
    """List, filter and detail; the code stands on the entry's own page only, as a code."""
    client.post(reverse("admin:ui_savedview_add"), form(owner))
    entry = AuditEntry.objects.create(
        action="accounts.roles_set", actor_label="system", actor_kind="system", subject_type="accounts.user",
        subject_label="Ann",
    )  # fmt: skip
    pages = [reverse("admin:audit_auditentry_changelist"), reverse("admin:audit_auditentry_change", args=[entry.pk])]
    listed, shown = [client.get(url, headers={"accept-language": language}).content.decode() for url in pages]
    assert [words for words in (named, written, kind, program) if words not in listed] == []
    assert [words for words in (named, kind, program) if words not in shown] == []
    assert ">accounts.roles_set<" not in listed
    assert "accounts.roles_set" in shown
    chosen = client.get(pages[0], {"action": "accounts.roles_set"}).context["cl"].queryset
    assert entry in chosen
    assert {row.action for row in chosen} == {"accounts.roles_set"}


def test_actions_that_are_called_the_same_are_told_apart_in_the_filter(client, owner):
    for action in ("crm.note", "orders.note", "orders.edited"):
        AuditEntry.objects.create(action=action, actor_label="Ann", actor_kind="user", subject_type="accounts.user")
    page = client.get(reverse("admin:audit_auditentry_changelist")).content.decode()
    assert [text for text in ("Customers: Note", "Orders: Note", "Corrected") if text not in page] == []
    assert "Orders: Corrected" not in page
