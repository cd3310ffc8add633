"""Reading the parts of a workbook as XML, in little memory whatever is in them.

Beyond what expat refuses by itself: document types (entities), deep nesting, floods of names, endless tokens. All
of them cost memory that grows with the file, and no program that writes workbooks needs them.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol
from xml.parsers import expat

_CHUNK = 1 << 16
_MAX_DEPTH = 64
_MAX_NAMES = 10_000
_MAX_TOKEN = 4 << 20
_LONGEST_NAME = 1000
_LONGEST_VALUE = 32_768


class Malformed(Exception):
    """The part isn't XML, or XML that no workbook has."""


class Listener(Protocol):
    """Hears of the elements by their local names. `text` comes whole between two tags, if `wants_text` is set."""

    wants_text: bool

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


def read_xml(stream: BinaryIO, listener: Listener) -> Iterator[None]:
    """Feed the listener, with a pause after every piece of some 64 kB. Raises Malformed."""
    names: dict[str, str] = {}
    parser = _parser(listener, names)
    fed = 0
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _MAX_TOKEN or len(names) > _MAX_NAMES:
                raise Malformed
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Malformed(str(error)) from error
    yield


def _parser(listener: Listener, names: dict[str, str]) -> Any:
    parser = expat.ParserCreate(intern=names)
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    local: dict[str, str] = {}
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH or len(name) > _LONGEST_NAME:
            raise Malformed
        for key, value in attributes.items():
            if len(key) > _LONGEST_NAME or len(value) > _LONGEST_VALUE:
                raise Malformed
        listener.start(local.get(name) or local.setdefault(name, name.rpartition(":")[2]), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        listener.end(local[name])

    def text(data: str) -> None:
        if listener.wants_text:
            listener.text(data)

    def refuse(*_declaration: Any) -> None:
        raise Malformed

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    return parser
