"""Rows of a file put together into orders, every row accounted for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

from core.tabular import Row, clean_cell
from orders.importing.cells import is_ciphertext, moment_reader, number, plain_id, split_address, unit_price
from orders.importing.mapping import FileMapping
from orders.schema import FieldError, SharedLine, as_message
from orders.schema.raw import Dumped

_NUMBERS: Final = frozenset(
    {"shipping_fee", "discount", "tax", "total", "lines.quantity", "lines.unit_price", "lines.amount"}
    | {"lines.discount", "lines.tax"}
)
MOMENTS: Final = frozenset({"placed_at", "updated_at", "cancelled_at", "ship_by", "payment.paid_at"})
_IDS: Final = frozenset({"group", "external_id", "customer.external_id", "lines.external_id", "lines.sku"})
# Why a row is no order at all: expected in such files, and no fault of anybody's.
NOT_ORDERS: Final = frozenset({"cancellation", "adjustment", "negative_quantity", "not_an_order_status"})

OPEN_ORDERS: Final = 100
MAX_RUN: Final = 1000
# What an Assembler remembers of lines, so that equal ones become one object.
KEPT_LINES: Final = 64_000
KEPT_CHARACTERS: Final = 300

_VALUES: Final = attrgetter("values")

Convert = Callable[[str], str]


@dataclass(slots=True)
class FileOrder:
    """One order of a file as a canonical order; `refusals` say why it must not be taken for one.

    `rows` are the numbers of its rows, `repeated` of those that repeat an earlier one, `line_rows` the row of
    each line of the payload.
    """

    external_id: str
    payload: dict[str, Any]
    rows: list[int]
    repeated: list[int]
    line_rows: list[int]
    refusals: list[FieldError]

    def message(self) -> Dumped:
        """The payload as text of JSON, for keeping."""
        return as_message(self.payload)


class _Column(NamedTuple):
    field: str
    place: int
    convert: Convert


@dataclass(slots=True)
class _Group:
    """The rows of an order seen so far. `pending` are the order's columns that were empty in all of them.

    `first` are rows whose lines already told them apart, as those of most orders do; they aren't among `seen` yet.
    """

    pending: list[_Column]
    order: dict[str, str] = field(default_factory=dict)
    lines: list[SharedLine] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    line_rows: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    first: Sequence[list[str]] = ()
    seen: set[tuple[str, ...]] = field(default_factory=set)
    problems: list[FieldError] = field(default_factory=list)


class _Lines(dict[tuple[str, ...], SharedLine]):
    """Lines by their cells, made as they are asked for."""

    def __init__(self, make: Callable[[int, tuple[str, ...]], SharedLine]) -> None:
        super().__init__()
        self._make = make
        self._count = 0

    def __missing__(self, texts: tuple[str, ...]) -> SharedLine:
        self._count += 1
        line = self._make(self._count, texts)
        if len("".join(texts)) <= KEPT_CHARACTERS:
            if len(self) >= KEPT_LINES:
                self.clear()
            self[texts] = line
        return line


class ScatteredOrders(Exception):
    """The rows of an order don't lie close together in the file."""


class Assembler:
    """Reads the rows of one file by one mapping. Orders needn't be contiguous in the file."""

    def __init__(self, mapping: FileMapping, header: list[str]) -> None:
        self.options = mapping.options
        places = {name: index for index, name in enumerate(header) if name}
        moment = moment_reader(self.options.date_formats)
        columns = [
            _Column(path, places[heading], self._converter(path, moment))
            for path, heading in mapping.columns.items()
            if heading in places
        ]
        self._order_columns = [column for column in columns if not column.field.startswith("lines.")]
        self._line_columns = [
            column._replace(field=column.field.removeprefix("lines."))
            for column in columns
            if column.field.startswith("lines.")
        ]
        self._pick_line = _picker([column.place for column in self._line_columns])
        self._line_constants = {
            path.removeprefix("lines."): value
            for path, value in self.options.constants.items()
            if path.startswith("lines.") and value
        }
        self._lines = _Lines(self._new_line)
        by_field = {column.field: column.place for column in columns}
        self._key_index = by_field.get("group", by_field.get("external_id", -1))
        self.columns = [column.field for column in columns]

    def keys(self, rows: Iterable[Row]) -> Iterator[tuple[str, int]]:
        """(order key, row number) of every row; the last row of each key is what orders() needs to know.

        The cells may be uncleaned: cleaning all of them would take as long as everything else in this pass.
        """
        for row in rows:
            yield clean_cell(self._key(row.cells)), row.number

    def orders(self, rows: Iterable[Row], last_rows: Mapping[str, int]) -> Iterator[FileOrder]:
        """Orders, each as soon as its last row has been read, so that few are held at a time.

        `last_rows` is {order key: number of its last row}.
        """
        groups: dict[str, _Group] = {}
        for key, run in self._runs(rows):
            group = groups.get(key)
            if group is None:
                group = groups[key] = _Group(self._order_columns)
            self._add(group, run)
            if last_rows.get(key) == run[-1].number:
                yield self._finish(key, groups.pop(key))
        for key, group in groups.items():  # their last row turned out to be blank once it was cleaned
            yield self._finish(key, group)

    def neighbours(self, rows: Iterable[Row]) -> Iterator[FileOrder]:
        """orders() in a single pass, for files in which the rows of an order lie close together, as they mostly do.

        Raises ScatteredOrders where they turn out not to: a row of an order comes after OPEN_ORDERS others.
        """
        open_orders: dict[str, _Group] = {}  # in the order of their last rows
        finished: set[str] = set()
        for key, run in self._runs(rows):
            if key in finished:
                raise ScatteredOrders
            group = open_orders.pop(key) if key in open_orders else _Group(self._order_columns)
            open_orders[key] = group
            if len(open_orders) > OPEN_ORDERS:
                oldest = next(iter(open_orders))
                finished.add(oldest)
                yield self._finish(oldest, open_orders.pop(oldest))
            self._add(group, run)
        for key, group in open_orders.items():
            yield self._finish(key, group)

    def _runs(self, rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
        """(order key, rows) of rows that follow each other, at most MAX_RUN at a time."""
        index = self._key_index
        keyed = groupby(rows, (lambda row: row[1][index]) if index >= 0 else (lambda _row: ""))
        for key, some in keyed:
            while run := list(islice(some, MAX_RUN)):
                yield key, run

    def _key(self, cells: list[str]) -> str:
        return cells[self._key_index] if self._key_index >= 0 else ""

    def _converter(self, path: str, moment: Convert) -> Convert:
        options = self.options
        empty = frozenset(options.empty_values) | frozenset(options.blank.get(path, ()))
        words = options.words.get(path, {})
        if path in _NUMBERS:
            convert: Convert = number
        elif path in MOMENTS:
            convert = moment
        elif path in _IDS and options.plain_ids:
            convert = plain_id
        else:
            convert = _text

        def read(cell: str) -> str:
            return "" if cell in empty else convert(words.get(cell, cell))

        return read if empty or words else convert

    def _add(self, group: _Group, run: list[Row]) -> None:
        """Take further rows of an order, many at a time: what is done for each of them alone takes most of the time."""
        numbers: Sequence[int]
        texts: Sequence[list[str]]
        numbers, texts, problems, _columns = zip(*run, strict=True)
        if any(problems):
            group.problems += [FieldError(row.problem_column, row.problem) for row in run if row.problem]
        group.rows += numbers
        picked = list(map(self._pick_line, texts))
        if self.options.repeated_rows == "drop":
            if group.first or group.seen or len(set(picked)) < len(picked):
                numbers, texts = _without_repeated(group, numbers, texts)
                picked = list(map(self._pick_line, texts))
            else:
                group.first = texts
        if group.pending:
            group.pending = [column for column in group.pending if not _fill(group.order, column, texts)]
        lines = list(map(self._lines.__getitem__, picked))
        if not all(map(_VALUES, lines)):  # rows without a line, such as those that carry on with an address
            numbers = [number for number, line in zip(numbers, lines, strict=True) if line.values]
            lines = [line for line in lines if line.values]
        group.lines += lines
        group.line_rows += numbers

    def _new_line(self, number: int, texts: tuple[str, ...]) -> SharedLine:
        """The line that these cells make."""
        columns = zip(self._line_columns, texts, strict=True)
        values = {field: convert(text) for (field, _place, convert), text in columns if text}
        return SharedLine(number, {**self._line_constants, **_priced(values)} if values else {})

    def _finish(self, key: str, group: _Group) -> FileOrder:
        values = {**self.options.constants, **group.order}
        external_id = values.get("external_id") or plain_id(key)
        refusals = group.problems or self._refusals(external_id, values, group)
        payload = self._payload(external_id, values, group)
        return FileOrder(external_id, payload, group.rows, group.repeated, group.line_rows, refusals)

    def _refusals(self, external_id: str, values: Mapping[str, str], group: _Group) -> list[FieldError]:
        """Why these rows are no order to be sent; the first reason that holds."""
        options = self.options
        if options.cancellation_prefix and external_id.startswith(options.cancellation_prefix):
            return [FieldError("external_id", "cancellation")]
        if options.adjustment_prefix and external_id.startswith(options.adjustment_prefix):
            return [FieldError("external_id", "adjustment")]
        if group.lines and all(line.values.get("quantity", "").startswith("-") for line in group.lines):
            return [FieldError("lines[0].quantity", "negative_quantity")]
        status = values.get("status", "")
        if status and options.statuses.get(status, "") == "" and options.statuses:
            return [FieldError("status", "not_an_order_status", {"status": status[:60]})]
        return []

    def _payload(self, external_id: str, values: Mapping[str, str], group: _Group) -> dict[str, Any]:
        payload: dict[str, Any] = {"external_id": external_id, "lines": group.lines}
        for path, value in values.items():
            if path in _HANDLED or not value:
                continue
            parent, _dot, name = path.rpartition(".")
            if not parent:
                payload[name] = value
            elif parent != "lines":  # lines have their constants
                payload.setdefault(parent, {})[name] = value
        _add_address(payload, values)
        paid = self.options.statuses.get(values.get("status", ""))
        if paid:
            payload.setdefault("payment", {}).setdefault("status", paid)
        return payload


_HANDLED: Final = frozenset(
    {"group", "status", "external_id"} | {f"shipping_address.{name}" for name in ("full", "street2", "street3")}
)


def _fill(order: dict[str, str], column: _Column, rows: Iterable[list[str]]) -> bool:
    """Take a value of the order from the first row that has one; whether there is one."""
    path, place, convert = column
    for cell in filter(None, map(itemgetter(place), rows)):
        order[path] = convert(cell)
        if order[path]:
            return True
    return False


def _without_repeated(
    group: _Group, numbers: Sequence[int], texts: Sequence[list[str]]
) -> tuple[Sequence[int], Sequence[list[str]]]:
    """The rows that don't repeat an earlier one of their order exactly."""
    group.seen.update(map(tuple, group.first))
    group.first = ()
    new = dict(zip(map(tuple, reversed(texts)), reversed(numbers), strict=True))  # the first of equal rows stays
    if len(new) == len(texts) and group.seen.isdisjoint(new):
        group.seen.update(new)
        return numbers, texts
    kept = [
        (number, cells)
        for number, cells in zip(numbers, texts, strict=True)
        if new[tuple(cells)] == number and tuple(cells) not in group.seen
    ]
    group.seen.update(new)
    group.repeated += sorted(set(numbers) - {number for number, _cells in kept})
    return [number for number, _cells in kept], [cells for _number, cells in kept]


def _text(cell: str) -> str:
    return "" if cell[:1] in "#$~" and is_ciphertext(cell) else cell


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """A function that takes the cells at these places out of a row."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: tuple([cells[place] for place in places])


def _priced(line: dict[str, str]) -> dict[str, str]:
    """The line with the price of one, where the file gives the amount for all."""
    amount = line.pop("amount", "")
    if amount and "unit_price" not in line:
        line["unit_price"], discount = unit_price(amount, line.get("quantity", ""))
        line.setdefault("discount", discount)
    return line


def _add_address(payload: dict[str, Any], values: Mapping[str, str]) -> None:
    full = values.get("shipping_address.full", "")
    more = [values.get(f"shipping_address.street{n}", "") for n in (2, 3)]
    if not full and not any(more):
        return
    address = payload.setdefault("shipping_address", {})
    if full:
        payload["shipping_address"] = address = {**split_address(full), **address}
    street = ", ".join(filter(None, (address.get("street", ""), *more)))
    if street:
        address["street"] = street
