"""Every index costs each write; none may be there that another contains."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from tests.architecture.source import APPS

# `a` is redundant where another complete index of the same kind and operator classes begins with its columns.
_REDUNDANT = """
SELECT a.indexrelid::regclass::text, b.indexrelid::regclass::text
  FROM pg_index a
  JOIN pg_index b ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid
  JOIN pg_class ca ON ca.oid = a.indexrelid
  JOIN pg_class cb ON cb.oid = b.indexrelid AND ca.relam = cb.relam
 WHERE a.indrelid::regclass::text = ANY(%s)
   AND NOT a.indisunique AND a.indpred IS NULL AND b.indpred IS NULL AND a.indexprs IS NULL AND b.indexprs IS NULL
   AND (b.indkey::int2[])[0:a.indnkeyatts - 1] = (a.indkey::int2[])[0:a.indnkeyatts - 1]
   AND (b.indclass::oid[])[0:a.indnkeyatts - 1] = (a.indclass::oid[])[0:a.indnkeyatts - 1]
   AND (b.indnkeyatts > a.indnkeyatts OR b.indisunique OR a.indexrelid > b.indexrelid)
 ORDER BY 1
"""
# Made by Django for many-to-many tables of its own.
_DJANGOS = ("accounts_user_groups_", "accounts_user_user_permissions_")


@pytest.mark.django_db
def test_no_index_is_contained_in_another() -> None:
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if _is_ours(model)]
    with connection.cursor() as cursor:
        cursor.execute(_REDUNDANT, [tables])
        redundant = [row for row in cursor.fetchall() if not row[0].startswith(_DJANGOS)]
    assert redundant == []


def _is_ours(model: type[Model]) -> bool:
    return model.__module__.split(".")[0] in APPS and not model._meta.proxy
