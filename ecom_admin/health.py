"""`/healthz`: whether this process can do its work; for load balancers and container engines."""

import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 with a database, 503 without. Redis is reported but not required: work goes on without it."""
    database, redis = _database_answers(), _redis_answers()
    return JsonResponse({"database": database, "redis": redis}, status=200 if database else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("The database doesn't answer: %s", error)
        return False
    return True


def _redis_answers() -> bool:
    try:
        cache.get("healthz")
    except (RedisError, OSError) as error:
        logger.warning("Redis doesn't answer: %s", error)
        return False
    return True
