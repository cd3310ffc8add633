from celery import shared_task

from core.outbox import delivery


@shared_task(name="core.outbox.tasks.deliver", ignore_result=True)
def deliver(handler: str, event_ids: list[int]) -> None:
    delivery.deliver(handler, event_ids)
