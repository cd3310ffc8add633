"""The Settings page: links that apps register, in groups."""

from dataclasses import dataclass
from typing import Any

from core.ui.content import Text
from core.ui.registry import Registry


@dataclass(frozen=True)
class SettingsLink:
    group: Text
    label: Text
    url_name: str
    permission: str
    description: Text
    icon: str
    order: int

    @property
    def code(self) -> str:
        return self.url_name


_links: Registry[SettingsLink] = Registry()


def register_setting(
    group: Text,
    label: Text,
    url_name: str,
    permission: str,
    *,
    description: Text = "",
    icon: str = "settings",
    order: int = 100,
) -> None:
    """Put a page on the Settings page.

    Args:
        group: heading ("Sales", "Warehouse", "People and access", "System").
        label, description: what it is and what it is for.
        url_name: the page ("admin:orders_channel_changelist" works as well).
        permission: needed to see it.
        order: groups and links are sorted by it.
    """
    _links.add(SettingsLink(group, label, url_name, permission, description, icon, order))


def groups_for(user: Any) -> list[tuple[Text, list[SettingsLink]]]:
    """(heading, links) that the user may see."""
    groups: dict[str, tuple[Text, list[SettingsLink]]] = {}
    for link in _links:
        if not link.permission or user.has_perm(link.permission):
            groups.setdefault(str(link.group), (link.group, []))[1].append(link)
    return list(groups.values())
