"""Codes that two people give away at the same moment.

Both may hear beforehand that a code is free; the unique index has the last word, and this puts it into words.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError

_UNIQUE_VIOLATION = "23505"  # PostgreSQL's SQLSTATE


class Taken(DomainError):
    default_code = "taken"
    default_message = _("Somebody else has just used this. Choose another one.")


@contextmanager
def refused_if_taken(row: Model, *, field: str | None = None) -> Iterator[None]:
    """For a block that saves `row`: raises Taken where another row has its code already, and undoes the block.

    The error names the row's own unique field, or else `field`, with the sentence that a form has for it.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not is_taken(error):
            raise
        raise _taken(row, field) from error


def is_taken(error: IntegrityError) -> bool:
    """Whether a unique index refused a write; other constraints are the program's fault."""
    return getattr(error.__cause__, "pgcode", "") == _UNIQUE_VIOLATION


def _taken(row: Model, field: str | None) -> Taken:
    try:
        row.validate_unique()
    except ValidationError as problem:
        for name, reasons in problem.message_dict.items():
            if name != NON_FIELD_ERRORS:
                return Taken(reasons[0], field=name)
    return Taken(field=field)
