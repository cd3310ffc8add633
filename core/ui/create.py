"""The create menu (`c`): what a user may make from anywhere."""

from dataclasses import dataclass
from typing import Any

from core.ui.content import Text
from core.ui.registry import Registry


@dataclass(frozen=True)
class CreateEntry:
    label: Text
    url_name: str
    permission: str
    icon: str = "plus"
    order: int = 100

    @property
    def code(self) -> str:
        return self.url_name


_entries: Registry[CreateEntry] = Registry()


def register_create(label: Text, url_name: str, permission: str, *, icon: str = "plus", order: int = 100) -> None:
    """Add an entry to the create menu. label: "Purchase order"; url_name: a FormPage."""
    _entries.add(CreateEntry(label, url_name, permission, icon, order))


def entries_for(user: Any) -> list[CreateEntry]:
    """The entries that the user may use."""
    return [entry for entry in _entries if not entry.permission or user.has_perm(entry.permission)]
