from typing import Final

from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class TabularError(DomainError):
    """The file can't be read as a table."""

    default_code = "unreadable_file"
    default_message = _("This file can't be read as a table.")


MAX_LINE: Final = 4 << 20


def line_too_long(count: int) -> TabularError:
    """Refusal of a line, row or cell of more than `count` characters."""
    return TabularError(
        _("A line is longer than %(count)d characters. Perhaps this is no table.") % {"count": count}, "line_too_long"
    )
