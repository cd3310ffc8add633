"""Encrypted fields: the database never sees the value, keys rotate."""

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import isolate_apps

from core.crypto import EncryptedJSONField, EncryptedTextField, decrypt, encrypt

SECRET = {"key": "k-123", "nested": {"名": "值"}, "numbers": [1, 2.5, None]}


@pytest.fixture
def vault():
    """A table with both kinds of field."""
    with isolate_apps("core.accounts"):

        class Vault(models.Model):
            text = EncryptedTextField(blank=True, null=True)
            data = EncryptedJSONField(default=dict)

            class Meta:
                app_label = "accounts"

        with connection.schema_editor() as editor:
            editor.create_model(Vault)
        yield Vault


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT concat_ws('|', text, data) FROM accounts_vault")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_value_comes_back_and_the_database_has_only_a_token(vault):
    vault.objects.create(text="s3cret 密", data=SECRET)
    row = vault.objects.get()
    assert (row.text, row.data) == ("s3cret 密", SECRET)
    assert "s3cret" not in stored()
    assert "k-123" not in stored()


@pytest.mark.django_db
def test_same_value_twice_looks_different(vault):
    assert encrypt("x") != encrypt("x")


@pytest.mark.django_db
def test_nothing_stays_nothing(vault):
    vault.objects.create(text=None)
    row = vault.objects.get()
    assert (row.text, row.data) == (None, {})
    assert vault.objects.filter(text__isnull=True).count() == 1


@pytest.mark.django_db
def test_searching_is_refused_loudly(vault):
    with pytest.raises(FieldError, match="encrypted"):
        vault.objects.filter(text="x")
    with pytest.raises(FieldError):
        vault.objects.filter(data__key="k-123")


def test_old_key_still_reads_and_new_key_writes(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    token = encrypt("x")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert decrypt(token) == "x"
    fresh = encrypt("x")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert decrypt(fresh) == "x"
    with pytest.raises(ImproperlyConfigured, match="removed too early"):
        decrypt(token)


@pytest.mark.django_db
def test_command_writes_everything_with_the_newest_key(vault, settings, monkeypatch, capsys):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    vault.objects.create(text="s3cret", data=SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    monkeypatch.setattr(apps, "get_models", lambda: [vault])
    call_command("rotate_field_keys")
    assert "accounts.Vault: 1" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = [new]
    row = vault.objects.get()
    assert (row.text, row.data) == ("s3cret", SECRET)


def test_changed_token_is_refused():
    token = encrypt("x")
    with pytest.raises(ImproperlyConfigured):
        decrypt(token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))


@pytest.mark.parametrize(("keys", "message"), [([], "empty"), (["short"], "must hold Fernet keys")])
def test_senseless_keys_are_refused(settings, keys, message):
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match=message):
        encrypt("x")
