from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class TabularError(DomainError):
    """The file can't be read as a table."""

    default_code = "unreadable_file"
    default_message = _("This file can't be read as a table.")
