"""Encryption at rest for credentials: model fields whose database value is a Fernet token.

The keys are settings.FIELD_ENCRYPTION_KEYS, newest first: the first encrypts, all of them decrypt. To rotate,
put a new key in front and run `manage.py rotate_field_keys`; then the old one can go.
"""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.lookups import IsNull, Lookup, Transform


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: credentials can't be stored.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS must hold Fernet keys (32 bytes, url-safe base64)."
        ) from error


def fernet() -> MultiFernet:
    """The cipher made of the configured keys."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


def encrypt(text: str) -> str:
    """Text to a Fernet token (ASCII)."""
    return fernet().encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """A Fernet token back to text; raises ImproperlyConfigured when none of the keys fits."""
    try:
        return fernet().decrypt(token).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored credential can't be read with FIELD_ENCRYPTION_KEYS: was a key removed too early?"
        ) from error


class EncryptedTextField(models.TextField[str, str]):
    """Text that the database only ever sees encrypted. It can't be searched."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return None if prepared is None else encrypt(self._dump(prepared))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else self._load(decrypt(value))

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it can't be searched by {lookup_name}.")
        return IsNull

    def get_transform(self, lookup_name: str) -> type[Transform] | None:
        return None

    def _dump(self, value: Any) -> str:
        return str(value)

    def _load(self, text: str) -> Any:
        return text


class EncryptedJSONField(EncryptedTextField):
    """A JSON value (usually a dict of credentials) that the database only ever sees encrypted."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(self._dump(value))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return self._dump(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": forms.JSONField, **kwargs})

    def _dump(self, value: Any) -> str:
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))

    def _load(self, text: str) -> Any:
        return json.loads(text)
