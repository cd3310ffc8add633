"""Foreign keys point only to the right, every model is in the admin site, ledgers are read-only there."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, models

from core.admin import ReadOnlyAdmin
from tests.architecture.source import APPS

# From left to right; a model may point into its own app and to anything further right.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"analytics"}),
    frozenset({"logistics"}),
    frozenset({"orders", "supply_chain"}),
    frozenset({"inventory", "crm"}),
    frozenset({"cases"}),
    frozenset({"jobs"}),
    frozenset({"notifications"}),
    frozenset({"calendars"}),
    frozenset({"ui"}),
    frozenset({"outbox"}),
    frozenset({"audit"}),
    frozenset({"accounts"}),
    frozenset({"core"}),
)
LIBRARIES = len(LAYERS)

OWN_MODELS = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]


def layer(model: type[models.Model]) -> int:
    label = model._meta.app_label
    return next((index for index, labels in enumerate(LAYERS) if label in labels), LIBRARIES)


def test_every_own_app_has_its_place():
    assert {model._meta.app_label for model in OWN_MODELS} <= frozenset().union(*LAYERS)


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda model: model._meta.label)
def test_relations_point_to_the_right(model):
    for field in model._meta.get_fields():
        if not field.is_relation or field.auto_created or field.related_model is None:
            continue
        target = field.related_model
        same_app = target._meta.app_label == model._meta.app_label
        assert same_app or layer(target) > layer(model), f"{model._meta.label}.{field.name} → {target._meta.label}"


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda model: model._meta.label)
def test_model_is_in_the_admin_site_with_search(model):
    """On a page of its own that can be searched, or as rows on the page of what it belongs to."""
    if model._meta.auto_created or model in inlines():
        return
    registered = admin.site._registry.get(model)
    assert registered is not None, f"{model._meta.label} is not registered"
    assert registered.search_fields, f"{model._meta.label} can't be searched"


def inlines() -> set[type[models.Model]]:
    return {inline.model for registered in admin.site._registry.values() for inline in registered.inlines}


@pytest.mark.django_db
def test_append_only_tables_are_read_only_in_the_admin_site():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
        tables = {table for (table,) in cursor.fetchall()}
    assert "audit_auditentry" in tables
    ledgers = [model for model in OWN_MODELS if model._meta.db_table in tables]
    assert len(ledgers) == len(tables)
    for model in ledgers:
        assert isinstance(admin.site._registry[model], ReadOnlyAdmin), model._meta.label
