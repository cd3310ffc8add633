"""Writing accounts: people and their rights, API keys, two-factor sign-in."""

from core.accounts.services.api_keys import create_api_key, note_api_key_use, revoke_api_key
from core.accounts.services.people import (
    change_password,
    create_user,
    set_active,
    set_preferences,
    set_roles,
    set_scopes,
    unlock_sign_in,
)
from core.accounts.services.proof import prove_identity
from core.accounts.services.two_factor import (
    begin_totp,
    confirm_totp,
    disable_totp,
    renew_recovery_codes,
    verify_second_factor,
)

__all__ = [
    "begin_totp",
    "change_password",
    "confirm_totp",
    "create_api_key",
    "create_user",
    "disable_totp",
    "note_api_key_use",
    "prove_identity",
    "renew_recovery_codes",
    "revoke_api_key",
    "set_active",
    "set_preferences",
    "set_roles",
    "set_scopes",
    "unlock_sign_in",
    "verify_second_factor",
]
