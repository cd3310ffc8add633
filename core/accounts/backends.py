"""Rights read with one statement per request."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from core.accounts.models import User
from core.accounts.selectors import access_of, user_with_access


class RoleBackend(ModelBackend):
    """Django's backend with every right (roles' and own) fetched together and kept on the user object."""

    def get_user(self, user_id: int) -> User | None:
        user = user_with_access(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Model | None = None) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        return set(access_of(user_obj).permissions)

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return False
        return perm in access_of(user_obj).permissions

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        return any(perm.startswith(f"{app_label}.") for perm in access_of(user_obj).permissions)
