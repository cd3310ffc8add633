"""`/healthz`: whether this process can do its work, for load balancers and container engines. `/readyz`: whether the
installation as a whole does its work, for monitoring and for the end of a deployment."""

import logging

from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from core.readiness import is_ready, report
from core.system_state import database_answers

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 with a database, 503 without. Redis is reported but not required: work goes on without it."""
    database, redis = database_answers(), _redis_answers()
    return JsonResponse({"database": database, "redis": redis}, status=200 if database else 503)


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 if every check is right, 503 otherwise; the body says which, in figures and names of stages only."""
    checks = report()
    ready = is_ready(checks)
    body = {"ready": ready, "checks": {name: {"ok": check.ok, **check.details} for name, check in checks.items()}}
    return JsonResponse(body, status=200 if ready else 503)


def _redis_answers() -> bool:
    try:
        cache.get("healthz")
    except (RedisError, OSError) as error:
        logger.warning("Redis doesn't answer: %s", error)
        return False
    return True
