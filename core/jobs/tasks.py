from celery import shared_task

from core.jobs import running


@shared_task(name="core.jobs.tasks.run_job", ignore_result=True)
def run_job(job_id: int) -> None:
    running.run_job(job_id)
