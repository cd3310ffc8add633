"""Who may read what a job holds: its files and its rows were made under rights that may since be withdrawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.accounts.models import User
from core.accounts.scopes import scope_kinds
from core.accounts.selectors import may_see_personal_data, scope_ids
from core.jobs.models import Job
from core.jobs.registry import find_kind
from core.ui import lists

BULK_ACTION = "ui.bulk_action"
EXPORT = "ui.export"

_MADE_WITH = "made_with"


def note_access(job: Job, user: User, columns: Sequence[str]) -> None:
    """Keep with an export which columns it holds and under which rights its rows were chosen."""
    limits = {kind.code: scope_ids(user, kind.code) for kind in scope_kinds()}
    job.params[_MADE_WITH] = {
        "columns": list(columns),
        "personal_data": may_see_personal_data(user),
        "limits": {kind: sorted(ids) for kind, ids in limits.items() if ids is not None},
    }
    job.save(update_fields=["params"])


def may_read(user: Any, job: Job) -> bool:
    """Whether a person who may see the job still has the rights to what it holds."""
    kind = find_kind(job.kind)
    if kind is None or (kind.permission and not user.has_perm(kind.permission)):
        return False
    if not _names_only_what_is_within(user, job.params):
        return False
    if job.kind not in {BULK_ACTION, EXPORT}:
        return True
    page = lists.find(job.params["list"])
    if page is None or not page.may_see(user):
        return False
    if job.kind == BULK_ACTION:
        return any(action.code == job.params["action"] for action in page.actions_for(user))
    # Nothing is written yet: the rows are chosen when it runs, by the rights of then.
    return not job.output_file or _covers(user, page, job.params.get(_MADE_WITH))


def _names_only_what_is_within(user: Any, params: Mapping[str, Any]) -> bool:
    """A job for one channel or warehouse ("channel_id") is for people who see that one."""
    for kind in scope_kinds():
        named, allowed = params.get(f"{kind.code}_id"), scope_ids(user, kind.code)
        if named is not None and allowed is not None and named not in allowed:
            return False
    return True


def _covers(user: Any, page: lists.ListDefinition[Any], made: Mapping[str, Any] | None) -> bool:
    """Whether the person's rights now reach as far as those that an export was made with."""
    if made is None:
        return False
    if made["personal_data"] and not may_see_personal_data(user):
        return False
    if not {column.key for column in page.columns_for(user)}.issuperset(made["columns"]):
        return False
    return all(_reaches(scope_ids(user, kind.code), made["limits"].get(kind.code)) for kind in scope_kinds())


def _reaches(now: frozenset[int] | None, then: Sequence[int] | None) -> bool:
    return now is None or (then is not None and now.issuperset(then))
