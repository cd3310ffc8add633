"""Files to fill in and import."""

import csv
import io
from collections.abc import Sequence

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def template_file(header: Sequence[str], rows: Sequence[Sequence[str]], suffix: str) -> tuple[bytes, str]:
    """Content and content type of a file with a header and example rows; `suffix` is "csv" or "xlsx".

    The CSV has a byte order mark, without which Excel reads Chinese as gibberish; all columns of the workbook
    are formatted as text, so that long codes keep their digits.
    """
    if suffix == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *rows])
        return text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"
    import xlsxwriter  # noqa: PLC0415 - large, and only who writes a workbook needs it

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        as_text = book.add_format({"num_format": "@"})
        sheet.set_column(0, len(header) - 1, 18, as_text)
        sheet.write_row(0, 0, header, book.add_format({"bold": True, "num_format": "@"}))
        for place, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                sheet.write_string(place, column, value, as_text)
        sheet.freeze_panes(1, 1)
    return buffer.getvalue(), _XLSX
