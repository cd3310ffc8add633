"""XLSX workbooks: read as another reader reads them, and in little memory whatever is in them."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from core.tabular import Row, TabularError, open_table
from core.tabular.cells import CellValue
from core.tabular.formats import Meaning, elapsed, instant, meaning_of
from core.tabular.workbook import open_sheet

FORMATS = (
    *("General", "0.00", "0.00E+00", "@", '"days" 0', "\\d0", "[Red]0.0", "#,##0;[Red]-#,##0", '0" m"'),
    *("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "m/d/yy", "mmm d", "hh:mm", "mm:ss.0", "h:mm AM/PM", "yyyy\\-mm"),
    *('[$-804]yyyy"年"m"月"d"日"', "[h]:mm", "[mm]:ss", "[Red][h]:mm"),
)
NUMBERS = (0, 0.25, 0.5, 1, 1.5, 3.14, 59, 60, 61, 43831, 45000.123456, 45000.99999999, 45123.7654321, 2958465)


def values_of(path: Path) -> dict[int, list[CellValue]]:
    with ExitStack() as stack:
        return dict(open_sheet(stack, path, max_unpacked=1 << 28, max_cells=1_000_000).rows)


def stripped(row: Iterable[object]) -> list[object]:
    cells = [None if value == "" else value for value in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def test_every_value_is_what_another_reader_says(tmp_path):
    path = tmp_path / "f.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("empty")
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for column, code in enumerate(FORMATS):
            style = book.add_format({"num_format": code})
            for row, number in enumerate(NUMBERS):
                sheet.write_number(row, column, number, style)
        row = len(NUMBERS) + 2  # after a gap
        sheet.write_boolean(row, 0, True)
        sheet.write_formula(row, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(row, 2, "=A1", None, "text of a formula")
        sheet.write_rich_string(row, 3, "plain ", bold, "bold", " 粗体")
        sheet.write_string(row, 5, "  two\nlines_x000D_ _x005F_ é𠮷 ")
        sheet.write_blank(row, 6, None, bold)
        sheet.write_formula(row, 7, "=TRUE()", None, True)
    with CalamineWorkbook.from_path(str(path)) as other:
        expected = dict(enumerate(other.get_sheet_by_index(1).iter_rows(), 1))
    found = values_of(path)
    for number, cells in expected.items():
        mine, theirs = stripped(found.get(number, [])), stripped(cells)
        assert [(type(value), value) for value in mine] == [(type(value), value) for value in theirs], number


def test_years_counted_from_1904(tmp_path):
    path = tmp_path / "f.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        book.add_worksheet().write_datetime(0, 0, date(2026, 3, 1), book.add_format({"num_format": "d/m/yy"}))
    assert values_of(path) == {1: [date(2026, 3, 1)]}


def test_dates_that_only_east_asian_editions_know_by_number():
    assert [meaning_of(number) for number in (27, 36, 50, 58)] == [Meaning.INSTANT] * 4
    assert [meaning_of(number) for number in (0, 26, 37, 49, 59)] == [Meaning.NUMBER] * 5
    assert meaning_of(46) is Meaning.ELAPSED


def test_numbers_that_can_be_no_date_stay_numbers():
    assert [instant(number) for number in (-1, 2_958_466, 1e300)] == [-1, 2_958_466, 1e300]
    assert instant(2_957_004, since_1904=True) == 2_957_004
    assert instant(2_958_465.9999999995) == 2_958_465.9999999995
    assert (elapsed(1e300), elapsed(-0.5), instant(0.75)) == (1e300, timedelta(hours=-12), time(18))


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = '<row r="1"><c t="inlineStr"><is><t>sku</t></is></c><c t="inlineStr"><is><t>name</t></is></c></row>'


def book(path: Path, rows: Iterable[str], strings: Iterable[str] = (), prefix: str = "") -> Path:
    """A workbook of one sheet, written piece by piece; `rows` may be any XML."""
    relation = f'<Relationship Id="%s" Type="{OFFICE}/%s" Target="%s"/>'
    relations = [("r1", "worksheet", "worksheets/sheet1.xml"), ("r2", "sharedStrings", "/xl/sharedStrings.xml")]
    named = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships>{''.join(relation % values for values in relations)}</Relationships>",
        )
        with archive.open("xl/sharedStrings.xml", "w") as out:
            out.write(f'<sst xmlns="{MAIN}">'.encode())
            out.writelines(piece.encode() for piece in strings)
            out.write(b"</sst>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as out:
            out.write(f'<{prefix}worksheet {named}="{MAIN}"><{prefix}sheetData>'.encode())
            out.writelines(piece.encode() for piece in rows)
            out.write(f"</{prefix}sheetData></{prefix}worksheet>".encode())
    return path


def test_cells_and_rows_without_their_places_follow_each_other(tmp_path):
    rows = [HEADER, "<row><c><v>1</v></c><c t='s'><v>0</v></c></row>", "<row r='5'><c r='B5' t='b'><v>0</v></c></row>"]
    phonetic = "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
    with open_table(book(tmp_path / "f.xlsx", rows, [phonetic])) as table:
        assert list(table) == [Row(2, ["1", "東京"]), Row(5, ["", "FALSE"])]
        assert table.fraction_read() == 1.0


def test_elements_with_a_prefix(tmp_path):
    rows = ["<x:row><x:c t='str'><x:v>sku</x:v></x:c></x:row>", "<x:row><x:c><x:v>7</x:v></x:c></x:row>"]
    with open_table(book(tmp_path / "f.xlsx", rows, prefix="x:")) as table:
        assert (table.header, list(table)) == (["sku"], [Row(2, ["7"])])


MANY = 20_000
LONG = "x" * 120_000

#: Files near what is allowed, each of a kind that costs a careless reader far more memory than it has bytes.
GREEDY = {
    "a long string named often": (
        lambda: [HEADER, *["<row><c t='s'><v>0</v></c></row>"] * MANY],
        lambda: [f"<si><t>{LONG}</t></si>"],
    ),
    "long strings named in turn": (
        lambda: [HEADER, *(f"<row><c t='s'><v>{n % 400}</v></c></row>" for n in range(MANY))],
        lambda: [f"<si><t>{n}{LONG}</t></si>" for n in range(400)],
    ),
    "many strings": (
        lambda: [HEADER, *(f"<row><c t='s'><v>{n}</v></c></row>" for n in range(MANY))],
        lambda: (f"<si><t>a name of its own, {n * 7919 % 600_000}</t></si>" for n in range(600_000)),
    ),
    "empty strings": (
        lambda: [HEADER, "<row><c t='s'><v>9</v></c><c><v>1</v></c></row>"],
        lambda: ["<si/>" * 1000] * 2_000,
    ),
    "wide rows": (
        lambda: [HEADER, *["<row>" + "<c t='s'><v>0</v></c>" * 300 + "</row>"] * 1_500],
        lambda: ["<si><t>some words in a cell</t></si>"],
    ),
    "a wide row of long strings": (
        lambda: [HEADER, "<row>" + "".join(f"<c t='s'><v>{n}</v></c>" for n in range(400)) + "</row>"],
        lambda: [f"<si><t>{n}{LONG}</t></si>" for n in range(400)],
    ),
    "wide rows of nothing": (lambda: [HEADER, *["<row><c r='XFD1'/></row>"] * MANY], list),
    "an endless cell": (lambda: [HEADER, "<row><c t='str'><v>", *[LONG] * 400, "</v></c></row>"], list),
    "an endless attribute": (lambda: [HEADER, "<row a='", *[LONG] * 400, "'/>"], list),
    "an endless comment": (lambda: [HEADER, "<!--", *[LONG] * 400, "-->"], list),
    "an endless depth": (lambda: [HEADER, *["<a>" * 10_000] * 500], list),
    "endless names": (lambda: [HEADER, *(f"<a{n:x}/>" for n in range(1_000_000))], list),
    "a cell far away": (lambda: [HEADER, "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"], list),
}
REFUSALS = {"line_too_long", "workbook_too_large", "broken_workbook"}

READ = """
import json, resource, sys, django
django.setup()
from pathlib import Path
from core.tabular import TabularError, open_table
allowed = 200 << 20
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + allowed
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
count, code = 0, ""
try:
    with open_table(Path(sys.argv[1])) as table:
        for count, row in enumerate(table, 1):
            pass
except TabularError as error:
    code = error.code
print(json.dumps([count, code]))
"""


@pytest.mark.parametrize("kind", GREEDY)
def test_a_greedy_workbook_is_read_or_refused_within_200_megabytes(tmp_path, kind):
    """The kernel refuses more, in a process of its own."""
    rows, strings = GREEDY[kind]
    path = book(tmp_path / "f.xlsx", rows(), strings())
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count, code = json.loads(done.stdout.splitlines()[-1])
    assert code in REFUSALS or (code, count > 0) == ("", True)


def test_an_archive_of_countless_members_is_refused_before_its_directory_is_read(tmp_path):
    path = tmp_path / "f.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_100):
            archive.writestr(str(number), b"")
    with pytest.raises(TabularError) as refused, open_table(path):
        pass
    assert refused.value.code == "workbook_too_large"


BROKEN = {
    "a string that isn't there": ("<row><c t='s'><v>5</v></c></row>", "broken_workbook"),
    "a string before the first": ("<row><c t='s'><v>-1</v></c></row>", "broken_workbook"),
    "a number that is none": ("<row><c><v>1,5</v></c></row>", "broken_workbook"),
    "no number at all": ("<row><c><v>nan</v></c></row>", "broken_workbook"),
    "a column too far": ("<row><c r='XFE2'><v>1</v></c></row>", "broken_workbook"),
    "no column": ("<row><c r='22'><v>1</v></c></row>", "broken_workbook"),
    "a row too far": ("<row r='1048577'><c><v>1</v></c></row>", "broken_workbook"),
    "a row of no number": ("<row r='x'><c><v>1</v></c></row>", "broken_workbook"),
    "a row that doesn't end": ("<row>" + f"<c t='str'><v>{LONG}</v></c>" * 40, "line_too_long"),
    "an element left open": ("<row><c><v>1</v></row>", "broken_workbook"),
    "an unknown entity": ("<row><c t='str'><v>&e;</v></c></row>", "broken_workbook"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_sheet_is_refused_with_the_reason(tmp_path, kind):
    row, code = BROKEN[kind]
    path = book(tmp_path / "f.xlsx", [HEADER, row], ["<si><t>a</t></si>"])
    with pytest.raises(TabularError) as refused, open_table(path) as table:
        list(table)
    assert refused.value.code == code


def test_an_odd_style_is_a_plain_number(tmp_path):
    with open_table(book(tmp_path / "f.xlsx", [HEADER, "<row><c s='7'><v>45000</v></c></row>"])) as table:
        assert [row.cells for row in table] == [["45000", ""]]
