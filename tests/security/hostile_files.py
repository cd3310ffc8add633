"""Files that nobody uploads with good intent, or only by mistake."""

import io
import zipfile
from collections.abc import Callable
from functools import cache

import xlsxwriter

MEGABYTE = 1 << 20
_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"
_ENTITY = b'<!DOCTYPE sst [<!ENTITY e SYSTEM "file:///etc/hostname"><!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'


def workbook(*rows: tuple[object, ...]) -> bytes:
    """An XLSX file of one sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                (sheet.write_string if isinstance(value, str) else sheet.write)(number, column, value)
    return buffer.getvalue()


def changed(content: bytes, **members: Callable[[bytes], bytes]) -> bytes:
    """The workbook with its `sheet` or `strings` rewritten."""
    names = {"sheet": _SHEET, "strings": _STRINGS}
    change = {names[key]: function for key, function in members.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, bytes)(old.read(name)))
    return buffer.getvalue()


@cache
def bomb() -> bytes:
    """A workbook of some 100 kB that unpacks to 100 MB."""
    blank = b"<!--" + b" " * (100 * MEGABYTE) + b"-->"
    return changed(workbook(("sku",)), sheet=lambda xml: xml.replace(b"</worksheet>", blank + b"</worksheet>"))


def with_entities() -> bytes:
    """A workbook whose text is said to stand in another file, and to multiply itself."""

    def declare(xml: bytes) -> bytes:
        head, mark, rest = xml.partition(b"?>")
        return head + mark + _ENTITY + rest.replace(b"ENTITY", b"&e;&b;")

    return changed(workbook(("sku", "name"), ("A", "ENTITY")), strings=declare)


def foreign_compression() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(_SHEET, b"0" * MEGABYTE)
    return buffer.getvalue()


def damaged() -> bytes:
    """A workbook whose packed data is broken in the middle."""
    content = bytearray(workbook(*[("sku", number) for number in range(200)]))
    start = content.index(_SHEET.encode()) + 200
    content[start : start + 50] = b"\xff" * 50
    return bytes(content)


def other_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return buffer.getvalue()


#: What is wrong with a file, the file, and words of the reason that people are given.
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "blank": (lambda: b"\n\n\n", "no header row"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "neither a text file nor an XLSX workbook"),
    "UTF-16 without its mark": (lambda: "sku,name\nA,苹果\n".encode("utf-16-le"), "neither a text file"),
    "damaged UTF-16": (lambda: "sku,name\nA,x\n".encode("utf-16") + b"\x00\xd8\x00\x00", "no encoding known here"),
    "bytes of no encoding": (lambda: b"sku,name\nA,\x81\x8d\x8f\n", "no encoding known here"),
    "10,000 columns": (lambda: ",".join(f"c{n}" for n in range(10_000)).encode(), "more than 300 columns"),
    "10,000 columns in a workbook": (lambda: workbook(tuple(f"c{n}" for n in range(10_000))), "more than 300 columns"),
    "a column twice": ("sku,名称,sku\nA,x,B\n".encode, "“sku” is there twice"),
    "a cell of a million": (lambda: b"sku,name\nA," + b"x" * 1_000_000 + b"\n", "Line 2 can"),
    "a quotation mark that isn't closed": (lambda: b'sku,name\nA,"' + b"x\n" * 200_000, "quotation mark"),
    "one endless line": (lambda: b"x" * 5 * MEGABYTE, "A line is longer than"),
    "an old Excel file": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
    "half a workbook": (lambda: workbook(("sku", "name"))[:-200], "damaged"),
    "a damaged workbook": (damaged, "damaged"),
    "a workbook packed by another method": (foreign_compression, "damaged"),
    "an archive that is no workbook": (other_archive, "damaged"),
    "a workbook that names other files": (with_entities, "damaged"),
    "a bomb": (bomb, "too large"),
}
