"""Whether the causes of cases still exist."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import transaction

from core.cases.models import Case
from core.cases.registry import find_case_type

logger = logging.getLogger(__name__)


def split_by_cause(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """(cause gone, cause still there); one call of still_true per type. One that fails counts as still there."""
    by_type: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_type[case.type].append(case)
    gone: list[Case] = []
    there: list[Case] = []
    for code, group in by_type.items():
        kind = find_case_type(code)
        causes = _causes(code, kind.still_true, group) if kind else set()
        for case in group:
            (there if case.subject_id in causes else gone).append(case)
    return gone, there


def _causes(code: str, still_true: Callable[[Sequence[int]], set[int]], cases: Sequence[Case]) -> set[int]:
    ids = [case.subject_id for case in cases]
    try:
        with transaction.atomic():
            return still_true(ids)
    except Exception:
        logger.exception("still_true of %s failed", code)
        return set(ids)
