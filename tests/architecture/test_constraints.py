"""What models promise, the database keeps."""

import pytest
from django.apps import apps
from django.db import connection


@pytest.mark.django_db
def test_every_constraint_and_index_of_the_models_exists_in_the_database():
    """Django's AlterField of a foreign key's index silently drops partial unique indexes on the same column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class UNION SELECT conname FROM pg_constraint")
        existing = {name for (name,) in cursor.fetchall()}
    promised = {
        f"{model._meta.label}: {item.name}": item.name
        for model in apps.get_models()
        for item in (*model._meta.constraints, *model._meta.indexes)
    }
    assert [label for label, name in promised.items() if name not in existing] == []
