"""Starting an import: which mapping a file is read by, and the job that reads it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.jobs.models import Job
from core.jobs.services import start_job
from core.storage import room_needed
from core.tabular import TabularError, match_header, open_table
from core.words import listed
from orders.importing.headings import HEADINGS, WORDS
from orders.importing.joining import join_tables
from orders.importing.mapping import FileMapping, Options, importable_fields
from orders.importing.presets import LinesFile, Preset, detect
from orders.models import Channel, ImportMapping
from orders.services.channels import save_mapping
from orders.services.import_orders import IMPORT_ORDERS

SHOWN_ROWS = 5


def start_import(
    *,
    channel: Channel,
    path: Path,
    name: str,
    mapping: FileMapping,
    actor: Actor,
    lines_path: Path | None = None,
    lines_by: LinesFile | None = None,
    catalogue: Mapping[str, Any] | None = None,
    save_as: str = "",
) -> Job:
    """Queue the import of a file; `name` is what people call it.

    With `lines_path`, the lines of the orders are in a second file and `lines_by` says how the two belong
    together. `catalogue` is explained at import_orders(). With `save_as`, the mapping is kept under this name, or
    nothing is begun. Raises TabularError for unreadable files, FileTooLarge, StorageFull.
    """
    params: dict[str, Any] = {
        "channel_id": channel.pk,
        "columns": dict(mapping.columns),
        "options": mapping.options.as_json(),
    }
    if catalogue is not None:
        params["catalogue"] = dict(catalogue)
    title = f"{channel.name}: {name}"
    with _one_file(path, lines_path, lines_by) as file, transaction.atomic():
        if save_as:
            save_mapping(channel=channel, name=save_as, mapping=mapping, actor=actor)
        return start_job(kind=IMPORT_ORDERS, params=params, actor=actor, input_file=file, input_name=name, title=title)


@contextmanager
def _one_file(path: Path, lines_path: Path | None, lines_by: LinesFile | None) -> Iterator[Path]:
    """The file to be imported while the block runs, joined where the lines are in one of their own."""
    if lines_path is None or lines_by is None:
        yield path
        return
    with room_needed(), TemporaryDirectory() as folder:
        yield join_files(path, lines_path, lines_by, Path(folder))


def join_files(path: Path, lines_path: Path, by: LinesFile, folder: Path) -> Path:
    """One CSV made of a file of orders and a file of their lines."""
    joined = folder / f"{path.stem}.csv"
    with (
        open_table(path, allow_gzip=True) as orders,
        open_table(lines_path, allow_gzip=True) as lines,
        joined.open("w", encoding="utf-8", newline="") as out,
    ):
        join_tables(orders, lines, by, out)
    return joined


def look_at(path: Path) -> tuple[list[str], list[list[str]]]:
    """(header, the first rows) of a file, for a preview. Raises TabularError."""
    with open_table(path, allow_gzip=True) as table:
        rows = [row.cells for row, _count in zip(table, range(SHOWN_ROWS), strict=False)]
        return table.header, rows


def suggest_mapping(channel: Channel | None, header: list[str]) -> tuple[FileMapping, Preset | None]:
    """The mapping to begin with, and the preset that it comes from, if any.

    Tried in this order: the channel's own mapping if it fits the header, a known export, columns by their names.
    """
    saved = default_mapping(channel) if channel is not None else None
    if saved is not None and set(saved.columns.values()) & set(header):
        return saved, None
    preset = detect(header)
    if preset is not None:
        return preset.mapping, preset
    names = {path: [str(label), *HEADINGS.get(path, ())] for path, label in importable_fields().items()}
    match = match_header(header, names)
    return FileMapping({path: header[index] for path, index in match.columns.items()}, Options(words=WORDS)), None


def default_mapping(channel: Channel) -> FileMapping | None:
    """The mapping that the channel's files are read by, if one was saved."""
    saved = ImportMapping.objects.filter(channel=channel).order_by("-is_default", "-updated_at").first()
    return None if saved is None else FileMapping(saved.columns, Options.from_json(saved.options))


def refuse_incomplete(mapping: FileMapping, header: list[str]) -> FileMapping:
    """The mapping without columns that the file lacks; raises TabularError if no order can be made with it."""
    present = {path: heading for path, heading in mapping.columns.items() if heading in header}
    usable = replace(mapping, columns=present)
    labels = importable_fields()
    if missing := usable.missing():
        raise TabularError(
            _("The file has no column for: %(fields)s.") % {"fields": listed(labels[path] for path in missing)},
            "missing_column",
        )
    return usable
