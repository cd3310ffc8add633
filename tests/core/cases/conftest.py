from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.accounts.enums import Role
from core.actor import Actor
from core.cases.models import Case
from core.cases.registry import CaseSeed, CaseType, Field, Resolution, register_case_type, unregister_case_type
from core.exceptions import DomainError

CODE = "test.leak"


@dataclass
class Leaks:
    """The causes of the test's cases: pipes that leak."""

    leaking: set[int] = field(default_factory=set)
    found: list[CaseSeed] = field(default_factory=list)
    calls: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    error: Exception | None = None

    def still_true(self, ids: Sequence[int]) -> set[int]:
        if self.error:
            raise self.error
        return self.leaking & set(ids)

    def detect(self) -> list[CaseSeed]:
        return self.found

    def mend(self, case: Case, actor: Actor, params: dict[str, Any]) -> None:
        self.calls.append((case.subject_id, params))
        self.leaking.discard(case.subject_id)

    def fail(self, case: Case, actor: Actor, params: dict[str, Any]) -> None:
        raise DomainError("The spanner is lost.")


def seed(subject_id: int = 1, **values: Any) -> CaseSeed:
    standard: dict[str, Any] = {
        "type": CODE, "subject_type": "test.pipe", "subject_id": subject_id, "subject_label": f"P-{subject_id}"
    }  # fmt: skip
    return CaseSeed(**standard | values)


@pytest.fixture
def leaks() -> Iterator[Leaks]:
    """A registered type of case whose causes the test controls."""
    state = Leaks()
    register_case_type(
        CaseType(
            code=CODE,
            label="Leaking pipe",
            severity="warning",
            role=Role.WAREHOUSE_OPERATOR,
            respond_minutes=30,
            resolve_minutes=120,
            procedure="Close the valve. Mend the pipe.",
            resolutions=(
                Resolution("mended", "Mended", None, state.mend, "primary"),
                Resolution("noted", "Noted"),
                Resolution("broken", "Try the spanner", None, state.fail),
                Resolution("replace", "Replace", None, state.mend, "danger", (Field("reason", "Reason"),)),
                Resolution("drain", "Drain it", "accounts.manage_api_keys", state.mend),
                Resolution("look", "Look again", stays="It still leaks."),
            ),
            still_true=state.still_true,
            subject_url=lambda pk: f"/pipes/{pk}/",
            detector=state.detect,
            summaries={"drips": "{count} drips a minute at {place}"},
        )
    )
    yield state
    unregister_case_type(CODE)
