import email
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import Conflict
from core.notifications import sending
from core.notifications.enums import MessageStatus
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.services import SEND, notify, resend, send_email
from core.stages import drain
from tests.core.notifications.smtp import mail_server
from tests.core.threads import raise_errors, run_together
from tests.factories.accounts import make_user


@pytest.fixture
def server(settings):
    with mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        settings.EMAIL_TIMEOUT = 5
        yield mailbox


def to_customer(number: int = 1) -> OutgoingMessage:
    params = {"number": f"P-{number}", "name": "Ann"}
    pk = send_email(template="test.customer", to=f"c{number}@example.com", language="en", params=params)
    return OutgoingMessage.objects.get(pk=pk)


def to_staff() -> OutgoingMessage:
    person = make_user(email="ann@example.com")
    notify(code="test.staff", user_ids=[person.pk], params={"number": "P-1", "name": "Ann"})
    return OutgoingMessage.objects.latest("id")


def run() -> None:
    drain(only=[SEND])


def state(message: OutgoingMessage) -> tuple[str, int]:
    message.refresh_from_db()
    return message.status, message.attempts


def test_a_message_is_sent_as_text_and_html(db, messages, server):
    message = to_customer()
    run()
    assert state(message) == (MessageStatus.SENT, 1)
    assert message.sent_at
    mail = email.message_from_string(server.mails[0])
    assert mail["Subject"] == "Parcel P-1 left"
    assert [part.get_content_type() for part in mail.get_payload()] == ["text/plain", "text/html"]


def test_it_is_known_as_being_sent_before_the_server_hears_of_it(transactional_db, messages, server):
    message = to_customer()
    seen = []

    def look() -> None:
        from django.db import connection

        seen.append(OutgoingMessage.objects.get(pk=message.pk).status)
        connection.close()

    server.on_data = look
    run()
    assert seen == [MessageStatus.SENDING]


def test_two_senders_send_each_message_once(transactional_db, messages, server):
    for number in range(10):
        to_customer(number)
    raise_errors(run_together(run, run))
    subjects = sorted(email.message_from_string(mail)["Subject"] for mail in server.mails)
    assert subjects == sorted(f"Parcel P-{number} left" for number in range(10))


def test_without_a_server_everything_waits(db, messages, settings, server):
    settings.EMAIL_PORT = 1  # nobody listens there
    first, second = to_customer(1), to_customer(2)
    run()
    assert state(first) == (MessageStatus.QUEUED, 1)
    assert first.next_attempt_at > timezone.now() + timedelta(seconds=20)
    assert "Refused" in first.last_error
    assert state(second) == (MessageStatus.QUEUED, 0), "the others aren't tried in vain"
    settings.EMAIL_PORT = server.port
    OutgoingMessage.objects.update(next_attempt_at=timezone.now())
    run()
    assert len(server.mails) == 2


def test_a_refused_address_fails_for_good(db, messages, server):
    server.answers["RCPT"] = "550 no such user"
    message = to_customer()
    run()
    assert state(message) == (MessageStatus.FAILED, 1)
    assert "no such user" in message.last_error


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_busy_server_is_asked_again(db, messages, server, command):
    server.answers[command] = "451 busy"
    message = to_customer()
    run()
    assert state(message) == (MessageStatus.QUEUED, 1)
    del server.answers[command]
    OutgoingMessage.objects.update(next_attempt_at=timezone.now())
    run()
    assert state(message) == (MessageStatus.SENT, 2)


def test_after_some_tries_it_is_given_up(db, messages, server):
    server.answers["RCPT"] = "451 busy"
    message = to_customer()
    for _attempt in range(sending.MAX_ATTEMPTS):
        OutgoingMessage.objects.update(next_attempt_at=timezone.now())
        run()
    assert state(message) == (MessageStatus.FAILED, sending.MAX_ATTEMPTS)


def test_a_connection_lost_after_hand_over_never_sends_a_customer_s_mail_twice(db, messages, server):
    server.hang_up_after_data = True
    message = to_customer()
    run()
    assert state(message) == (MessageStatus.UNKNOWN, 1)
    server.hang_up_after_data = False
    run()
    assert len(server.mails) == 1


def test_staff_get_a_doubtful_mail_again(db, messages, server):
    server.hang_up_after_data = True
    message = to_staff()
    run()
    assert state(message) == (MessageStatus.QUEUED, 1)


def test_what_a_crash_left_open_is_settled(db, messages, server):
    customer, staff = to_customer(), to_staff()
    OutgoingMessage.objects.update(status=MessageStatus.SENDING, sending_at=timezone.now())
    assert sending.settle_unfinished(10) == 0, "it may still be under way"
    OutgoingMessage.objects.update(sending_at=timezone.now() - timedelta(minutes=11))
    assert sending.settle_unfinished(10) == 2
    assert state(customer)[0] == MessageStatus.UNKNOWN
    assert state(staff)[0] == MessageStatus.QUEUED


def test_a_person_may_send_it_again(db, messages, server):
    message = to_customer()
    with pytest.raises(Conflict):
        resend(message_id=message.pk, actor=SYSTEM)
    OutgoingMessage.objects.update(status=MessageStatus.UNKNOWN)
    resend(message_id=message.pk, actor=SYSTEM)
    run()
    assert state(message)[0] == MessageStatus.SENT


def test_old_notifications_and_messages_are_purged(db, messages, server):
    old, new = to_staff(), to_staff()
    run()
    Notification.objects.update(created_at=timezone.now() - timedelta(days=91))
    OutgoingMessage.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=366))
    drain(only=["notifications.purge"])
    assert not Notification.objects.exists()
    assert list(OutgoingMessage.objects.all()) == [new]


def test_the_send_log_is_the_managers(client, db, messages):
    message = to_customer()
    addresses = [
        reverse("notifications:message_list"),
        reverse("notifications:message_detail", args=[message.pk]),
    ]
    again = reverse("notifications:message_resend", args=[message.pk])
    OutgoingMessage.objects.update(status=MessageStatus.FAILED)
    client.force_login(make_user(Role.CUSTOMER_SERVICE))
    assert [client.get(address).status_code for address in addresses] == [403, 403]
    assert client.post(again).status_code == 403
    assert state(message)[0] == MessageStatus.FAILED
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    for address in addresses:
        assert "Parcel P-1 left" in client.get(address, {"view": "all"}).content.decode()
    client.post(again)
    assert state(message)[0] == MessageStatus.QUEUED
