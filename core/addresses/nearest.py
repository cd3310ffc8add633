"""The nearest of some names, for suggestions."""

from collections.abc import Iterable


def edit_distance(a: str, b: str, limit: int) -> int:
    """Levenshtein distance, or limit + 1 as soon as it must be larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    previous = list(range(len(b) + 1))
    for row, left in enumerate(a, start=1):
        current = [row]
        for column, right in enumerate(b, start=1):
            change = previous[column - 1] + (left != right)
            current.append(min(change, previous[column] + 1, current[-1] + 1))
        if min(current) > limit:
            return limit + 1
        previous = current
    return previous[-1]


def nearest(text: str, names: Iterable[str], limit: int | None = None) -> str:
    """The one name within `limit` changes of `text` (a third of its length if not given).

    "" if there is none, or if two are equally near.
    """
    limit = max(1, len(text) // 3) if limit is None else limit
    best, best_distance, is_tied = "", limit + 1, False
    for name in names:
        distance = edit_distance(text, name, min(limit, best_distance))
        if distance < best_distance:
            best, best_distance, is_tied = name, distance, False
        elif distance == best_distance and distance <= limit and name != best:
            is_tied = True
    return "" if is_tied else best
