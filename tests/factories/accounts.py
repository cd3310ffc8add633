"""People and keys for tests."""

from itertools import count

from core.accounts.enums import Role
from core.accounts.models import ApiKey, User
from core.accounts.services import create_api_key, create_user
from core.actor import SYSTEM

PASSWORD = "correct horse battery"

_numbers = count(1)


def make_user(*roles: Role, username: str = "", password: str | None = PASSWORD, **fields) -> User:
    """A person in these roles."""
    name = username or f"person{next(_numbers)}"
    return create_user(username=name, password=password, roles=roles, actor=SYSTEM, **fields)


def make_superuser(**fields) -> User:
    return make_user(is_superuser=True, **fields)


def make_api_key(**fields) -> tuple[ApiKey, str]:
    """A key and its text."""
    return create_api_key(**{"name": "Web shop", "actor": SYSTEM, **fields})
