"""Types of case. The apps register theirs; the kernel knows none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.accounts.enums import Role
from core.actor import Actor

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.cases.models import Case


@dataclass(frozen=True, slots=True)
class Field:
    """An input that a resolution asks for before it runs.

    `choices(user)` gives (value, name) of what that person may choose.
    """

    name: str
    label: Any
    kind: str = "text"  # text | textarea | number | date | choice
    required: bool = True
    choices: "Callable[[Any], Iterable[tuple[str, Any]]] | None" = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """A way out of a case, one button on the page.

    `run(case, actor, params)` does the work in the transaction that resolves the case; None where the
    person has put it right elsewhere. A DomainError from it is shown and leaves the case as it was.
    `fields` are the inputs it needs: names, or Field where a label or kind is wanted.
    `stays` is for checks and new tries, which may leave the cause where it is: the case is only over once the cause is
    gone, and until then this is what the person is told. Without it the case is resolved, and verified afterwards.
    `only_for` are the summary codes of the cases that it can help (empty: all of the type's), `primary_for` those
    that it is recommended for. `offered(case, user)` says whether it is shown to a person who has `permission`; what
    `run` itself refuses shouldn't be.
    """

    code: str
    label: Any
    permission: str | None = None
    run: "Callable[[Case, Actor, dict[str, Any]], None] | None" = None
    style: str = "secondary"  # primary | secondary | danger
    fields: tuple[str | Field, ...] = ()
    offered: "Callable[[Case, Any], bool] | None" = None
    only_for: frozenset[str] = frozenset()
    primary_for: frozenset[str] = frozenset()
    stays: Any = None

    def inputs(self) -> tuple[Field, ...]:
        return tuple(
            item if isinstance(item, Field) else Field(item, item.replace("_", " ").capitalize())
            for item in self.fields
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A line about a case's subject, such as ("Customer", "A**", address of the page)."""

    label: Any
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class CaseType:
    """A type of case.

    Times are minutes of business time. `still_true(subject_ids)` returns those whose cause still exists;
    it decides verification and, every few minutes, clears open cases whose cause went away by itself
    (not with `clears_itself` False: there a person's decision is the cure). `detector` finds causes that
    no event reports.
    `summaries` maps a seed's summary_code to a translatable text with {placeholders}.
    `visible(user)` gives the subjects that a person may see; people with limits see the cases of those only.
    Without it the scope columns alone decide.
    `param_words` puts parameters of the summary into the reader's language: {name: words of a value}.
    `facts(case, user)` tells whoever works on the case about its subject, masked by that person's rights.
    `merge(data, seed)` makes one seed of what an open case knows (its data) and what was found since; without it
    the newer facts replace the older.
    """

    code: str
    label: Any
    severity: str
    role: Role
    respond_minutes: int
    resolve_minutes: int
    procedure: Any
    resolutions: tuple[Resolution, ...]
    still_true: Callable[[Sequence[int]], set[int]]
    subject_url: Callable[[int], str]
    detector: "Callable[[], Sequence[CaseSeed]] | None" = None
    summaries: Mapping[str, Any] = field(default_factory=dict)
    icon: str = "alert-triangle"
    clears_itself: bool = True
    visible: "Callable[[Any], QuerySet[Any]] | None" = None
    param_words: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    facts: "Callable[[Case, Any], Sequence[Fact]] | None" = None
    merge: "Callable[[Mapping[str, Any], CaseSeed], CaseSeed] | None" = None

    def resolution(self, code: str) -> Resolution | None:
        return next((resolution for resolution in self.resolutions if resolution.code == code), None)

    def offered(self, summary_code: str) -> list[Resolution]:
        """The ways out of a case that is about `summary_code`, the recommended one first."""
        fitting = [
            replace(item, style="primary") if summary_code in item.primary_for else item
            for item in self.resolutions
            if not item.only_for or summary_code in item.only_for
        ]
        return sorted(fitting, key=lambda item: item.style != "primary")


@dataclass(frozen=True, slots=True)
class CaseSeed:
    """What is needed to open a case. The summary is a text, or a code of the type with parameters."""

    type: str
    subject_type: str
    subject_id: int
    subject_label: str
    summary: str = ""
    summary_code: str = ""
    summary_params: Mapping[str, Any] = field(default_factory=dict)
    cause_at: datetime | None = None
    channel_id: int | None = None
    warehouse_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


_types: dict[str, CaseType] = {}
_added: dict[str, tuple[Resolution, ...]] = {}


def register_case_type(case_type: CaseType) -> None:
    """Make a type known; called from AppConfig.ready()."""
    _types[case_type.code] = _with_added(case_type, _added.get(case_type.code, ()))


def add_resolution(code: str, resolution: Resolution) -> None:
    """Give a type of another app a further way out, by the type's code; called from AppConfig.ready(), in any order."""
    _added[code] = (*_added.get(code, ()), resolution)
    if code in _types:
        _types[code] = _with_added(_types[code], (resolution,))


def _with_added(case_type: CaseType, added: tuple[Resolution, ...]) -> CaseType:
    return replace(case_type, resolutions=(*case_type.resolutions, *added))


def unregister_case_type(code: str) -> None:
    """Forget a type and what was added to it; for tests that register one."""
    _types.pop(code, None)
    _added.pop(code, None)


def case_type(code: str) -> CaseType:
    """Raises KeyError for a type that no app registers."""
    return _types[code]


def find_case_type(code: str) -> CaseType | None:
    """The type, or None where the app that had it is gone."""
    return _types.get(code)


def case_types() -> list[CaseType]:
    return list(_types.values())


def codes_by_visibility() -> "dict[Callable[[Any], QuerySet[Any]] | None, list[str]]":
    """The codes of the types, grouped by what decides who may see their subjects."""
    groups: dict[Callable[[Any], QuerySet[Any]] | None, list[str]] = {}
    for kind in _types.values():
        groups.setdefault(kind.visible, []).append(kind.code)
    return groups
