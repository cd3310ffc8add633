"""The checks and the rules that make them.

A *check* is one thing that can be found: its code, its severity unless the channel says otherwise, its hold, and
the message that a person reads. A *rule* is a function that looks at the facts and yields findings of its
checks.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any, Final

from django.utils.functional import Promise

from core.countries import country_name
from core.ui.formats import exact_money_text, exact_number_text
from orders.enums import FindingSeverity, HoldReason
from orders.rules.validation.facts import FindingDraft, OrderFacts

OFF: Final = "off"
_COUNTRIES: Final = frozenset({"country", "phone_country"})
_SEVERITIES: Final = {severity.value: severity for severity in FindingSeverity}

Rule = Callable[[OrderFacts], Iterable[FindingDraft]]


@dataclass(frozen=True)
class Check:
    """`message` has %(name)s places for the finding's params.

    `hold` applies while the severity is error; with `holds_always` also below, for a state that is no error but
    in which the order has to wait. `amounts` are the params that are money in the order's currency, `counts` those
    that are plain numbers; both are stored as they are and put into words when somebody reads them.
    """

    code: str
    severity: FindingSeverity
    hold: HoldReason | None
    message: str | Promise
    holds_always: bool = False
    amounts: Collection[str] = ()
    counts: Collection[str] = ()

    def __call__(
        self,
        field: str,
        *,
        expected: str = "",
        suggestion: dict[str, str] | None = None,
        **params: Any,
    ) -> FindingDraft:
        """A finding of this check; `params` are JSON values for the message."""
        return FindingDraft(
            self.code, self.severity, field, params, expected[:255], suggestion, self.hold_at(self.severity)
        )

    def hold_at(self, severity: FindingSeverity) -> HoldReason | None:
        """The hold that a finding of this severity puts on the order."""
        return self.hold if self.holds_always or severity == FindingSeverity.ERROR else None


CHECKS: Final[dict[str, Check]] = {}
RULES: Final[list[Rule]] = []


def check(
    code: str,
    severity: FindingSeverity,
    hold: HoldReason | None,
    message: str | Promise,
    *,
    holds_always: bool = False,
    amounts: Collection[str] = (),
    counts: Collection[str] = (),
) -> Check:
    """Define a check. Codes are unique and stored with findings: never give one another meaning."""
    if code in CHECKS:
        raise ValueError(f"check {code!r} is defined twice")
    CHECKS[code] = Check(code, severity, hold, message, holds_always, amounts, counts)
    return CHECKS[code]


def rule(function: Rule) -> Rule:
    """Register a rule; rules run in the order of their definition."""
    RULES.append(function)
    return function


def validate(facts: OrderFacts) -> list[FindingDraft]:
    """Everything that is wrong with an order, as the channel weighs it."""
    found = [finding for run in RULES for finding in run(facts)]
    severities = facts.channel.severities
    return list(_weighed(found, severities)) if severities and found else found


def _weighed(findings: Iterable[FindingDraft], severities: Mapping[str, str]) -> Iterator[FindingDraft]:
    for finding in findings:
        severity = severities.get(finding.code, finding.severity)
        if severity == OFF:
            continue
        if severity == finding.severity or severity not in _SEVERITIES:
            yield finding
        else:
            yield _with_severity(finding, _SEVERITIES[severity])


def _with_severity(finding: FindingDraft, severity: FindingSeverity) -> FindingDraft:
    return FindingDraft(
        finding.code, severity, finding.field, finding.params, finding.expected, finding.suggestion,
        CHECKS[finding.code].hold_at(severity),
    )  # fmt: skip


def message(code: str, params: Mapping[str, Any], currency: str) -> str:
    """The message of a stored finding in the active language; the code itself if it no longer exists.

    `currency` is that of the order, in which its amounts are.
    """
    found = CHECKS.get(code)
    if found is None:
        return code
    try:
        return str(found.message) % _worded(found, params, currency)
    except (KeyError, TypeError, InvalidOperation):  # stored before the message gained a place
        return code


def check_words(code: str) -> str:
    """What a check is called, in the active language: its message without full stop, with "…" for what differs from
    finding to finding; the code itself if it no longer exists."""
    found = CHECKS.get(code)
    return (str(found.message) % defaultdict(lambda: "…")).rstrip(".。") if found else code


def _worded(check: Check, params: Mapping[str, Any], currency: str) -> Mapping[str, Any]:
    """The parameters with countries by their names, and amounts and numbers as the reader writes them."""
    return {name: _param_words(check, name, value, currency) for name, value in params.items()}


def _param_words(check: Check, name: str, value: Any, currency: str) -> Any:
    if name in check.amounts:
        return exact_money_text(value, currency)
    if name in check.counts:
        return exact_number_text(value)
    return country_name(value) if name in _COUNTRIES and value else value
