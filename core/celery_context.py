"""Carries the request's id to the tasks that it sends, so that log lines and audit rows of both meet; and when they
were sent, so that the System page can say how long the oldest waits."""

import time
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from core.context import bind_request_id, current_request_id, unbind_request_id


@before_task_publish.connect
def carry_request_id(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is None:
        return
    headers["sent_at"] = time.time()
    if request_id := current_request_id():
        headers["request_id"] = request_id


@task_prerun.connect
def take_over_request_id(task: Any = None, **kwargs: Any) -> None:
    # A worker finds the header on the request itself, a task applied in this process among its headers.
    headers = task.request.headers or {}
    bind_request_id(str(task.request.get("request_id") or headers.get("request_id") or ""))


@task_postrun.connect
def forget_request_id(**kwargs: Any) -> None:
    unbind_request_id()
