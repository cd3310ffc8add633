"""Alerts follow events, so that opening 500 cases doesn't wait for anybody being told."""

from core.cases import alerts
from core.cases.events import CaseAssigned, CasesEscalated, CasesOpened, CasesReopened, CasesWarned
from core.notifications.enums import Level
from core.outbox.events import EventEnvelope
from core.outbox.registry import subscribe


@subscribe(CasesOpened.name)
def alert_opened(event: EventEnvelope) -> None:
    alerts.alert(alerts.OPENED, event.payload["case_ids"], Level.WARNING)


@subscribe(CasesReopened.name)
def alert_reopened(event: EventEnvelope) -> None:
    alerts.alert(alerts.REOPENED, event.payload["case_ids"], Level.DANGER)


@subscribe(CasesWarned.name)
def alert_warned(event: EventEnvelope) -> None:
    alerts.alert(alerts.WARNED, event.payload["case_ids"], Level.WARNING)


@subscribe(CasesEscalated.name)
def alert_escalated(event: EventEnvelope) -> None:
    alerts.alert_escalated(event.payload["case_ids"])


@subscribe(CaseAssigned.name)
def alert_assigned(event: EventEnvelope) -> None:
    """Whoever took a case themselves needs no message."""
    if event.payload["assigned_to"] != event.payload["by"]:
        alerts.alert_assigned(event.payload["case_id"], event.payload["assigned_to"])
