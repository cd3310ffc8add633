"""A registry: things that apps declare at start-up and the console reads, in order."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Ordered(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def order(self) -> int: ...


T = TypeVar("T", bound=Ordered)


class Registry(Generic[T]):
    """Items by code; registering the same code again replaces it (autoreload), iteration is by (order, code)."""

    def __init__(self) -> None:
        self._items: dict[str, T] = {}
        self._sorted: list[T] | None = None

    def add(self, item: T) -> None:
        self._items[item.code] = item
        self._sorted = None

    def get(self, code: str) -> T | None:
        return self._items.get(code)

    def __iter__(self) -> Iterator[T]:
        if self._sorted is None:
            self._sorted = sorted(self._items.values(), key=lambda item: (item.order, item.code))
        return iter(self._sorted)

    def __len__(self) -> int:
        return len(self._items)
