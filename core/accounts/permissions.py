"""The rights of this app, and the guard that services and views call."""

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from core.accounts.models import User
from core.accounts.roles import Role, grant

MANAGE_API_KEYS = "accounts.manage_api_keys"
MANAGE_SYSTEM = "accounts.manage_system"
USE_ADMIN_SITE = "accounts.use_admin_site"
VIEW_PERSONAL_DATA = "accounts.view_personal_data"

grant(
    "accounts",
    {
        "manage_api_keys": {Role.OPERATIONS_MANAGER},
        "manage_system": {Role.ADMINISTRATOR},
        "use_admin_site": {Role.OPERATIONS_MANAGER},
        "view_personal_data": {Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.OPERATIONS_MANAGER},
    },
)


def require(user: User | AnonymousUser, permission: str) -> None:
    """Raise PermissionDenied unless `user` holds `permission` ("app.codename")."""
    if not user.has_perm(permission):
        raise PermissionDenied(permission)
