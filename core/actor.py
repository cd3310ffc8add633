"""Who does something: a person, an API key, a customer, or the system itself."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

ActorKind = Literal["user", "api", "system", "customer"]


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
    def for_user(cls, user: Any) -> "Actor":
        """The signed-in person; loosely typed, because request.user may be anonymous. Raises ValueError then."""
        if not user.is_authenticated:
            raise ValueError("An anonymous visitor can't be the author of a change.")
        return cls(user_id=user.pk, label=user.label, kind="user")

    @classmethod
    def for_api_key(cls, key: _ApiKey) -> "Actor":
        return cls(user_id=None, label=f"{key.name} ({key.prefix})", kind="api")

    @classmethod
    def for_customer(cls, label: str) -> "Actor":
        return cls(user_id=None, label=label, kind="customer")


SYSTEM = Actor(user_id=None, label="system", kind="system")
