from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from core.notifications.models import MessageTemplate
from core.notifications.registry import register_template
from core.notifications.rules import malformed_in, one_line, retry_at, substitute


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ name }} has {{n}}", "Ann has 3"),
        ("{{ missing }}!", "!"),
        ("{{ name.upper }}", "{{ name.upper }}"),
        ("{{ name|upper }}", "{{ name|upper }}"),
        ("{% load x %}{{ __class__ }}", "{% load x %}{{ __class__ }}"),
        ("{name} %(name)s $name", "{name} %(name)s $name"),
        ("{{ evil }}", "{{ name }}"),
    ],
)
def test_only_plain_names_are_put_in(text, expected):
    assert substitute(text, {"name": "Ann", "n": 3, "evil": "{{ name }}"}) == expected


@pytest.mark.parametrize("text", ["{{ a.b }}", "{{ a|safe }}", "{% if a %}", "{{ a", "a }}", "{{ A }}"])
def test_what_is_more_than_a_name_is_found(text):
    assert malformed_in(text)
    assert not malformed_in("{{ a }} {{b_2}} { } 100 %")


def test_a_subject_is_one_line():
    assert one_line("Hello\r\nBcc: all@example.com\t x") == "Hello Bcc: all@example.com x"


def test_pauses_double_up_to_an_hour():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    pauses = [retry_at(now, attempts) - now for attempts in (1, 2, 3, 20)]
    assert pauses == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(hours=1)]


def test_a_default_text_with_an_unknown_name_is_a_programming_error():
    with pytest.raises(ImproperlyConfigured, match="colour"):
        register_template(
            "test.bad", {"en": {"subject": "{{ colour }}", "body": ""}}, label="Bad", placeholders={"name": "x"}
        )


@pytest.mark.parametrize("body", ["{{ colour }}", "{{ name.upper }}", "{% if name %}x{% endif %}"])
def test_a_manager_s_text_is_checked(db, messages, body):
    text = MessageTemplate(code="test.staff", language="en", subject="{{ number }} {{ link }}", body=body)
    with pytest.raises(ValidationError, match="can't be filled in"):
        text.full_clean()
    text.body = "{{ name }}"
    text.full_clean()
    text.code = "no.such"
    with pytest.raises(ValidationError, match="no such message"):
        text.full_clean()
