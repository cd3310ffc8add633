"""Lines that many payloads have in common."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from orders.schema.raw import Dumped, dump

_ROW: Final = attrgetter("row")


@dataclass(slots=True)
class SharedLine:
    """A line that stands in many payloads, as the same object in place of its JSON object, which is `values`.

    Shops sell the same article in the same number at the same price over and over: of the lines of a year's file,
    one in six is new. What follows from such a line is worked out once. `number` is the line's own within its file;
    `parsed` is (terms, line): what the line means under the terms of a channel, once somebody has asked; `row` its
    columns and its row of as_table() as JSON, once a message was written.
    """

    number: int
    values: dict[str, str]
    parsed: tuple[Any, Any] = field(default=(None, None), compare=False)
    row: tuple[tuple[str, ...], str] | tuple[()] = field(default=(), compare=False)


def as_table(lines: Iterable[Mapping[str, str]]) -> dict[str, list[Any]]:
    """Lines as {"columns": names, "rows": lists of values, None where a line has none}.

    Naming the columns of every line anew would make up half of a large order's message.
    """
    lines = list(lines)
    columns = list(dict.fromkeys(chain.from_iterable(lines)))
    return {"columns": columns, "rows": [[line.get(column) for column in columns] for line in lines]}


def as_message(payload: Mapping[str, Any]) -> Dumped:
    """A payload of shared lines as it is kept: {…, "lines": as_table()}; from_table() makes it a payload again."""
    before = dump({name: value for name, value in payload.items() if name < "lines"})
    after = dump({name: value for name, value in payload.items() if name > "lines"})
    parts = [before[1:-1], f'"lines":{_table_text(payload["lines"])}', after[1:-1]]
    return Dumped(f"{{{','.join(filter(None, parts))}}}")


def _table_text(lines: Sequence[SharedLine]) -> str:
    """as_table() of these lines as text of JSON; mostly all have the same columns, and each has its row's text."""
    if not lines:
        return dump(as_table(()))
    rows = list(map(_ROW, lines))
    if not all(rows):
        rows = [line.row or _keep_row(line) for line in lines]
    columns, texts = zip(*rows, strict=True)
    if len(set(map(id, columns))) != 1:
        return dump(as_table(line.values for line in lines))
    return f'{{"columns":{dump([*columns[0]])},"rows":[{",".join(texts)}]}}'


def _keep_row(line: SharedLine) -> tuple[tuple[str, ...], str]:
    row = line.row = _same(tuple(line.values)), dump(list(line.values.values()))
    return row


@lru_cache(maxsize=64)
def _same(columns: tuple[str, ...]) -> tuple[str, ...]:
    """One object for equal columns: comparing the columns of every line takes longer than copying its text."""
    return columns


def from_table(payload: Any) -> Any:
    """A payload whose lines are as_table() with them as JSON objects; any other as it is."""
    table = payload.get("lines") if isinstance(payload, dict) else None
    if not isinstance(table, dict) or table.keys() != {"columns", "rows"}:
        return payload
    columns = table["columns"]
    rows = (zip(columns, row, strict=True) for row in table["rows"])
    return {**payload, "lines": [{name: value for name, value in row if value is not None} for row in rows]}
