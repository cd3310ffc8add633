"""Who does something: a person, an API key, a customer, or the system itself."""

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from django.utils.translation import gettext, gettext_noop

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


SYSTEM = Actor(user_id=None, label=gettext_noop("system"), kind="system")
TRACKING_PAGE: Final = gettext_noop("tracking page")
_PROGRAM: Final = frozenset({SYSTEM.label, TRACKING_PAGE})
_own_reasons: set[str] = set()


def actor_name(label: str) -> str:
    """Who a kept label names, in the reader's language; people and keys are called as they are."""
    return gettext(label) if label in _PROGRAM else label


def own_reason(text: str) -> str:
    """Make a reason known as one that the program gives, to be shown in the reader's language; returns it.

    It is kept in English: `own_reason(gettext_noop("nothing to ship"))`.
    """
    _own_reasons.add(text)
    return text


def reason_words(reason: str) -> str:
    """A kept reason: the program's own in the reader's language, what people wrote as it is."""
    return gettext(reason) if reason in _own_reasons else reason
