"""Sessions in the database, read with a statement that is made once: every request of every page reads one."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from core.kept import KeptQuery
from core.stages import StageDue, tidying_due


def _unexpired(key: Any, now: Any) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


_SESSION = KeptQuery(_unexpired, key="text", now="timestamptz")


class SessionStore(db.SessionStore):
    """Django's, with a quicker look."""

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION.fetch_one(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None  # a key that we don't know, or know no more, is never used again
        return found


def forget_expired(limit: int) -> int:
    """Delete up to `limit` sessions that have run out; returns how many. Closing a browser deletes none."""
    ids = list(_expired().values_list("pk", flat=True)[:limit])
    return Session.objects.filter(pk__in=ids, expire_date__lte=timezone.now()).delete()[0] if ids else 0


def expired_due() -> StageDue:
    return tidying_due(_expired())


def _expired() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lte=timezone.now()).order_by("expire_date")
