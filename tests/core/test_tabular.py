import csv
import gzip
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs.cells import escape_formula
from core.tabular import Limits, Row, TabularError, clean_cell, match_header, open_table
from core.tabular.exceptions import MAX_LINE, line_too_long
from core.tabular.reader import _PIECE_CHARACTERS


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path, **options) -> tuple[list[str], list[Row]]:
    with open_table(path, **options) as table:
        return table.header, list(table)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "编码,名称\nA,é苹果\n"),
        ("utf-8-sig", "编码,名称\nA,é苹果\n"),
        ("utf-16", "编码,名称\nA,é苹果\n"),
        ("gb18030", "编码,名称\nA,苹果手机𠮷\n"),
        ("cp1252", "code,name\nA,Café crème £5\n"),
    ],
)
def test_encodings_are_recognised(tmp_path, encoding, text):
    header, rows = read(write(tmp_path / "f", text.encode(encoding)))
    lines = text.splitlines()
    assert header == lines[0].split(",")
    assert rows == [Row(2, lines[1].split(","))]


def test_an_accent_after_a_megabyte_of_ascii_is_read(tmp_path):
    text = "code,name\n" + "A,plain\n" * 200_000 + "B,naïve\n"
    with open_table(write(tmp_path / "f", text.encode("cp1252"))) as table:
        *_rest, last = table
    assert last.cells == ["B", "naïve"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path, delimiter):
    text = f'sku{delimiter}"name, {delimiter} long"\nA{delimiter}x\n'
    header, rows = read(write(tmp_path / "f", text.encode()))
    assert header == ["sku", f"name, {delimiter} long".strip()]
    assert rows[0].cells == ["A", "x"]


def test_line_numbers_are_those_of_the_file(tmp_path):
    text = '\nsku,note\nA,"two\nlines"\n\nB,x\n'
    _header, rows = read(write(tmp_path / "f", text.encode()))
    assert [(row.number, row.cells[0]) for row in rows] == [(3, "A"), (6, "B")]


ODD_LINES = ["A,x\n", 'B,"two\nlines"\n', 'C,"three\r\nof\rthem"\r\n', "\n", "D,y\r\n", 'E,"a\n\nb"\n']


@settings(deadline=None)
@given(st.lists(st.sampled_from(ODD_LINES), min_size=1, max_size=600), st.booleans())
def test_line_numbers_are_those_of_the_file_however_long_it_is(lines, is_broken):
    text = "".join(["sku,note\n", *lines, 'F,"never closed' if is_broken else ""])
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected, number = [], 1
    with suppress(csv.Error):
        for cells in records:
            expected.append((number, cells))
            number = records.line_num + 1
    found = []
    with TemporaryDirectory() as folder, open_table(write(Path(folder) / "f", text.encode())) as table:
        found += [(row.number, row.cells) for row in table]
    unclosed = found.pop() if is_broken else None
    assert found == [(number, cells) for number, cells in expected[1:] if cells]
    assert unclosed is None or unclosed == (number, ["F", "never closed"])


def test_what_stands_before_a_broken_line_is_read(tmp_path):
    good = ["A,x\n", 'B,"two\nlines"\n'] * 200
    path = write(tmp_path / "f", "".join(["sku,note\n", *good, f"C,{'x' * 200_000}\n", "D,x\n"]).encode())
    rows: list[Row] = []
    with open_table(path) as table, pytest.raises(TabularError, match="Line 602 ") as caught:
        rows.extend(table)
    assert caught.value.code == "broken_line"
    assert (len(rows), rows[-1].number) == (400, 600)


def test_what_stands_before_an_endless_line_is_read(tmp_path):
    path = write(tmp_path / "f", b"sku,note\n" + b"A,x\n" * 40_000 + b"B," + b"x" * 2 * MAX_LINE)
    rows: list[Row] = []
    with open_table(path) as table, pytest.raises(TabularError) as caught:
        rows.extend(table)
    assert caught.value.code == line_too_long(MAX_LINE).code
    assert len(rows) >= 2 * (_PIECE_CHARACTERS // 4) - 2  # all but those of the piece of text that it begins in


def test_rows_of_another_length(tmp_path):
    _header, rows = read(write(tmp_path / "f", b"a,b\n1\n1,2,\n1,2,3\n"))
    assert [row.cells for row in rows] == [["1", ""], ["1", "2"], ["1", "2"]]
    assert [row.problem for row in rows] == ["", "", "too_many_cells"]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ('="0123"', "0123"),
        ("'13800138000", "13800138000"),
        ("\t6901234567892", "6901234567892"),
        ("'t Hooft", "'t Hooft"),
        ("  x ", "x"),
        ("=1+1", "=1+1"),
    ],
)
def test_marks_of_exporters_are_taken_off(raw, clean):
    assert clean_cell(raw) == clean


@pytest.mark.parametrize("raw", ['="123456789012"', "\t6901234567892", '="abc"', "=1+1", "'42"])
def test_a_raw_cell_that_we_escape_is_read_as_the_raw_cell_is(raw):
    """Failed rows come as they were uploaded and are uploaded again."""
    assert clean_cell(escape_formula(raw)) == clean_cell(raw)


def test_cells_stay_as_they_are_on_request(tmp_path):
    _header, rows = read(write(tmp_path / "f", b"a,b\n\t1,'2\n"), clean=False)
    assert rows[0].cells == ["\t1", "'2"]


def test_gzip_only_where_allowed(tmp_path):
    path = write(tmp_path / "f.csv.gz", gzip.compress(b"a,b\n1,2\n"))
    assert read(path, allow_gzip=True)[1] == [Row(2, ["1", "2"])]
    with pytest.raises(TabularError) as error:
        read(path)
    assert error.value.code == "compressed"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (b"\xd0\xcf\x11\xe0rest", "old_excel"),
        (b"PK\x03\x04rest", "broken_workbook"),
        (b"\x7fELF\x00\x00", "not_text"),
        (b"a,a\n1,2\n", "duplicate_column"),
        (b"a," * 400 + b"\n", "duplicate_column"),
        (b'a,b\n1,"never closed\n' + b"x" * 200_000, "broken_line"),
        (b"\x1f\x8bbroken", "broken_archive"),
    ],
)
def test_unreadable_files_say_why(tmp_path, content, code):
    limits = Limits(max_columns=500)
    with pytest.raises(TabularError) as error:
        read(write(tmp_path / "f", content), limits=limits, allow_gzip=True)
    assert error.value.code == code


def test_limits(tmp_path):
    rows = write(tmp_path / "rows", b"a\n" + b"1\n" * 11)
    with pytest.raises(TabularError, match="more than 10 rows"):
        read(rows, limits=Limits(max_rows=10))
    with pytest.raises(TabularError, match="more than 2 columns"):
        read(write(tmp_path / "columns", b"a,b,c\n"), limits=Limits(max_columns=2))
    bomb = write(tmp_path / "bomb.gz", gzip.compress(b"a\n" + b"0" * (3 << 20)))
    with pytest.raises(TabularError, match="larger than 1 MB"):
        read(bomb, limits=Limits(max_bytes=1 << 20), allow_gzip=True)


def workbook(path: Path, cells: dict[tuple[int, int], object]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for (row, column), value in cells.items():
        sheet.write(row, column, value)
    book.close()
    return path


def test_workbooks_give_text_as_csv_would(tmp_path):
    cells = {
        (1, 0): "sku",
        (1, 1): "qty",
        (2, 0): "A",
        (2, 1): 3,
        (4, 0): 6901234567892,
        (4, 1): 1.5,
        (5, 1): True,
    }
    header, rows = read(workbook(tmp_path / "f.xlsx", cells))
    assert header == ["sku", "qty"]
    assert rows == [Row(3, ["A", "3"]), Row(5, ["6901234567892", "1.5"]), Row(6, ["", "TRUE"])]


def test_a_number_that_lost_its_digits_is_told(tmp_path):
    _header, rows = read(workbook(tmp_path / "f.xlsx", {(0, 0): "order", (1, 0): 1234567890123456789}))
    assert (rows[0].problem, rows[0].problem_column) == ("lost_digits", "order")


def test_a_cell_far_away_is_one_of_its_row(tmp_path):
    path = workbook(tmp_path / "f.xlsx", {(0, 0): "a", (1_048_575, 16_383): 1})
    header, rows = read(path)
    assert (header, rows) == (["a"], [Row(1_048_576, [""], "too_many_cells")])


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path):
    path = workbook(tmp_path / "f.xlsx", {(0, 0): "a"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", b"0" * (5 << 20))
    with pytest.raises(TabularError) as error:
        read(path, limits=Limits(max_bytes=1 << 20))
    assert error.value.code == "workbook_too_large"


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 1000)
    content = buffer.getvalue().replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(TabularError) as error:
        read(write(tmp_path / "f.xlsx", content))
    assert error.value.code == "broken_workbook"


def test_header_names_match_in_any_spelling():
    fields = {"sku": ["SKU code", "商品编码"], "quantity": ["Qty", "数量"], "name": []}
    match = match_header(["＊商品编码", "QTY ", "Colour", ""], fields)
    assert match.columns == {"sku": 0, "quantity": 1}
    assert match.unknown == ["Colour"]
    assert match.missing(["sku", "name"]) == ["name"]
    assert match.values(["A", "2", "red", ""]) == {"sku": "A", "quantity": "2"}


@pytest.mark.parametrize("text", ["=1+1", "+8613900139000", "-5", "@home", "＝1"])
def test_what_our_own_files_escape_is_read_as_it_was(text):
    assert clean_cell(escape_formula(text)) == text
    assert clean_cell("'t Hooft") == "'t Hooft"
