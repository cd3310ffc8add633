from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class UnknownResolution(DomainError):
    default_code = "unknown_resolution"
    default_message = _("This type of exception has no such resolution.")


class MissingInput(DomainError):
    default_code = "missing_input"
    default_message = _("This resolution needs more information.")


class NotToPassOn(DomainError):
    default_code = "not_to_pass_on"
    default_message = _("You can pass on an exception that is yours or nobody's, and that you can't resolve yourself.")


class NotInSight(DomainError):
    default_code = "not_in_sight"
    default_message = _("This person is limited to channels or warehouses that the exception isn't of.")
