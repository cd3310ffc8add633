"""The way of every import: read rows, work on them in batches, report each row exactly once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from core.jobs.context import JobContext, RowResult
from core.jobs.enums import RowOutcome
from core.jobs.models import Job, JobRow
from core.jobs.registry import kind as job_kind_of
from core.tabular import HeaderMatch, Row, Table, TabularError, match_header, open_table
from core.words import listed, said_of

BATCH_SIZE = 500
_UNUSED = "unused_columns"


class FileRow(NamedTuple):
    """A row of the file with its values by field; fields without a column are absent."""

    number: int
    values: dict[str, str]


class RowRefused(Exception):
    """One row can't be taken; the others can."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(field)


class Importer(Protocol):
    """What differs between imports."""

    @property
    def fields(self) -> Mapping[str, Sequence[str]]:
        """The other names of each column."""
        ...

    @property
    def required(self) -> Sequence[str]:
        """The columns that the file must have."""
        ...

    def key(self, values: Mapping[str, str]) -> str:
        """What the row is about; a batch never holds two rows with the same key."""
        ...

    def apply(self, batch: Sequence[FileRow]) -> list[RowResult]:
        """Do the rows, inside a transaction, and say what became of each."""
        ...


def run_import(context: JobContext, importer: Importer) -> None:
    """Import the job's file.

    A batch and the report of its rows are committed together, so that a run that is repeated after a crash
    does nothing twice.
    """
    path = context.input_path()
    with open_table(path, allow_gzip=True) as table:
        total = sum(1 for _row in table)
    done = set(JobRow.objects.filter(job=context.job).values_list("row_number", flat=True))
    only = context.params.get("only_rows")
    wanted = None if only is None else set(only)
    with open_table(path, allow_gzip=True) as table:
        columns = _columns(table, importer)
        processed = 0
        context.progress(0, total if wanted is None else len(wanted))
        for batch in _batches(table, columns, importer):
            rows = [row for row in batch if row.number not in done and (wanted is None or row.number in wanted)]
            _work(context, importer, rows)
            processed += len(batch) if wanted is None else len(rows)
            context.progress(processed)
    if columns.unknown:
        context.keep(_UNUSED, list(columns.unknown))
        context.message(unused_columns(context.job))


def title_by_file(job: Job) -> str:
    """The title of an import in the reader's language: its kind and its file."""
    return said_of(job_kind_of(job.kind).label, job.input_name)


def unused_columns(job: Job) -> str:
    """What is said of an import that is done: the columns that it passed over, if any."""
    names = job.params.get(_UNUSED)
    return _("Columns that weren't used: %(names)s") % {"names": listed(names)} if names else job.message


class _BadRow(NamedTuple):
    """A row that can't be read, kept in its place among the others."""

    number: int
    result: RowResult


def _work(context: JobContext, importer: Importer, rows: "Sequence[FileRow | _BadRow]") -> None:
    if not rows:
        return
    good = [row for row in rows if isinstance(row, FileRow)]
    bad = [row.result for row in rows if isinstance(row, _BadRow)]
    with transaction.atomic():
        results = importer.apply(good) if good else []
        context.rows([*bad, *results])
        context.flush()


def _columns(table: Table, importer: Importer) -> HeaderMatch:
    columns = match_header(table.header, importer.fields)
    if missing := columns.missing(importer.required):
        raise TabularError(
            _("The file has no column “%(name)s”. It has: %(header)s")
            % {"name": missing[0], "header": listed(name for name in table.header if name)},
            "missing_column",
        )
    return columns


def _batches(table: Table, columns: HeaderMatch, importer: Importer) -> "Iterator[list[FileRow | _BadRow]]":
    batch: list[FileRow | _BadRow] = []
    keys: set[str] = set()
    for row in table:
        item = _read(row, columns)
        key = importer.key(item.values) if isinstance(item, FileRow) else ""
        if len(batch) >= BATCH_SIZE or (key and key in keys):
            yield batch
            batch, keys = [], set()
        batch.append(item)
        keys.add(key)
    if batch:
        yield batch


def _read(row: Row, columns: HeaderMatch) -> "FileRow | _BadRow":
    if row.problem == "too_many_cells":
        message = _("The row has more cells than the header. Perhaps a comma stands without quotation marks.")
    elif row.problem == "lost_digits" and row.problem_column not in columns.unknown:
        message = _("This number is too long for a spreadsheet and has lost digits. Format the column as text.")
    elif any("\x00" in cell for cell in row.cells):
        message = _("The row has characters that no text may have.")
    else:
        return FileRow(row.number, columns.values(row.cells))
    return _BadRow(row.number, RowResult(row.number, "", RowOutcome.ERROR, row.problem_column, message))


def failed(row: FileRow, key: str, field: str, message: object) -> RowResult:
    """The report of a row that wasn't taken."""
    return RowResult(row.number, key, RowOutcome.ERROR, field, message)
