"""Refusals of crm."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import Conflict, DomainError


class PhoneTaken(Conflict):
    """Another customer has this phone number."""

    default_code = "phone_taken"
    default_message = _("Another customer has this phone number. Merge the two if they are the same person.")


class EmailTaken(Conflict):
    """Another customer without a phone number has this e-mail address."""

    default_code = "email_taken"
    default_message = _("Another customer has this e-mail address. Merge the two if they are the same person.")


class AlreadyMerged(DomainError):
    """The customer was merged into another one."""

    default_code = "already_merged"
    default_message = _("This customer has been merged into another one.")


class SameCustomer(DomainError):
    """A customer can't be merged into itself."""

    default_code = "same_customer"
    default_message = _("This is the same customer.")
