import re
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import SYSTEM, Actor
from core.cases.enums import CaseStatus
from core.cases.exceptions import NotToPassOn
from core.cases.models import Case, CaseEvent
from core.cases.panels import case_banners, cases_panel
from core.cases.services import assign, open_cases, pass_on, resolve
from orders.codes import CHANNEL_CHANGE
from tests.core.cases.conftest import seed
from tests.factories.accounts import make_superuser, make_user


@pytest.fixture
def worker(db):
    return make_user(Role.WAREHOUSE_OPERATOR, display_name="Ann Lee")


@pytest.fixture
def signed_in(client, worker):
    client.force_login(worker)
    return client


@pytest.fixture
def case(db, leaks) -> Case:
    leaks.leaking.add(1)
    params = {"summary_code": "drips", "summary_params": {"count": 3, "place": "hall <b>"}}
    return Case.objects.get(pk=open_cases([seed(1, **params)])[0])


def url(name: str, case: Case, *args: object) -> str:
    return reverse(f"cases:{name}", args=[case.pk, *args])


def text(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


POSTS = ["case_take", "case_start", "case_resume", "case_give_back"]
FORMS = ["case_wait", "case_assign", "case_reopen"]


def all_urls(case: Case) -> list[tuple[str, str]]:
    posts = [("post", url(name, case)) for name in [*POSTS, *FORMS]]
    posts.append(("post", url("case_resolve", case, "noted")))
    gets = [("get", url(name, case)) for name in ["case_detail", *FORMS]]
    return [*posts, *gets, ("get", reverse("cases:case_list")), ("get", reverse("cases:work"))]


def test_without_signing_in_every_page_leads_to_the_sign_in(client, case):
    for method, address in all_urls(case):
        response = getattr(client, method)(address)
        assert response.status_code == 302, address
        assert "/login/" in response.url or "sign" in response.url
    assert CaseEvent.objects.count() == 1


def test_without_the_right_every_page_is_refused(client, case):
    client.force_login(make_user())
    for method, address in all_urls(case):
        assert getattr(client, method)(address).status_code == 403, address
    assert CaseEvent.objects.count() == 1


def test_who_may_only_look_can_do_nothing(client, case):
    client.force_login(make_user(Role.ANALYST))
    assert "P-1" in text(client.get(url("case_detail", case)))
    for method, address in all_urls(case):
        if method == "post":
            assert client.post(address).status_code == 403, address
    assert CaseEvent.objects.count() == 1


def test_cases_of_other_channels_do_not_exist(client, leaks, worker):
    client.force_login(worker)
    AccessScope.objects.create(user=worker, kind="channel", object_id=5)
    ids = open_cases([seed(1, channel_id=5), seed(2, channel_id=6), seed(3)])
    page = text(client.get(reverse("cases:case_list"), {"view": "all"}))
    assert "P-1" in page
    assert "P-3" in page
    assert "P-2" not in page
    hidden = Case.objects.get(pk=ids[1])
    assert client.get(url("case_detail", hidden)).status_code == 404
    assert client.post(url("case_take", hidden)).status_code == 404
    assert text(client.get(reverse("cases:work"), {"case": hidden.pk})).count("P-2") == 0
    assert hidden.events.count() == 1


def test_the_list_says_what_is_wrong_and_filters(signed_in, case, worker):
    open_cases([seed(2), seed(3)])
    Case.objects.filter(subject_id=2).update(resolve_by=timezone.now() - timedelta(hours=1))
    assign(case_id=Case.objects.get(subject_id=3).pk, user_id=worker.pk, actor=SYSTEM)
    page = text(signed_in.get(reverse("cases:case_list"), {"view": "all"}))
    assert "3 drips a minute at hall &lt;b&gt;" in page
    assert "Overdue" in page

    def subjects(**query: str) -> set[str]:
        page = text(signed_in.get(reverse("cases:case_list"), query))
        return set(re.findall(r">(P-\d)</a>", page))

    assert subjects(state="overdue") == {"P-2"}
    assert subjects(state="open", owner="me") == {"P-3"}
    assert subjects(state="open", owner="nobody") == {"P-1", "P-2"}
    assert subjects(q="p-2") == {"P-2"}
    assert subjects(type="test.leak", severity="danger") == set()
    assert subjects(state="done") == set()


def test_the_list_and_the_page_cost_the_same_for_one_and_three(signed_in, case, worker):
    def cost(address: str) -> int:
        signed_in.get(address)  # the first call remembers the rows in the session
        with CaptureQueriesContext(connection) as captured:
            signed_in.get(address)
        return len(captured)

    addresses = [reverse("cases:case_list") + "?view=all", url("case_detail", case)]
    before = [cost(address) for address in addresses]
    for case_id in open_cases([seed(2), seed(3)]):
        assign(case_id=case_id, user_id=make_user().pk, actor=SYSTEM)
    assert [cost(address) for address in addresses] == before


def test_the_page_shows_procedure_history_and_ways_out(signed_in, case):
    page = text(signed_in.get(url("case_detail", case)))
    for part in ("Close the valve", "3 drips a minute", "/pipes/1/", url("case_resolve", case, "mended"), "Opened"):
        assert part in page
    assert url("case_resolve", case, "drain") not in page, "not without its permission"


def test_one_click_resolves_and_a_failure_says_why(signed_in, case, leaks):
    response = signed_in.post(url("case_resolve", case, "broken"))
    assert response.status_code == 422
    assert "The spanner is lost." in response.content.decode()
    response = signed_in.post(url("case_resolve", case, "mended"), {"next": reverse("cases:work")})
    assert response.url == reverse("cases:work")
    case.refresh_from_db()
    assert (case.status, case.resolved_by_label) == (CaseStatus.RESOLVED, "Ann Lee")
    assert leaks.leaking == set()
    assert signed_in.post(url("case_resolve", case, "no-such")).status_code == 404


def test_a_check_that_finds_the_cause_again_says_so_and_the_case_stays(signed_in, case, leaks):
    onwards = f"{reverse('cases:work')}?after={case.pk}"
    response = signed_in.post(url("case_resolve", case, "look"), {"next": onwards})
    case.refresh_from_db()
    assert (case.status, case.resolved_at, case.reopened_count) == (CaseStatus.UNASSIGNED, None, 0)
    assert case.responded_at is not None
    page = text(signed_in.get(response.url))
    assert signed_in.get(response.url).context["item"] == case, "it isn't left for the next one"
    assert "It still leaks." in page
    assert "Tried: Look again" in text(signed_in.get(url("case_detail", case)))


def test_a_check_that_finds_the_cause_gone_ends_the_case_in_the_name_of_who_checked(signed_in, case, leaks):
    leaks.leaking.clear()
    response = signed_in.post(url("case_resolve", case, "look"), {"next": url("case_detail", case)})
    case.refresh_from_db()
    assert (case.status, case.resolution, case.resolved_by_label) == (CaseStatus.VERIFIED, "look", "Ann Lee")
    assert "The cause is gone; the exception is over." in text(signed_in.get(response.url))


def test_a_resolution_says_that_its_result_is_being_looked_at(signed_in, case):
    response = signed_in.post(url("case_resolve", case, "noted"), {"next": reverse("cases:work")})
    assert "Resolved. It is being looked at whether the cause is gone." in text(signed_in.get(response.url))


def test_a_resolution_with_inputs_asks_for_them(signed_in, case, leaks):
    address = url("case_resolve", case, "replace")
    assert 'name="reason"' in text(signed_in.get(address))
    assert signed_in.post(address, {"reason": ""}).status_code == 422
    assert leaks.calls == []
    signed_in.post(address, {"reason": "rust", "note": "new one"})
    case.refresh_from_db()
    assert (case.resolution, case.resolution_note) == ("replace", "new one")
    assert leaks.calls == [(1, {"reason": "rust"})]


def test_taking_waiting_resuming_and_giving_back(signed_in, case, worker):
    signed_in.post(url("case_take", case))
    signed_in.post(url("case_start", case))
    past = {"until": "2020-01-01T10:00", "reason": "plumber"}
    assert signed_in.post(url("case_wait", case), past).status_code == 422
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    signed_in.post(url("case_wait", case), {"until": tomorrow, "reason": "plumber"})
    case.refresh_from_db()
    assert (case.status, case.assigned_to) == (CaseStatus.WAITING, worker)
    assert "Waiting for: plumber" in text(signed_in.get(url("case_detail", case)))
    signed_in.post(url("case_resume", case))
    signed_in.post(url("case_give_back", case))
    case.refresh_from_db()
    assert (case.status, case.assigned_to) == (CaseStatus.UNASSIGNED, None)


def test_comments_come_through_the_note_box(signed_in, case):
    signed_in.post(url("case_detail", case), {"note": "called the plumber"})
    assert "called the plumber" in text(signed_in.get(url("case_detail", case)))


def test_assigning_to_others_is_for_managers(client, signed_in, case, worker):
    assert signed_in.post(url("case_assign", case), {"person": worker.pk}).status_code == 403
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    outsider = make_user(Role.ANALYST)
    assert client.post(url("case_assign", case), {"person": outsider.pk}).status_code == 422
    client.post(url("case_assign", case), {"person": worker.pk})
    case.refresh_from_db()
    assert case.assigned_to == worker


def test_reopening_needs_words(signed_in, case):
    resolve(case_id=case.pk, resolution="noted", actor=SYSTEM)
    assert signed_in.post(url("case_reopen", case), {"note": ""}).status_code == 422
    signed_in.post(url("case_reopen", case), {"note": "still wet"})
    case.refresh_from_db()
    assert case.status == CaseStatus.REOPENED


def test_ticked_cases_are_taken_together(signed_in, case, worker, settings, tmp_path):
    from core.jobs.models import Job
    from core.jobs.running import run_job

    data = {"list": "cases.case", "action": "take", "ids": [case.pk], "query": ""}
    signed_in.post(reverse("jobs:bulk"), data)
    run_job(Job.objects.get().pk)
    case.refresh_from_db()
    assert case.assigned_to == worker


def test_the_work_screen_gives_one_s_own_and_the_most_urgent_first(signed_in, leaks, worker):
    open_cases([seed(number) for number in (1, 2, 3, 4)])
    hour = timedelta(hours=1)
    for number in (1, 2, 3, 4):
        Case.objects.filter(subject_id=number).update(resolve_by=timezone.now() + number * hour)
    Case.objects.filter(subject_id=3).update(is_escalated=True)
    Case.objects.filter(subject_id=4).update(assigned_to=worker, status=CaseStatus.ASSIGNED)
    order = []
    address = reverse("cases:work")
    for _step in range(4):
        response = signed_in.get(address)
        item = response.context["item"]
        order.append(item.subject_id)
        page = text(response)
        assert "Close the valve" in page
        address = response.context["skip_url"]
    assert order == [4, 3, 1, 2]


def test_the_work_screen_moves_on_after_a_resolution(signed_in, case, leaks):
    open_cases([seed(2)])
    Case.objects.filter(subject_id=2).update(resolve_by=timezone.now() + timedelta(days=9))
    page = text(signed_in.get(reverse("cases:work")))
    onwards = re.search(r'name="next" value="([^"]+)"', page[page.index("Ways out") :]).group(1)
    response = signed_in.post(url("case_resolve", case, "mended"), {"next": onwards})
    assert signed_in.get(response.url).context["item"].subject_id == 2
    signed_in.post(url("case_resolve", Case.objects.get(subject_id=2), "noted"))
    assert "All done." in text(signed_in.get(reverse("cases:work")))


def test_forms_open_as_pages_from_the_work_screen_and_lead_back(signed_in, case):
    page = text(signed_in.get(reverse("cases:work")))
    assert 'hx-target="#dialog-body"' not in page, "there is no dialog on this layout"
    address = re.search(r'href="([^"]*/wait/[^"]*)"', page).group(1)
    form = text(signed_in.get(address))
    onwards = re.search(r'name="next" value="([^"]+)"', form[form.index("data-draft") :]).group(1)
    assert onwards.startswith(reverse("cases:work"))


def test_other_teams_cases_are_not_in_one_s_queue(client, case):
    client.force_login(make_user(Role.BUYER))
    assert "All done." in text(client.get(reverse("cases:work")))
    client.force_login(make_superuser())
    assert "P-1" in text(client.get(reverse("cases:work")))


def test_the_subject_s_page_shows_its_cases(rf, case, worker):
    class Pipe:
        pk = 1

    request = rf.get("/")
    request.user = worker
    content = cases_panel("test.pipe")(request, Pipe())
    assert content is not None
    assert content.count == 1
    assert content.context["lines"][0]["summary"].startswith("3 drips")
    Pipe.pk = 99
    assert cases_panel("test.pipe")(request, Pipe()) is None
    (banner,) = case_banners(request, "test.pipe", 1)
    assert banner.level == "warning"
    assert [str(action.label) for action in banner.actions] == ["Mended", "Noted", "Try the spanner", "Open exception"]
    assert case_banners(request, "test.pipe", 1, leave_out={case.type}) == []
    request.user = make_user()
    assert case_banners(request, "test.pipe", 1) == []


def test_who_cannot_resolve_a_case_passes_it_on_to_somebody_who_can(client, case):
    Case.objects.update(type=CHANNEL_CHANGE, role=Role.BUYER)
    clerk, buyer, other = make_user(Role.ORDER_CLERK), make_user(Role.BUYER), make_user(Role.ANALYST)
    client.force_login(buyer)
    page = client.get(url("case_detail", case))
    assert "Who can: Order clerk, " in text(page)
    assert page.context["primary"].url == url("case_pass_on", case)
    assert client.post(url("case_pass_on", case), {"person": other.pk}).status_code == 422
    client.post(url("case_pass_on", case), {"person": clerk.pk})
    case.refresh_from_db()
    assert case.assigned_to == clerk
    client.force_login(clerk)
    assert url("case_pass_on", case) not in text(client.get(url("case_detail", case)))


def test_what_is_passed_on_is_nobodys_or_ones_own_and_beyond_oneself(client, case):
    Case.objects.update(type=CHANNEL_CHANGE, role=Role.BUYER)
    clerk, buyer, colleague = make_user(Role.ORDER_CLERK), make_user(Role.BUYER), make_user(Role.BUYER)
    other = make_user(Role.ORDER_CLERK)
    for person, owner in ((clerk, None), (clerk, clerk), (buyer, colleague), (make_superuser(), None)):
        Case.objects.update(assigned_to=owner)
        client.force_login(person)
        assert url("case_pass_on", case) not in text(client.get(url("case_detail", case)))
        answer = client.post(url("case_pass_on", case), {"person": other.pk})
        assert "an exception that is yours or nobody" in answer.content.decode()
        case.refresh_from_db()
        assert case.assigned_to == owner
    Case.objects.update(assigned_to=buyer)
    client.force_login(buyer)
    client.post(url("case_pass_on", case), {"person": other.pk})
    case.refresh_from_db()
    assert case.assigned_to == other
    with pytest.raises(NotToPassOn):
        pass_on(case_id=case.pk, user_id=clerk.pk, actor=Actor.for_user(buyer))


def test_a_form_as_a_page_names_its_case(signed_in, case):
    for address in (url("case_resolve", case, "replace"), url("case_wait", case)):
        page = text(signed_in.get(address))
        assert "Leaking pipe: P-1 · 3 drips a minute" in page[page.index("<h1") :]


def test_the_inbox_tells_what_waits_for_whom_and_how_it_is_sorted(client, signed_in, case, leaks):
    open_cases([seed(2)])
    Case.objects.filter(subject_id=2).update(role=Role.BUYER)
    page = text(signed_in.get(reverse("cases:case_list"), {"state": "open"}))
    assert "Due first on top." in page
    assert "Due first on top. 1 waits for you" in page
    assert "Due first on top." not in text(signed_in.get(reverse("cases:case_list"), {"sort": "-resolve_by"}))
    client.force_login(make_user(Role.MARKETER))
    assert client.get(reverse("ui:counts")).json().get("cases:case_list", "0") in {"", "0"}
    assert "for you" not in text(client.get(reverse("cases:case_list"), {"state": "open"}))


def test_a_case_that_is_over_is_not_counted_and_tells_its_end_beside_its_status(rf, case, worker, leaks):
    class Pipe:
        pk = 1

    leaks.leaking.clear()
    resolve(case_id=case.pk, resolution="mended", actor=SYSTEM)
    request = rf.get("/")
    request.user = worker
    content = cases_panel("test.pipe")(request, Pipe())
    assert content.count is None
    cells = render_to_string(content.template, content.context).split("<td")
    assert "Mended" in cells[2]
    assert "Mended" not in cells[4]


def test_counts_in_the_navigation(signed_in, case):
    counts = signed_in.get(reverse("ui:counts")).json()
    assert counts["cases:case_list"] == "1"
    assert counts["cases:work"] == "1"
