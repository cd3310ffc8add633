"""Loading tables without their indexes, which are built afterwards at a fraction of what keeping them costs.

PostgreSQL's definitions of tables are part of a transaction: if the process dies, or a row breaks a unique rule, the
tables are as they were, with their indexes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

# Primary keys stay, and what a foreign key refers to: they can't go without the foreign keys.
_INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %%s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::regclass, c.conname) END,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', i.indrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid)) END
  FROM pg_index AS i
  LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype IN ('u', 'x')
 WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary
   AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.conindid = i.indexrelid AND f.contype = 'f')
 ORDER BY i.indrelid, i.indexrelid
"""
_CHECK_FIRST = "SET CONSTRAINTS ALL IMMEDIATE"  # a table with checks still to come can't lose an index
_BUILDING = "SET LOCAL maintenance_work_mem = '512MB'"


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """One transaction in which the tables have no index but their primary keys; their indexes are built at its end.

    Nobody else can read or write the tables until it ends. Raises IntegrityError if what was written breaks a
    unique rule.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(_CHECK_FIRST)
            cursor.execute(_INDEXES, [list(tables)])
            indexes: list[tuple[str, str]] = cursor.fetchall()
            for drop, _build in indexes:
                cursor.execute(drop)
        yield
        with connection.cursor() as cursor:
            cursor.execute(_BUILDING)
            for _drop, build in indexes:
                cursor.execute(build)
