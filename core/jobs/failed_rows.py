"""The rows of a job that failed, as CSV: an import's with their own columns, to be mended and imported again."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext

from core.jobs import files
from core.jobs.cells import csv_value
from core.jobs.enums import RowOutcome
from core.jobs.models import Job
from core.tabular import open_table
from core.words import said_of


def failed_rows_csv(job: Job) -> Iterator[str]:
    """Lines of the file; an import's have the uploaded columns and the reason, as long as the upload is kept."""
    if job.input_file and files.path_of(job.input_file).exists():
        yield from _of_upload(job)
        return
    yield "\ufeff" + _line([gettext("Row"), gettext("Key"), gettext("Field"), gettext("Reason")])
    for row in job.rows.filter(outcome=RowOutcome.ERROR).order_by("row_number").iterator(chunk_size=2000):
        yield _line([row.row_number, row.key, row.field, row.message])


def _of_upload(job: Job) -> Iterator[str]:
    """An order's rows fail together, so each of them gets the reason; a reason of the time before is replaced."""
    reasons = {}
    for row in job.rows.filter(outcome=RowOutcome.ERROR).iterator(chunk_size=2000):
        reason = said_of(row.field, row.message) if row.field else row.message
        reasons.update(dict.fromkeys(row.row_numbers, reason))
    heading = gettext("Why it failed")
    with open_table(files.path_of(job.input_file), allow_gzip=True, clean=False) as table:
        width = len(table.header) - (table.header[-1:] == [heading])
        yield "\ufeff" + _line([*table.header[:width], heading])
        for number, cells, *_problem in table:
            if number in reasons:
                yield _line([*cells[:width], reasons[number]])


def _line(values: Sequence[Any]) -> str:
    quoted = ('"' + csv_value(value).replace('"', '""') + '"' for value in values)
    return ",".join(quoted) + "\r\n"
