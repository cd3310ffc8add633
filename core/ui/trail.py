"""Previous and next on a detail page: the ids of the list page that one came from, kept in the session."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

SESSION_KEY = "ui_trail"


@dataclass(frozen=True)
class Neighbours:
    """Ids of the rows before and after, None at an end; `place` counts from 1 within the list page."""

    previous: int | None
    next: int | None
    place: int
    total: int
    list_query: str


def remember(request: HttpRequest, key: str, ids: Sequence[int]) -> None:
    """Keep the ids of the list page just shown (one list at a time; nothing is written when unchanged)."""
    trail = {"key": key, "ids": list(ids), "query": request.GET.urlencode()}
    if request.session.get(SESSION_KEY) != trail:
        request.session[SESSION_KEY] = trail


def neighbours(request: HttpRequest, key: str, pk: int) -> Neighbours | None:
    """The object's place in the list page that one came from; None if one came from elsewhere."""
    trail = request.session.get(SESSION_KEY) or {}
    ids = trail.get("ids", [])
    if trail.get("key") != key or pk not in ids:
        return None
    at = ids.index(pk)
    return Neighbours(
        ids[at - 1] if at else None,
        ids[at + 1] if at + 1 < len(ids) else None,
        at + 1,
        len(ids),
        str(trail.get("query", "")),
    )
