"""Row locks of crm. Customers are locked in the order of their ids."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from crm.models import Customer


def share_customers(ids: Collection[int]) -> dict[int, int]:
    """Keep these customers from being merged until the transaction ends.

    Returns {merged id: surviving id} for those that were merged before the lock was had.
    """
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merged_into_id FROM crm_customer WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [list(ids)],
        )
        return {merged: survivor for merged, survivor in cursor.fetchall() if survivor is not None}


def lock_free_customers(ids: Collection[int]) -> list[dict[str, Any]]:
    """Lock those of these customers that nobody else is writing; their contact fields under the lock."""
    free = Customer.objects.filter(pk__in=ids).select_for_update(skip_locked=True, no_key=True).order_by("pk")
    fields = ("id", "name", "email", "email_normalised", "phone", "phone_e164", "country")
    return [dict(row) for row in free.values(*fields)]


@contextmanager
def hardly_waiting() -> Iterator[None]:
    """Let statements fail that would wait for another transaction. Use inside a savepoint."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '20ms'")
        yield
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def lock_customers(ids: Collection[int]) -> dict[int, Customer]:
    """Lock these customers against every change and against new documents that would point to them."""
    locked = Customer.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk")
    return {customer.pk: customer for customer in locked}


def one_merge_at_a_time() -> None:
    """Wait until no other merge runs, and keep others waiting until the transaction ends.

    A merge also writes the customers that were merged into its own before. Which those are is only known once its
    own are locked, so no order of ids keeps two merges from waiting in a circle. People merge; that is rare enough.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm.merge'))")
