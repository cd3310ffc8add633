"""Locks of logistics that are no row locks."""

from django.db import connection


def one_claim_at_a_time() -> None:
    """Wait until nobody else claims checks or gives claims back, and keep others waiting until the transaction ends.

    Claims are made and given back in milliseconds. Without this, two workers would pick the same parcels and one of
    them would go away empty.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('logistics.check_claims'))")
