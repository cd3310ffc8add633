"""What the channels are called whose codes stand at aliases: apps to the left know their names."""

from collections.abc import Callable, Mapping

_names: list[Callable[[], Mapping[str, str]]] = []


def register_source_names(names: Callable[[], Mapping[str, str]]) -> None:
    """Say what channels are called: their code → name, asked once for a page."""
    _names.append(names)


def source_names() -> dict[str, str]:
    """Code → name of every channel that somebody has named."""
    return {code: name for names in _names for code, name in names().items()}
