"""Which encoding and delimiter a text file has."""

import codecs
import re
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from core.tabular.exceptions import TabularError

_CHUNK = 1 << 20
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_QUOTED = re.compile(r'"[^"]*"')
DELIMITERS = ",;\t|"


def detect_encoding(stream: BinaryIO, max_bytes: int) -> str:
    """UTF-8 (with or without BOM), UTF-16 with BOM, GB18030 or Windows-1252; reads the whole stream.

    The whole, because a file may stay ASCII for megabytes before the first name with an accent.
    Raises TabularError for binary files and for files above `max_bytes`.
    """
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    probe = _Probe()
    size = len(head)
    chunk = head
    while chunk:
        probe.feed(chunk)
        chunk = stream.read(_CHUNK)
        size += len(chunk)
        refuse_above(size, max_bytes)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return probe.encoding()


def refuse_above(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise TabularError(
            _("The file is larger than %(megabytes)d MB.") % {"megabytes": max_bytes >> 20}, "file_too_large"
        )


class _Probe:
    """Follows a stream of bytes and remembers which encodings it still can have."""

    def __init__(self) -> None:
        self.decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
        self.lone = 0
        self.paired = 0

    def feed(self, chunk: bytes) -> None:
        if b"\x00" in chunk:
            raise TabularError(
                _("This is neither a text file nor an XLSX workbook. Save it as CSV or XLSX."), "not_text"
            )
        if chunk.isascii() and not self.paired and not self.lone:
            return
        for name in list(self.decoders):
            try:
                self.decoders[name].decode(chunk)
            except UnicodeDecodeError:
                del self.decoders[name]
        if "utf-8" not in self.decoders:
            for run in _HIGH_RUNS.finditer(chunk):
                length = run.end() - run.start()
                self.lone += length == 1
                self.paired += length > 1

    def encoding(self) -> str:
        for name, decoder in list(self.decoders.items()):
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                del self.decoders[name]
        if "utf-8" in self.decoders:
            return "utf-8"
        # Chinese comes in runs of bytes above 127; an accented Latin letter stands alone between plain ones.
        return "gb18030" if "gb18030" in self.decoders and self.paired >= self.lone else "cp1252"


def sniff_delimiter(line: str) -> str:
    """The delimiter that occurs most in the header line outside quotes; a comma for a single column."""
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=lambda delimiter: (bare.count(delimiter), -DELIMITERS.index(delimiter)))
