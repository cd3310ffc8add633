"""The exceptions inbox, one case, and what can be done with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import Actor
from core.cases.actions import handing_on, may_pass_on, resolution_actions, resolving_roles, work_actions
from core.cases.enums import CaseStatus, Severity
from core.cases.exceptions import NotToPassOn
from core.cases.filters import CaseFilter
from core.cases.forms import AssignForm, NoteForm, PassOnForm, ResolveForm, WaitForm, tomorrow
from core.cases.models import Case
from core.cases.permissions import ASSIGN, VIEW, WORK
from core.cases.registry import CaseType, Resolution, find_case_type
from core.cases.selectors import cases_for, queue_for, waiting_for
from core.cases.services import assign, comment, look_again, pass_on, reopen, resolve, resume, start, unassign, wait
from core.cases.words import (
    due_badge,
    event_note,
    event_title,
    facts_of,
    resolution_label,
    summary_of,
    title_of,
    type_label,
)
from core.exceptions import DomainError
from core.ids import parse_id
from core.ui.actions import BulkAction, RowOutcome
from core.ui.columns import Column
from core.ui.content import Badge, Banner, EmptyState, Header, PageAction, Text, allowed_actions
from core.ui.counting import capped_count, count_label
from core.ui.formats import relative_text
from core.ui.lists import PresetView
from core.ui.views import ActionPage, DetailPage, FormPage, ListPage, QueuePage, back_url, say
from core.words import listed, run_on


def take_cases(ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterable[RowOutcome]:
    """Bulk action: assign the ticked cases to whoever ticked them."""
    for case_id in ids:
        try:
            assign(case_id=case_id, user_id=actor.user_id or 0, actor=actor)
        except DomainError as error:
            yield RowOutcome(case_id, "error", error.message)
        else:
            yield RowOutcome(case_id)


class CaseList(ListPage[Case]):
    key = "cases.case"
    template_name = "cases/list.html"
    title = _("Exceptions")
    model = Case
    permission = VIEW
    url_name = "cases:case_list"
    icon = "alert-triangle"
    filterset_class = CaseFilter
    ordering = "resolve_by"
    columns = (
        Column("subject_label", _("Subject"), link=True, width="m"),
        Column("type", _("Type"), accessor=lambda case: type_label(case.type), width="m"),
        Column("summary", _("What is wrong"), accessor=summary_of, width="l"),
        Column("severity", _("Severity"), cell="status", enum=Severity),
        Column("status", _("Status"), cell="status", enum=CaseStatus),
        Column("resolve_by", _("Due"), cell="cases/_due_cell.html", sort="resolve_by", export=lambda c: c.resolve_by),
        Column("assigned_to", _("Assigned to"), accessor=lambda c: c.assigned_to.label if c.assigned_to else None),
        Column("role", _("Team"), accessor=lambda case: Role(case.role).label, default=False),
        Column("cause_at", _("Cause occurred"), cell="when", default=False),
        Column("opened_at", _("Opened"), cell="when", default=False),
        Column("resolution", _("Resolution"), accessor=resolution_label, default=False),
        Column("reopened_count", _("Times reopened"), cell="number", default=False),
    )
    views = (
        PresetView("open", _("Open"), "state=open", roles=tuple(Role.values)),
        PresetView("mine", _("Mine"), "state=open&owner=me"),
        PresetView("not_taken", _("Not taken yet"), "state=open&owner=nobody"),
        PresetView("overdue", _("Overdue"), "state=overdue"),
        PresetView("waiting", _("Waiting"), "state=waiting"),
    )
    actions = (BulkAction(code="take", label=_("Assign to me"), permission=WORK, run=take_cases, icon="user-check"),)

    def get_queryset(self, user: Any) -> Any:
        return cases_for(user)

    def filterset(self, user: Any, query: QueryDict) -> CaseFilter:
        return CaseFilter(query, queryset=self.get_queryset(user), user=user)

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().list_context(request)
        sorting = _("Due first on top.") if context["sort"] == "resolve_by" else ""
        return {**context, "line": run_on(sorting, _waiting_words(request.user))}

    def row_url(self, row: Case) -> str:
        return _url("case_detail", row)

    def row_label(self, row: Case) -> str:
        return title_of(row)

    def row_class(self, row: Case) -> str:
        late = due_badge(row, timezone.now())
        return "row-danger" if late and late.colour == "danger" else ""

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("Work through"), url=reverse("cases:work"), icon="player-play", style="primary", permission=WORK
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No exceptions."),
            body=_("When something goes wrong with an order, a parcel or stock, it appears here with a deadline."),
            icon="circle-check",
        )


class CasePage(DetailPage[Case]):
    key = "cases.case"
    list_key = "cases.case"
    permission = VIEW
    note_permission = WORK

    def header(self, obj: Case) -> Header:
        user = self.request.user
        ways_out = resolution_actions(obj, user)
        steps = allowed_actions(work_actions(obj, user), user)
        first = ways_out[:1] or (_handing_on_first(obj, user, steps) if obj.is_open else [])
        return Header(
            title=title_of(obj),
            line=gettext("Opened %(when)s") % {"when": relative_text(obj.opened_at)},
            status=obj.status_enum,
            badges=_badges(obj),
            primary=first[0] if first else None,
            menu=[action for action in [*ways_out, *steps] if action not in first],
        )

    def banners(self, obj: Case) -> Sequence[Banner]:
        if obj.status == CaseStatus.WAITING and obj.waiting_until:
            body = gettext("The clock stands still until then, %(when)s.") % {"when": relative_text(obj.waiting_until)}
            title = gettext("Waiting for: %(reason)s") % {"reason": obj.waiting_reason}
            return [Banner(level="info", title=title, body=body, icon="player-pause")]
        if obj.is_open and obj.is_escalated:
            return [Banner(level="danger", title=_("The time to resolve this is over; the managers were told."))]
        if obj.status == CaseStatus.RESOLVED:
            return [Banner(level="info", title=_("Resolved. It is being looked at whether the cause is gone."))]
        return []

    def add_note(self, obj: Case, text: str, user: User) -> None:
        comment(case_id=obj.pk, actor=Actor.for_user(user), note=text)


class CaseAction(ActionPage[Case]):
    list_key = "cases.case"
    permission = WORK

    @property
    def actor(self) -> Actor:
        return Actor.for_user(self.request.user)


class TakeCase(CaseAction):
    message = _("The exception is yours.")

    def perform(self, obj: Case) -> None:
        assign(case_id=obj.pk, user_id=self.actor.user_id or 0, actor=self.actor)


class StartCase(CaseAction):
    def perform(self, obj: Case) -> None:
        start(case_id=obj.pk, actor=self.actor)


class ResumeCase(CaseAction):
    message = _("The clock goes on.")

    def perform(self, obj: Case) -> None:
        resume(case_id=obj.pk, actor=self.actor)


class GiveBackCase(CaseAction):
    message = _("The exception is the team's again.")

    def perform(self, obj: Case) -> None:
        unassign(case_id=obj.pk, actor=self.actor)


class CaseForm(FormPage[Case]):
    list_key = "cases.case"
    permission = WORK
    object: Case

    @property
    def actor(self) -> Actor:
        return Actor.for_user(self.request.user)

    def get_intro(self) -> Text:
        """Which case it is about: as a page of its own nothing else says so."""
        return " · ".join(filter(None, [title_of(self.object), summary_of(self.object), str(self.intro)]))

    def success_url(self, result: Any) -> str:
        return back_url(self.request, _url("case_detail", self.object))

    def cancel_url(self) -> str:
        return back_url(self.request, _url("case_detail", self.object))


class AssignCase(CaseForm):
    permission = ASSIGN
    form_class = AssignForm
    title = _("Assign the exception")
    submit_label = _("Assign")
    message = _("Assigned.")

    def perform(self, form: Any) -> Case:
        return assign(case_id=self.object.pk, user_id=form.cleaned_data["person"].pk, actor=self.actor)


class PassOnCase(AssignCase):
    """For people who may not assign to everybody: to those who can resolve it."""

    permission = WORK
    form_class = PassOnForm
    title = _("Pass the exception on")
    submit_label = _("Pass on")
    message = _("Passed on.")

    def form_kwargs(self) -> dict[str, Any]:
        return {**super().form_kwargs(), "roles": resolving_roles(self.object)}

    def perform(self, form: Any) -> Case:
        if not may_pass_on(self.object, self.request.user):
            raise NotToPassOn
        return pass_on(case_id=self.object.pk, user_id=form.cleaned_data["person"].pk, actor=self.actor)


class WaitCase(CaseForm):
    form_class = WaitForm
    title = _("Wait")
    intro = _("The clock stands still until somebody else has acted.")
    submit_label = _("Stop the clock")

    def get_initial(self) -> dict[str, Any]:
        return {"until": tomorrow()}

    def perform(self, form: Any) -> Case:
        values = form.cleaned_data
        return wait(case_id=self.object.pk, actor=self.actor, until=values["until"], reason=values["reason"])


class ReopenCase(CaseForm):
    form_class = NoteForm
    title = _("Reopen the exception")
    intro = _("Say what is still wrong.")
    submit_label = _("Reopen")

    def perform(self, form: Any) -> Case:
        return reopen(case_id=self.object.pk, actor=self.actor, note=form.cleaned_data["note"])


class ResolveCase(CaseForm):
    """A resolution: posted at once where it needs no input, else through its form."""

    form_class = ResolveForm

    @property
    def resolution(self) -> Resolution:
        kind = find_case_type(self.object.type)
        found = kind.resolution(self.kwargs["code"]) if kind else None
        if found is None:
            raise Http404
        return found

    def get_title(self) -> Text:
        return str(self.resolution.label)

    @property
    def submit_label(self) -> Text:  # type: ignore[override]
        return str(self.resolution.label)

    @property
    def danger(self) -> bool:  # type: ignore[override]
        return self.resolution.style == "danger"

    def form_kwargs(self) -> dict[str, Any]:
        return {**super().form_kwargs(), "resolution": self.resolution, "user": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        return {}

    def perform(self, form: Any) -> Case:
        values = dict(form.cleaned_data)
        note = values.pop("note")
        code = self.resolution.code
        case = resolve(case_id=self.object.pk, resolution=code, actor=self.actor, note=note, params=values)
        if self.resolution.stays is not None:
            case = look_again(case_id=case.pk, resolution=code, actor=self.actor)
        self._tell(case)
        return case

    def _tell(self, case: Case) -> None:
        if case.is_open:
            say(self.request, self.resolution.stays, "warning")
        elif case.status == CaseStatus.RESOLVED:
            say(self.request, _("Resolved. It is being looked at whether the cause is gone."))
        else:
            say(self.request, _("The cause is gone; the exception is over."))

    def success_url(self, result: Case) -> str:
        """A case that stays isn't left for the next one on the work screen."""
        url = super().success_url(result)
        work = reverse("cases:work")
        return f"{work}?case={result.pk}" if result.is_open and url.startswith(f"{work}?") else url


class WorkScreen(QueuePage[Case]):
    """One case at a time, the most urgent first: what is wrong, what to do, and the ways out as buttons."""

    permission = WORK
    title = _("Exceptions")
    template_name = "cases/work.html"
    has_scanner: ClassVar[bool] = False

    def get_item(self, user: Any) -> Case | None:
        queue = queue_for(user)
        wanted = parse_id(self.request.GET.get("case", ""))
        after = parse_id(self.request.GET.get("after", ""))
        if wanted is not None:
            return cases_for(user).filter(pk=wanted).first()
        if after in queue:
            position = queue.index(after) + 1
            queue = queue[position:] + queue[: position - 1]
        return cases_for(user).get(pk=queue[0]) if queue else None

    def work_context(self, item: Case) -> dict[str, Any]:
        user, kind = self.request.user, find_case_type(item.type)
        onwards = f"{reverse('cases:work')}?after={item.pk}"
        here = f"{reverse('cases:work')}?case={item.pk}"
        return {
            "title": title_of(item),
            "summary": summary_of(item),
            "type": type_label(item.type),
            "badges": _badges(item),
            "procedure": kind.procedure if kind else "",
            "subject_url": _subject_url(kind, item),
            "detail_url": _url("case_detail", item),
            "ways_out": _as_pages(resolution_actions(item, user, next_url=onwards)),
            "steps": _as_pages(allowed_actions(_stay_or_go(item, user, here, onwards), user)),
            "skip_url": onwards,
            "waiting": len(queue_for(user)),
            "who_can": listed([str(role.label) for role in resolving_roles(item)]),
            "facts": facts_of(item, user),
            "events": [
                (event, event_title(event), event_note(event, item)) for event in item.events.order_by("-id")[:5]
            ],
        }

    def exit_url(self) -> str:
        return reverse("cases:case_list")

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(title=_("All done."), body=_("No exception waits for you or your team."), icon="circle-check")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404


def _waiting_words(user: Any) -> str:
    """How many of the cases in sight the person can work through: the inbox shows those of all teams."""
    if not user.has_perm(WORK):
        return ""
    count = capped_count(waiting_for(user))
    words = ngettext(
        "%(count)s waits for you: your own, and what nobody of your teams has taken yet.",
        "%(count)s wait for you: your own, and what nobody of your teams has taken yet.",
        count,
    )
    return words % {"count": count_label(count)}


def _handing_on_first(case: Case, user: Any, steps: list[PageAction]) -> list[PageAction]:
    """For who can't resolve the case: it helps nobody that they take it."""
    urls = {action.url for action in handing_on(case, user)}
    return sorted(steps, key=lambda action: action.url not in urls)[:1]


def _stay_or_go(item: Case, user: Any, here: str, onwards: str) -> list[PageAction]:
    """Taking and starting stay with the case; waiting and handing on lead to the next."""
    staying = {action.label for action in work_actions(item, user) if action.method == "post"}
    return [
        action
        for next_url, stays in ((here, True), (onwards, False))
        for action in work_actions(item, user, next_url)
        if (action.label in staying) == stays
    ]


def _as_pages(actions: Sequence[PageAction]) -> list[PageAction]:
    """Forms open as pages: the work screen has no dialog."""
    return [replace(action, dialog=False) for action in actions]


def _badges(case: Case) -> list[Any]:
    badges: list[Any] = [case.severity_enum]
    if (late := due_badge(case, timezone.now())) is not None:
        badges.append(late)
    if case.is_open and case.is_escalated:
        badges.append(Badge(label=_("Escalated"), colour="danger", icon="arrow-up-circle"))
    if case.reopened_count:
        badges.append(Badge(label=_("Reopened before"), colour="warning", icon="rotate-clockwise"))
    return badges


def _subject_url(kind: CaseType | None, case: Case) -> str:
    return kind.subject_url(case.subject_id) if kind else ""


def _url(name: str, case: Case) -> str:
    return reverse(f"cases:{name}", args=[case.pk])
