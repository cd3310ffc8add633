"""Who owns a case can do something about it: true of every type, and of every thing that it can be about."""

from core.accounts.roles import granted
from core.cases.permissions import WORK
from core.cases.registry import CaseType, Resolution, add_resolution, case_type, case_types, register_case_type


def beyond_their_owner(kind: CaseType) -> list[str]:
    """What a type's cases can be about without a way out that its role has the right to."""
    codes = list(kind.summaries) or [""]
    return [
        f"{kind.code} ({code})"
        for code in codes
        if not any(
            kind.role in granted(*WORK.split(".")) & granted(*(way.permission or WORK).split("."))
            for way in kind.offered(code)
        )
    ]


def test_the_owner_of_every_type_has_the_right_to_one_of_its_ways_out():
    kinds = case_types()
    assert len(kinds) > 10
    assert [found for kind in kinds for found in beyond_their_owner(kind)] == []


def test_a_way_out_is_added_whichever_app_is_ready_first(leaks):
    def codes():
        return [way.code for way in case_type("test.leak").resolutions]

    kind, before = case_type("test.leak"), codes()
    add_resolution("test.leak", Resolution("paint", "Paint it"))
    assert codes() == [*before, "paint"]
    register_case_type(kind)
    assert codes() == [*before, "paint"]
