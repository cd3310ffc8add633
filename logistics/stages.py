"""The stages of a parcel's way."""

from django.utils.translation import gettext_lazy as _

from core.stages import Stage, StageDue, register_stage
from logistics.codes import FORGET_PUSHES, INGEST, LABEL, POLL, STRAYS
from logistics.selectors import checks_due, labels_due, pushes_due
from logistics.services.labels import label_batch
from logistics.services.polling import poll_batch
from logistics.services.pushes import forget_old, ingest_batch, old_due
from logistics.services.shipments import cancel_stray_shipments


def register() -> None:
    """Called once from LogisticsConfig.ready()."""
    register_stage(Stage(LABEL, label_batch, labels_due, every_seconds=3, batch_size=50, label=_("Buy labels")))
    register_stage(
        Stage(INGEST, ingest_batch, pushes_due, every_seconds=3, batch_size=200, label=_("Read what carriers pushed"))
    )
    register_stage(
        Stage(POLL, poll_batch, checks_due, every_seconds=2, batch_size=200, label=_("Ask carriers for news"))
    )
    register_stage(
        Stage(
            STRAYS,
            cancel_stray_shipments,
            _nothing_due,
            every_seconds=60,
            batch_size=200,
            label=_("Stop parcels of cancelled orders"),
        )
    )
    register_stage(
        Stage(FORGET_PUSHES, forget_old, old_due, every_seconds=3600, batch_size=1000, label=_("Delete old pushes"))
    )


def _nothing_due() -> StageDue:
    """A sweep has no queue: what it finds it finds by looking."""
    return StageDue(False, 0, None)
