"""Which workers are alive, and what waits in the broker's queue for them.

A worker says every few seconds that it is connected to the broker and free to take messages. That it gets work
done as well is proven by the stages' rows in PostgreSQL (core.system_state.last_work_at).
"""

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from celery import current_app
from celery.signals import heartbeat_sent, worker_shutdown
from django.conf import settings
from django.utils.encoding import force_str
from redis import RedisError

from core.nudging import breaker, redis_client
from core.version import version

KEY = "ecom:workers"
BEAT_SECONDS = 10.0
ALIVE_SECONDS = 60.0
FORGET_SECONDS = 24 * 3600.0
QUEUE = "celery"


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process as it last described itself."""

    name: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime

    def is_alive(self, now: datetime) -> bool:
        return (now - self.seen_at).total_seconds() <= ALIVE_SECONDS


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages that wait for a worker, those that workers have in hand, and since when the oldest waits.

    RabbitMQ tells only the first.
    """

    name: str
    waiting: int
    in_hand: int | None
    oldest_at: datetime | None


_started_at = time.time()
_beaten_at = 0.0


@heartbeat_sent.connect
def say_alive(sender: Any = None, **kwargs: Any) -> None:
    """Called by Celery every two seconds while the worker's loop turns and its connection stands."""
    global _beaten_at  # noqa: PLW0603 - one clock per process
    if time.monotonic() - _beaten_at < BEAT_SECONDS:
        return
    _beaten_at = time.monotonic()
    describe_worker(str(sender.eventer.hostname))


def describe_worker(name: str) -> None:
    """Write this process down as the worker `name`, seen now."""
    entry = {"pid": os.getpid(), "version": version(), "started": _started_at, "seen": time.time()}
    with breaker.guard("heartbeat of %s", name):
        redis_client().hset(KEY, name, json.dumps(entry))


@worker_shutdown.connect
def say_goodbye(sender: Any = None, **kwargs: Any) -> None:
    """A worker that was stopped on purpose isn't missed."""
    with breaker.guard("end of worker"):
        redis_client().hdel(KEY, str(getattr(sender, "hostname", sender)))


def workers() -> list[Worker]:
    """All workers heard of within a day, by name. Raises RedisError."""
    entries = redis_client().hgetall(KEY)
    found = [_worker(force_str(name), json.loads(entry)) for name, entry in entries.items()]
    limit = time.time() - FORGET_SECONDS
    if stale := [worker.name for worker in found if worker.seen_at.timestamp() < limit]:
        redis_client().hdel(KEY, *stale)
    return sorted((worker for worker in found if worker.name not in stale), key=lambda worker: worker.name)


def queue() -> Queue:
    """The broker's queue. Raises RedisError or OSError where the broker doesn't answer."""
    return _queue_at_rabbitmq() if settings.BROKER_URL else _queue_at_redis()


def _queue_at_rabbitmq() -> Queue:
    with current_app.connection_for_read() as connection:
        connection.connect()  # once: without this call Celery would try for ever
        try:
            channel: Any = connection.default_channel
            told = channel.queue_declare(QUEUE, passive=True)
        except connection.channel_errors:
            return Queue(QUEUE, 0, None, None)  # no worker has ever been there
        return Queue(QUEUE, told.message_count, None, None)


def _queue_at_redis() -> Queue:
    """As Celery's Redis transport keeps it."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    pipeline = redis_client().pipeline(transaction=False)
    pipeline.llen(f"{prefix}{QUEUE}")
    pipeline.hlen(f"{prefix}unacked")
    pipeline.lindex(f"{prefix}{QUEUE}", -1)
    waiting, in_hand, oldest = pipeline.execute()
    return Queue(QUEUE, waiting, in_hand, _sent_at(oldest))


def redis_answers() -> bool:
    """Whether Redis answers right now, whatever the circuit breaker thinks."""
    try:
        return bool(redis_client().ping())
    except (RedisError, OSError):
        return False


def _worker(name: str, entry: dict[str, Any]) -> Worker:
    return Worker(name, entry["pid"], entry["version"], _instant(entry["started"]), _instant(entry["seen"]))


def _sent_at(message: bytes | None) -> datetime | None:
    """When a waiting message was sent (core.celery_context writes it); None without message."""
    sent_at = json.loads(message)["headers"].get("sent_at") if message else None
    return _instant(sent_at) if sent_at else None


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
