"""Named tuples in large numbers."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar, cast

T = TypeVar("T", bound=tuple[Any, ...])


def maker(kind: type[T]) -> Callable[[Iterable[Any]], T]:
    """`kind._make` without its check of the number of values: made by the hundred thousand, the call itself costs most.

    Args:
        kind: a class made by NamedTuple.
    """
    return cast("Callable[[Iterable[Any]], T]", partial(tuple.__new__, kind))
