"""Rights in words: what is missing, and who has it, in the reader's language."""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.roles import granted
from core.actor import Actor
from core.exceptions import PermissionRequired
from core.words import listed

_USUAL = {
    "view": _("see %(things)s"),
    "add": _("add %(things)s"),
    "change": _("change %(things)s"),
    "delete": _("delete %(things)s"),
}


def may(actor: Actor) -> Callable[[str], bool]:
    """Tells whether the actor holds a right; the system and programs do what their caller has decided."""
    if actor.kind != "user":
        return lambda _permission: True
    user = User.objects.filter(pk=actor.user_id or 0).first()
    return lambda permission: user is not None and user.has_perm(permission)


def right_in_words(permission: str) -> str:
    """What "app.codename" lets people do ("release holds for price and payment"); "" for one that doesn't exist."""
    label, _dot, codename = permission.partition(".")
    action, _underscore, model_name = codename.partition("_")
    if action in _USUAL and label in apps.app_configs and model_name in apps.all_models[label]:
        things = apps.get_model(label, model_name)._meta.verbose_name_plural
        return str(_USUAL[action]) % {"things": things}
    return next((str(words) for name, words in _declared(label) if name == codename), "")


def _declared(label: str) -> Iterator[tuple[str, str | Promise]]:
    """(codename, words) of the rights that the models of an app declare beside Django's own."""
    models = apps.all_models[label].values() if label in apps.app_configs else ()
    return (right for model in models for right in model._meta.permissions)


def explain_missing(permission: str) -> str:
    """Which right is missing and whose roles have it; "" for a text that names no right."""
    words = right_in_words(permission)
    if not words:
        return ""
    label, _dot, codename = permission.partition(".")
    holders = granted(label, codename)
    roles = listed(role.label for role in Role if role in holders)
    return gettext("Missing right: %(right)s. These roles have it: %(roles)s. An administrator can give you one.") % {
        "right": words,
        "roles": roles,
    }


def refusal(permission: str) -> PermissionRequired:
    """The error for somebody who lacks a right, in words."""
    return PermissionRequired(explain_missing(permission) or None, permission=permission)
