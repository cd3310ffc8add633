"""Global search (`/`): providers that each answer quickly from an index."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, transaction

from core.ui.content import Text
from core.ui.registry import Registry

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SearchHit:
    """One thing found. title: its name or number; subtitle: what tells it apart; url: its page."""

    title: str
    subtitle: Text
    url: str
    icon: str = "file"


SearchFunction = Callable[[Any, str, int], list[SearchHit]]


@dataclass(frozen=True)
class SearchProvider:
    code: str
    label: Text
    permission: str
    find: SearchFunction
    order: int = 100
    url_name: str = ""


@dataclass(frozen=True)
class SearchGroup:
    """A provider's hits; `url_name` is the list page that shows all of them for `?q=`."""

    provider: SearchProvider
    hits: list[SearchHit]
    more: bool


_providers: Registry[SearchProvider] = Registry()


def register_search(
    code: str, label: Text, permission: str, find: SearchFunction, *, order: int = 100, url_name: str = ""
) -> None:
    """Add a provider to global search.

    Args:
        code: stable name ("orders").
        label: heading of its hits.
        permission: needed to be asked.
        find: gets (user, query, limit), returns at most `limit` hits that this user may see; prefix or exact
            matches on indexed columns only, for the answer is waited for at every keystroke.
        order: position of its group.
        url_name: list page taking `?q=`, linked as "all results".
    """
    _providers.add(SearchProvider(code, label, permission, find, order, url_name))


def search_all(*, user: Any, query: str, limit: int = 5) -> list[SearchGroup]:
    """Ask every provider that the user may use; a provider that fails is logged and left out."""
    query = " ".join(query.split())
    if len(query) < 2:
        return []
    groups = []
    for provider in _providers:
        if provider.permission and not user.has_perm(provider.permission):
            continue
        try:
            with transaction.atomic():
                hits = provider.find(user, query, limit + 1)
        except DatabaseError:
            log.exception("search_provider_failed", provider=provider.code)
            continue
        if hits:
            groups.append(SearchGroup(provider, hits[:limit], len(hits) > limit))
    return groups
