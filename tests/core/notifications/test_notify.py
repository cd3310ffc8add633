import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.accounts.enums import Role
from core.accounts.models import User
from core.notifications.enums import Channel, MessageStatus
from core.notifications.models import MessageTemplate, Notification, OutgoingMessage
from core.notifications.selectors import notifications_of, unread_count
from core.notifications.services import choose_preferences, mark_read, notify, send_email
from tests.core.threads import lock_around, raise_errors, run_together
from tests.factories.accounts import make_user

PARAMS = {"number": "P-7", "name": "Ann"}


def tell(*users, **values) -> int:
    return notify(
        **{"code": "test.staff", "user_ids": [user.pk for user in users], "params": PARAMS, "url": "/p/7/"} | values
    )


def test_people_are_told_in_their_language_and_by_mail(db, messages, settings):
    ann, wang = make_user(email="ann@example.com"), make_user(email="wang@example.com", language="zh-hans")
    assert tell(ann, wang) == 2
    assert notifications_of(ann).get().title == "Parcel P-7 left"
    with translation.override("zh-hans"):
        assert notifications_of(wang).get().title == "包裹 P-7 已发出"
    mails = {mail.to: mail for mail in OutgoingMessage.objects.all()}
    assert mails["ann@example.com"].body == f"Dear Ann, it left. {settings.PUBLIC_BASE_URL}/p/7/"
    assert mails["wang@example.com"].subject == "包裹 P-7 已发出"


def test_a_role_means_its_active_people(db, messages):
    buyer, gone = make_user(Role.BUYER), make_user(Role.BUYER)
    make_user(Role.ANALYST)
    gone.is_active = False
    gone.save()
    assert notify(code="test.staff", role=Role.BUYER, params=PARAMS) == 1
    assert Notification.objects.get().user == buyer
    with pytest.raises(TypeError):
        notify(code="test.staff")


def test_preferences_hold(db, messages):
    ann = make_user(email="ann@example.com")
    choose_preferences(user_id=ann.pk, choices={"test.staff": (False, True)})
    tell(ann)
    assert (Notification.objects.count(), OutgoingMessage.objects.count()) == (0, 1)
    choose_preferences(user_id=ann.pk, choices={"test.staff": (True, False)})
    tell(ann)
    assert (Notification.objects.count(), OutgoingMessage.objects.count()) == (1, 1)


def test_managers_own_words_are_used(db, messages):
    MessageTemplate.objects.create(
        code="test.staff", language="en", channel=Channel.IN_APP, subject="Gone: {{ number }}"
    )
    MessageTemplate.objects.create(code="test.staff", language="en", subject="Hi {{ name }}", body="{{ number }}")
    ann = make_user(email="ann@example.com")
    tell(ann)
    assert notifications_of(ann).get().title == "Gone: P-7"
    mail = OutgoingMessage.objects.get()
    assert (mail.subject, mail.body) == ("Hi Ann", "P-7")


def test_telling_many_costs_what_telling_one_costs(db, messages):
    people = [make_user(email=f"p{number}@example.com") for number in range(12)]
    with CaptureQueriesContext(connection) as one:
        tell(people[0])
    with CaptureQueriesContext(connection) as many:
        tell(*people)
    assert len(many) == len(one)


def test_more_of_the_same_is_added_to_what_is_unread(db, messages):
    ann, bob = make_user(email="ann@example.com"), make_user()
    tell(ann, group_key="g", count=2)
    tell(ann, bob, group_key="g", count=3, group_url="/all/")
    kept = Notification.objects.get(user=ann)
    assert (kept.count, kept.url) == (5, "/all/")
    assert Notification.objects.get(user=bob).count == 3
    assert OutgoingMessage.objects.count() == 1
    mark_read(user_id=ann.pk)
    tell(ann, group_key="g")
    assert Notification.objects.filter(user=ann).count() == 2


def test_a_flood_from_several_at_once_is_one_line_and_one_mail(transactional_db, messages):
    ann = make_user(email="ann@example.com")

    def begin_group(who: User | None) -> None:
        if who is not None:
            tell(who, group_key="g")

    raise_errors(lock_around(begin_group, (ann, None), lambda: tell(ann, group_key="g", count=3)))
    assert Notification.objects.get().count == 4
    assert unread_count(ann) == 1
    assert OutgoingMessage.objects.count() == 1


def test_what_comes_while_the_last_is_being_read_is_told_anew(transactional_db, messages):
    ann = make_user()
    tell(ann, group_key="g", count=2)
    with transaction.atomic():
        mark_read(user_id=ann.pk)
        [told] = raise_errors(run_together(lambda: tell(ann, group_key="g", count=3)))
    assert told == 1
    assert unread_count(ann) == 1
    kept = Notification.objects.order_by("pk")
    assert [(row.count, row.read_at is None) for row in kept] == [(2, False), (3, True)]


@pytest.mark.parametrize(("order", "told_anew"), [("ab", 1), ("ba", 0)])
def test_who_reads_and_who_tells_of_several_groups_dont_wait_in_a_circle(transactional_db, messages, order, told_anew):
    ann = make_user()
    for key in order:
        tell(ann, group_key=key)
    _told, read = raise_errors(
        lock_around(lambda key: tell(ann, group_key=key), tuple("ba"), lambda: mark_read(user_id=ann.pk))
    )
    assert read == 2
    assert unread_count(ann) == told_anew


def test_reading(db, messages):
    ann, bob = make_user(), make_user()
    for _time in range(3):
        tell(ann, bob)
    first = Notification.objects.filter(user=bob).first()
    assert mark_read(user_id=ann.pk, ids=[first.pk]) == 0, "not other people's"
    assert mark_read(user_id=bob.pk, ids=[first.pk]) == 1
    assert (unread_count(ann), unread_count(bob)) == (3, 2)
    assert mark_read(user_id=bob.pk) == 2


def send(**values) -> int | None:
    return send_email(
        **{"template": "test.customer", "to": "c@example.com", "language": "en", "params": PARAMS, "dedupe_key": "k1"}
        | values
    )


def test_the_same_key_makes_one_message(transactional_db, messages):
    results = raise_errors(run_together(send, send, send))
    assert sorted(result is None for result in results) == [False, True, True]
    assert OutgoingMessage.objects.count() == 1
    assert send(dedupe_key="") is not None
    assert send(dedupe_key="") is not None


def test_a_customer_s_message_is_in_their_language_and_free_of_header_tricks(db, messages):
    send(language="zh-hans", params={"number": "P\r\nBcc: x@example.com", "name": "王"})
    message = OutgoingMessage.objects.get()
    assert message.subject == "包裹 P Bcc: x@example.com 已发出"
    assert message.status == MessageStatus.QUEUED


def test_an_address_that_can_t_be_one_is_refused(db, messages):
    with pytest.raises(ValidationError):
        send(to="not an address")
    nobody = make_user()
    User.objects.filter(pk=nobody.pk).update(email="x@x@x")
    tell(nobody)
    assert OutgoingMessage.objects.get().status == MessageStatus.FAILED
