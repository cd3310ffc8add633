"""Reading of environment variables that fails loudly, naming the variable."""

import os
import re
from pathlib import Path
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import URLValidator, validate_email

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
_PHONE = re.compile(r"\+?(?:[ ()./-]*[0-9]){3,15}")


def text(name: str, default: str | None = None) -> str:
    """The value of `name`; without a default the variable must be set and not empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"The environment variable {name} must be set.")
    return default


def boolean(name: str, default: bool) -> bool:
    value = text(name, "true" if default else "false").lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"The environment variable {name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"The environment variable {name} must be a whole number, not {value!r}.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"The environment variable {name} must be at least {minimum}.")
    return number


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(
            f"The environment variable {name} must be one of {', '.join(choices)}, not {value!r}."
        )
    return value


def time_zone(name: str, default: str) -> str:
    """A name of the IANA database."""
    value = text(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"The environment variable {name} must be a time zone, not {value!r}.")
    return value


def contact(name: str) -> str:
    """A web address, a mail address or a phone number: what a link can be made of; empty where it isn't set."""
    value = text(name, "")
    if not value or _PHONE.fullmatch(value):
        return value
    try:
        (URLValidator(("http", "https")) if "://" in value else validate_email)(value)
    except ValidationError:
        raise ImproperlyConfigured(
            f"The environment variable {name} must be a web address such as https://shop.example/help, "
            f"a mail address or a phone number, not {value!r}."
        ) from None
    return value


def items(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().resolve()
