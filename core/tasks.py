from celery import shared_task

from core import stages


@shared_task(name="core.tasks.run_stage", ignore_result=True)
def run_stage(name: str) -> int:
    """Run a stage until nothing is due; an unknown name (an older message) is ignored."""
    if name not in {stage.name for stage in stages.stages()}:
        return 0
    return stages.run_stage(name)
