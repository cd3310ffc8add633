"""Foreign keys point only to the right, every model is in the admin site, ledgers are read-only there."""

from collections.abc import Iterator

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


def relations(model: type[models.Model]) -> Iterator[tuple[str, type[models.Model]]]:
    for field in model._meta.get_fields():
        if field.is_relation and not field.auto_created and isinstance(field.related_model, type):
            yield f"{model._meta.label}.{field.name}", field.related_model


def test_relations_point_to_the_right():
    wrong = [
        f"{field} → {target._meta.label}"
        for model in OWN_MODELS
        for field, target in relations(model)
        if target._meta.app_label != model._meta.app_label and layer(target) <= layer(model)
    ]
    assert wrong == []


def test_models_are_in_the_admin_site_with_search():
    """On a page of their own that can be searched, or as rows on the page of what they belong to."""
    registry = admin.site._registry
    inlines = {inline.model for registered in registry.values() for inline in registered.inlines}
    # An unmanaged model has no rows: it is only the place where rights are declared (analytics.Board).
    with_rows = [model for model in OWN_MODELS if model._meta.managed and not model._meta.auto_created]
    own_pages = [model for model in with_rows if model not in inlines]
    assert [model._meta.label for model in own_pages if model not in registry] == []
    assert [model._meta.label for model in own_pages if not registry[model].search_fields] == []


@pytest.mark.django_db
def test_append_only_tables_are_read_only_in_the_admin_site():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
        tables = {table for (table,) in cursor.fetchall()}
    assert "audit_auditentry" in tables
    ledgers = [model for model in OWN_MODELS if model._meta.db_table in tables]
    assert len(ledgers) == len(tables)
    registry = admin.site._registry
    assert [model._meta.label for model in ledgers if not isinstance(registry.get(model), ReadOnlyAdmin)] == []
