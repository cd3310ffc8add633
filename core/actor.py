"""Who does something: a person, an API key, a customer, or the system itself."""

from dataclasses import dataclass
from typing import Literal, Protocol

ActorKind = Literal["user", "api", "system", "customer"]


class _User(Protocol):
    @property
    def pk(self) -> int | None: ...

    @property
    def label(self) -> str: ...


class _ApiKey(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def prefix(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change, in a form that audit rows and job rows can keep for ever."""

    user_id: int | None
    label: str
    kind: ActorKind

    @classmethod
    def for_user(cls, user: _User) -> "Actor":
        return cls(user_id=user.pk, label=user.label, kind="user")

    @classmethod
    def for_api_key(cls, key: _ApiKey) -> "Actor":
        return cls(user_id=None, label=f"{key.name} ({key.prefix})", kind="api")

    @classmethod
    def for_customer(cls, label: str) -> "Actor":
        return cls(user_id=None, label=label, kind="customer")


SYSTEM = Actor(user_id=None, label="system", kind="system")
