"""The text form of COPY, which is also the fastest way to hand PostgreSQL values that were written out before."""

from collections.abc import Iterable

NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(values: Iterable[str | None]) -> str:
    """Values of a row, or of neighbouring columns of it; None is NULL.

    https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
    """
    return "\t".join([NULL if value is None else _escaped(value) for value in values])


def _escaped(text: str) -> str:
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)
