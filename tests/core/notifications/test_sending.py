import email
from datetime import timedelta

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.test import override_settings
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


def test_staff_mail_that_stops_its_process_each_time_is_given_up(db, messages, server):
    message = to_staff()
    for _attempt in range(sending.MAX_ATTEMPTS):
        OutgoingMessage.objects.update(next_attempt_at=timezone.now())
        assert sending._take() == message  # and the process dies
        OutgoingMessage.objects.update(sending_at=timezone.now() - timedelta(minutes=11))
        assert sending.settle_unfinished(10) == 1
    assert state(message) == (MessageStatus.FAILED, sending.MAX_ATTEMPTS)
    run()
    assert server.mails == []


@pytest.mark.parametrize("make", [to_customer, to_staff])
def test_a_mail_that_cannot_be_put_together_stops_neither_itself_nor_the_others(db, messages, server, make):
    message, other = make(), to_customer(2)
    # Not from an edited text, which is made one line: from outside, such as a restored table.
    OutgoingMessage.objects.filter(pk=message.pk).update(subject="Parcel\nBcc: all@example.com")
    run()
    assert state(message) == (MessageStatus.QUEUED, 1), "nothing was handed over"
    assert "BadHeaderError" in message.last_error
    assert state(other) == (MessageStatus.SENT, 1)
    for _attempt in range(sending.MAX_ATTEMPTS):
        OutgoingMessage.objects.update(next_attempt_at=timezone.now())
        run()
    assert state(message) == (MessageStatus.FAILED, sending.MAX_ATTEMPTS)
    assert len(server.mails) == 1


def test_a_broken_template_is_a_reason_to_try_again(db, messages, server, settings, tmp_path):
    (tmp_path / "notifications").mkdir()
    (tmp_path / "notifications/email.html").write_text("{% nonsense %}")
    message = to_customer()
    with override_settings(TEMPLATES=[{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]):
        run()
    assert state(message) == (MessageStatus.QUEUED, 1)
    OutgoingMessage.objects.update(next_attempt_at=timezone.now())
    run()
    assert state(message) == (MessageStatus.SENT, 2)


class FailsOddly(EmailBackend):
    """Fails as no mail server does, before or after the mail has left."""

    before = False

    def send_messages(self, email_messages):
        if not self.before:
            super().send_messages(email_messages)
        raise RuntimeError("odd")


@pytest.mark.parametrize("before", [True, False])
def test_an_unforeseen_error_at_hand_over_leaves_no_message_open(db, messages, server, settings, monkeypatch, before):
    settings.EMAIL_BACKEND = f"{__name__}.FailsOddly"
    monkeypatch.setattr(FailsOddly, "before", before)
    customer, staff = to_customer(), to_staff()
    run()
    assert state(customer) == (MessageStatus.UNKNOWN, 1)
    assert state(staff) == (MessageStatus.QUEUED, 1)


@pytest.mark.parametrize(("hangs_up", "final"), [(False, MessageStatus.SENT), (True, MessageStatus.QUEUED)])
def test_an_answer_after_the_question_was_decided(transactional_db, messages, server, monkeypatch, hangs_up, final):
    """Meanwhile the mail was queued again: a yes ends that, a doubt leaves it as it is."""
    message = to_staff()
    later = timezone.now() + timedelta(hours=5)

    def give_up_waiting() -> None:
        monkeypatch.setattr(sending, "OPEN_QUESTION_AFTER", timedelta(0))
        assert sending.settle_unfinished(10) == 1
        OutgoingMessage.objects.update(next_attempt_at=later)
        connection.close()

    server.on_data, server.hang_up_after_data = give_up_waiting, hangs_up
    run()
    assert state(message) == (final, 1)
    assert message.next_attempt_at == later


def test_a_person_may_send_it_again(db, messages, server):
    message = to_customer()
    with pytest.raises(Conflict):
        resend(message_id=message.pk, actor=SYSTEM)
    OutgoingMessage.objects.update(status=MessageStatus.UNKNOWN)
    resend(message_id=message.pk, actor=SYSTEM)
    run()
    assert state(message)[0] == MessageStatus.SENT


def test_two_who_send_it_again_send_it_once(transactional_db, messages, server):
    message = to_customer()
    OutgoingMessage.objects.update(status=MessageStatus.FAILED)
    results = run_together(*[lambda: resend(message_id=message.pk, actor=SYSTEM)] * 3)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "NoneType"]
    run()
    assert len(server.mails) == 1


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
