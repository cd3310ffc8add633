"""Proving again who sits there, before what an open session alone must not be enough for."""

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.accounts.selectors import totp_device
from core.accounts.services.two_factor import verify_second_factor
from core.exceptions import DomainError


def prove_identity(*, user: User, password: str, code: str, request: HttpRequest) -> None:
    """Check the password and, where two-factor sign-in is on, a code of the app or a recovery code.

    Wrong passwords count towards the lock-out like those of the sign-in page. Raises DomainError, naming the field
    `current_password` or `code`.
    """
    if authenticate(request, username=user.get_username(), password=password) != user:
        raise DomainError(_("This isn't your password."), "wrong_password", "current_password")
    if totp_device(user) is not None:
        verify_second_factor(user=user, code=code)
