"""What the codes of the trail are called: actions and kinds of subject."""

from collections.abc import Mapping

from django.apps import apps
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.words import said_of

Text = str | Promise

# What the administration does to rows of models that have no services (core.audit.admin).
_DONE_TO_ROWS: dict[str, Text] = {"added": _("Added"), "changed": _("Changed"), "deleted": _("Deleted")}

_action_labels: dict[str, tuple[Text, str, str]] = {}


def register_action_labels(labels: Mapping[str, Text | tuple[Text, str, str]]) -> None:
    """Name audit actions: {"orders.hold_released": _("Hold released")} or (label, icon, colour)."""
    for action, label in labels.items():
        _action_labels[action] = label if isinstance(label, tuple) else (label, "history", "neutral")


def action_label(action: str) -> tuple[Text, str, str]:
    """(label, icon, colour) of an audit action; an unnamed one reads as its own words."""
    return _action_labels.get(action) or (_unnamed(action), "history", "neutral")


def kind_words(subject_type: str) -> str:
    """What a kind of subject is called ("orders.order" reads "Order")."""
    return _model_name(subject_type) or subject_type.rpartition(".")[2].replace("_", " ").capitalize()


def _unnamed(action: str) -> str:
    model, _separator, done = action.rpartition("_")
    if done in _DONE_TO_ROWS and (name := _model_name(model)):
        return said_of(name, _DONE_TO_ROWS[done])
    return action.rpartition(".")[2].replace("_", " ").capitalize()


def _model_name(label: str) -> str:
    """A model's name for people, "" where there is no such model."""
    try:
        return capfirst(str(apps.get_model(label)._meta.verbose_name))
    except (LookupError, ValueError):
        return ""
