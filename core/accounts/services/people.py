"""People, their roles, limits and preferences."""

from collections.abc import Collection, Mapping

from axes.utils import reset
from django.contrib.auth.models import Group
from django.db import transaction

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.accounts.selectors import forget_access
from core.accounts.services.journal import tell_user_change
from core.actor import Actor

PREFERENCES = ("display_name", "email", "language", "time_zone", "theme", "density")


def create_user(
    *,
    username: str,
    password: str | None,
    actor: Actor,
    roles: Collection[Role] = (),
    is_superuser: bool = False,
    **preferences: str,
) -> User:
    """Add a person; `preferences` are display_name, email, language, time_zone, theme, density.

    Without a password the person can't sign in until one is set.
    """
    with transaction.atomic():
        user = User(username=username, is_superuser=is_superuser, is_staff=is_superuser, **preferences)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        tell_user_change("user_created", user, actor)
        if roles:
            set_roles(user=user, roles=roles, actor=actor)
    return user


def set_roles(*, user: User, roles: Collection[Role], actor: Actor) -> None:
    """Give the person exactly these roles. Groups that aren't roles stay."""
    wanted = {Role(role).value for role in roles}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        held = set(user.groups.filter(name__in=Role.values).values_list("name", flat=True))
        if wanted == held:
            return
        user.groups.remove(*Group.objects.filter(name__in=held - wanted))
        user.groups.add(*Group.objects.filter(name__in=wanted - held))
        tell_user_change("roles_set", user, actor, {"roles": [sorted(held), sorted(wanted)]})
    forget_access(user)


def set_scopes(*, user: User, kind: str, object_ids: Collection[int], actor: Actor) -> None:
    """Limit the person to these objects of a kind; none of them lifts the limit."""
    wanted = set(object_ids)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        scopes = AccessScope.objects.filter(user=user, kind=kind)
        held = set(scopes.values_list("object_id", flat=True))
        if wanted == held:
            return
        scopes.filter(object_id__in=held - wanted).delete()
        AccessScope.objects.bulk_create(
            [AccessScope(user=user, kind=kind, object_id=object_id) for object_id in sorted(wanted - held)]
        )
        tell_user_change("scopes_set", user, actor, {kind: [sorted(held), sorted(wanted)]})
    forget_access(user)


def set_active(*, user: User, is_active: bool, actor: Actor) -> None:
    """Let a person in, or shut them out at once (their sessions end with the next request)."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.is_active == is_active:
            return
        locked.is_active = is_active
        locked.save(update_fields=["is_active"])
        action = "user_activated" if is_active else "user_deactivated"
        tell_user_change(action, user, actor, {"is_active": [not is_active, is_active]})
    user.is_active = is_active


def set_preferences(*, user: User, values: Mapping[str, str], actor: Actor) -> None:
    """Change some of PREFERENCES. Values have been validated by the form."""
    before = User.objects.values(*PREFERENCES).get(pk=user.pk)
    changes = {
        name: [before[name], values[name]] for name in PREFERENCES if name in values and values[name] != before[name]
    }
    if not changes:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**{name: change[1] for name, change in changes.items()})
        tell_user_change("profile_changed", user, actor, changes)
    for name, change in changes.items():
        setattr(user, name, change[1])


def change_password(*, user: User, password: str, actor: Actor) -> None:
    """Set a new password; every session of the person but the one that is renewed by the view ends."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        tell_user_change("password_changed", user, actor)


def unlock_sign_in(*, user: User, actor: Actor) -> int:
    """Forget the person's failed sign-ins, so that a lock-out ends. Returns how many were forgotten."""
    with transaction.atomic():
        count: int = reset(username=user.get_username())
        tell_user_change("sign_in_unlocked", user, actor)
    return count
