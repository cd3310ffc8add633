import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.notifications.models import MessageTemplate, Notification, NotificationPreference
from core.notifications.services import notify
from tests.factories.accounts import make_superuser, make_user


@pytest.fixture
def ann(db, messages):
    return make_user(Role.BUYER)


@pytest.fixture
def signed_in(client, ann):
    client.force_login(ann)
    return client


def tell(user, number: int = 1) -> Notification:
    notify(code="test.staff", user_ids=[user.pk], params={"number": f"P-{number}"}, url="/search/")
    return Notification.objects.latest("id")


def test_the_bell_counts_and_lists_what_is_unread(signed_in, ann):
    tell(ann)
    tell(make_user())
    assert signed_in.get(reverse("ui:counts")).json()["bell"] == "1"
    assert "Parcel P-1 left" in signed_in.get(reverse("notifications:panel")).content.decode()


def test_opening_marks_as_read_and_leads_there(signed_in, ann):
    notification = tell(ann)
    response = signed_in.get(reverse("notifications:open", args=[notification.pk]))
    assert response.url == "/search/"
    notification.refresh_from_db()
    assert notification.read_at


def test_other_people_s_notifications_do_not_exist(signed_in, ann):
    other = tell(make_user())
    assert signed_in.get(reverse("notifications:open", args=[other.pk])).status_code == 404
    signed_in.post(reverse("notifications:read_all"))
    assert "P-1" not in signed_in.get(reverse("notifications:list"), {"view": "all"}).content.decode()
    other.refresh_from_db()
    assert other.read_at is None


def test_all_are_read_at_once(signed_in, ann):
    tell(ann)
    tell(ann)
    signed_in.post(reverse("notifications:read_all"))
    assert not Notification.objects.filter(read_at=None).exists()


def test_the_list_costs_the_same_for_one_and_three(signed_in, ann):
    def cost() -> int:
        signed_in.get(reverse("notifications:list"))  # the first call remembers the rows in the session
        with CaptureQueriesContext(connection) as captured:
            signed_in.get(reverse("notifications:list"))
        return len(captured)

    tell(ann)
    one = cost()
    tell(ann)
    tell(ann)
    assert cost() == one


def test_preferences_are_kept(signed_in, ann):
    page = signed_in.get(reverse("notifications:preferences")).content.decode()
    assert 'value="test.staff"' in page
    assert "test.customer" not in page
    signed_in.post(reverse("notifications:preferences"), {"in_app": ["test.staff", "no.such"]})
    kept = NotificationPreference.objects.get(user=ann, code="test.staff")
    assert (kept.in_app, kept.email) == (True, False)
    assert not NotificationPreference.objects.filter(code="no.such").exists()


def test_a_manager_edits_a_text_with_a_preview(client, db, messages):
    client.force_login(make_superuser())
    add = reverse("admin:notifications_messagetemplate_add")
    data = {"code": "test.staff", "language": "en", "channel": "email", "subject": "{{ colour }}", "body": ""}
    assert "can&#x27;t be filled in" in client.post(add, data).content.decode()
    data |= {"subject": "Gone: {{ number }}", "body": "<b>{{ name }}</b>"}
    assert client.post(add, data).status_code == 302
    text = MessageTemplate.objects.get()
    page = client.get(reverse("admin:notifications_messagetemplate_change", args=[text.pk])).content.decode()
    assert "Gone: P-1" in page
    assert "&lt;b&gt;Ann&lt;/b&gt;" in page
    assert "Parcel {{ number }} left" in page
