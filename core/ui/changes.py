"""What an audit entry changed, in words: fields by their names, choices by their labels."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import pgettext

from core.ui.content import Text
from core.words import listed

Pair = tuple[Any, Any]

_ROW = re.compile(r"(?P<relation>\w+)\[(?P<position>\d+)\]\.(?P<field>\w+)")  # "lines[2].quantity"

_names: dict[tuple[str, str], tuple[Text, Mapping[Any, Text]]] = {}


def register_change_names(subject_type: str, names: Mapping[str, tuple[Text, Mapping[Any, Text]]]) -> None:
    """Name what the entries of a subject record beside the fields of its model.

    Args:
        subject_type: the entries' subject_type ("orders.order").
        names: recorded name → (label, words of its values; empty where the value reads as it is). "offer" names
            also "offer MUG-BLU", which says of which offer.
    """
    _names.update({(subject_type, name): words for name, words in names.items()})


def change_words(subject_type: str, changes: Mapping[str, Any]) -> dict[Text, Pair]:
    """Label → (old, new) of the entry's changes; a single value reads as new, an empty one as None."""
    worded: dict[Text, Pair] = {}
    for name, value in changes.items():
        old, new = value if isinstance(value, (list, tuple)) and len(value) == 2 else (None, value)
        label, words = _words_of(subject_type, name)
        worded[label] = (_read(old, words), _read(new, words))
    return worded


def _words_of(subject_type: str, name: str) -> tuple[Text, Mapping[Any, Text]]:
    if (subject_type, name) in _names:
        return _names[subject_type, name]
    about, _space, which = name.partition(" ")
    if which and (subject_type, about) in _names:
        label, words = _names[subject_type, about]
        return f"{label} {which}", words
    if row := _ROW.fullmatch(name):
        label, words = _words_of(_row_type(subject_type, row["relation"]), row["field"])
        return f"#{row['position']} {label}", words
    field = _field(subject_type, name)
    if field is None:
        return capfirst(name.replace("_", " ")), {}
    return capfirst(str(field.verbose_name)), dict(field.flatchoices)


def _row_type(subject_type: str, relation: str) -> str:
    try:
        model = apps.get_model(subject_type)._meta.get_field(relation).related_model
    except (LookupError, ValueError, FieldDoesNotExist):
        return ""
    return model._meta.label_lower if isinstance(model, type) and issubclass(model, models.Model) else ""


def _field(subject_type: str, name: str) -> "models.Field[Any, Any] | None":
    try:
        field = apps.get_model(subject_type)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    return field if isinstance(field, models.Field) else None


def _read(value: Any, words: Mapping[Any, Text]) -> Any:
    if value in (None, "", "None", [], {}):
        return None
    if isinstance(value, bool):
        return pgettext("a yes/no value", "yes") if value else pgettext("a yes/no value", "no")
    if isinstance(value, (list, tuple)):
        return listed(_read(item, words) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return words.get(value, value)
