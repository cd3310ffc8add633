"""Settings come from the environment and fail loudly, naming the variable."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from ecom_admin import env
from ecom_admin.settings import database

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "x" * 60,
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "ALLOWED_HOSTS": "console.example.com,.example.org",
    "PUBLIC_BASE_URL": "https://console.example.com/",
    "DATABASE_URL": "postgresql://ecom:p%40ss@db.example.com:5433/shop?sslmode=require",
    "REDIS_URL": "redis://cache.example.com:6379/0",
    "EMAIL_URL": "smtp+tls://mailer:s%2Fcret@mail.example.com",
    "DEFAULT_FROM_EMAIL": "console@example.com",
}
PRINT = """
import json
import sys
from ecom_admin import settings
names = sys.argv[1:]
print(json.dumps({name: getattr(settings, name, None) for name in names}, default=str))
"""


@pytest.fixture
def read(tmp_path: Path):
    """Read settings in a process of its own: read(environment, names) gives (values, what was said)."""

    def run(environment: dict[str, str], *names: str) -> tuple[dict[str, object], str]:
        done = subprocess.run(
            [sys.executable, "-c", PRINT, *names],
            env={"PATH": os.environ["PATH"], "ECOM_DATA_DIR": str(tmp_path)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return (json.loads(done.stdout) if done.returncode == 0 else {}), done.stderr

    return run


def test_messages_go_through_redis_unless_rabbitmq_is_named(read):
    names = ("CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS")
    values, _ = read(PRODUCTION, *names)
    assert values["CELERY_BROKER_URL"] == PRODUCTION["REDIS_URL"]
    rabbit = "amqps://shop:secret@mq.example.com/shop"
    values, _ = read(PRODUCTION | {"BROKER_URL": rabbit}, *names)
    assert values == {"CELERY_BROKER_URL": rabbit, "CELERY_BROKER_TRANSPORT_OPTIONS": {"confirm_publish": True}}
    _, said = read(PRODUCTION | {"BROKER_URL": "kafka://mq"}, *names)
    assert "The environment variable BROKER_URL must look like amqp://" in said


def test_production_reads_everything_from_the_environment(read):
    values, _ = read(PRODUCTION, "DATABASES", "EMAIL_HOST_PASSWORD", "EMAIL_PORT", "EMAIL_USE_TLS", "ALLOWED_HOSTS")
    database = values["DATABASES"]["default"]
    assert database["PASSWORD"] == "p@ss"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.com", "5433", "shop")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert values["EMAIL_HOST_PASSWORD"] == "s/cret"
    assert (values["EMAIL_PORT"], values["EMAIL_USE_TLS"]) == (587, True)
    assert values["ALLOWED_HOSTS"] == ["console.example.com", ".example.org"]


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"ENVIRONMENT"}))
def test_production_demands_each_variable(read, name):
    values, said = read({key: value for key, value in PRODUCTION.items() if key != name})
    assert values == {}
    assert f"The environment variable {name} must be set." in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "true"),
        ("DEBUG", "perhaps"),
        ("SECRET_KEY", "short"),
        ("FIELD_ENCRYPTION_KEYS", "no-fernet-key"),
        ("DATABASE_URL", "mysql://db/shop"),
        ("DATABASE_URL", "postgresql://db"),
        ("EMAIL_URL", "mail.example.com"),
        ("ENVIRONMENT", "staging"),
        ("LANGUAGE_CODE", "fr"),
        ("DISPLAY_TIME_ZONE", "Mars/Olympus"),
        ("PORT", "eighty"),
        ("LOG_LEVEL", "LOUD"),
        ("CUSTOMER_CONTACT", "shop.example/help"),
    ],
)
def test_a_wrong_value_is_refused_by_name(read, name, value):
    values, said = read(PRODUCTION | {name: value})
    assert values == {}
    assert f"The environment variable {name} must" in said


@pytest.mark.parametrize(
    "contact",
    ["", "https://shop.example/@shop", "help@shop.example", "+86 571 1234-5678", "(0571) 1234 5678", "95338"],
)
def test_a_contact_is_what_a_link_can_be_made_of(monkeypatch, contact):
    monkeypatch.setenv("CUSTOMER_CONTACT", contact)
    assert env.contact("CUSTOMER_CONTACT") == contact


@pytest.mark.parametrize(
    "contact", ["shop.example/help", "shop.example/@shop", "mailto:help@shop.example", "https://", "ask us", "12", "+"]
)
def test_any_other_contact_is_refused_and_says_what_would_be_right(monkeypatch, contact):
    monkeypatch.setenv("CUSTOMER_CONTACT", contact)
    with pytest.raises(ImproperlyConfigured) as refused:
        env.contact("CUSTOMER_CONTACT")
    assert str(refused.value) == (
        "The environment variable CUSTOMER_CONTACT must be a web address such as https://shop.example/help, "
        f"a mail address or a phone number, not {contact!r}."
    )


def test_development_needs_nothing_and_keeps_its_secrets(read, tmp_path):
    first, _ = read({}, "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DEBUG")
    second, _ = read({}, "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DEBUG")
    assert first == second
    assert first["DEBUG"] is False
    assert len(str(first["SECRET_KEY"])) > 50
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if path.is_file()} == {0o600}


def test_development_secrets_differ_between_installations(read, tmp_path):
    first, _ = read({}, "SECRET_KEY")
    second, _ = read({"ECOM_DATA_DIR": str(tmp_path / "other")}, "SECRET_KEY")
    assert first["SECRET_KEY"] != second["SECRET_KEY"]


def test_behind_pgbouncer_no_cursor_outlives_its_transaction():
    pooled = database("postgresql://ecom@pool:6432/shop?pooling=transaction&sslmode=require")
    assert pooled["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert pooled["OPTIONS"] == {"sslmode": "require"}
    assert database("postgresql://ecom@db/shop")["DISABLE_SERVER_SIDE_CURSORS"] is False
