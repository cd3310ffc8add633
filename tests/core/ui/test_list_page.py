"""The list page: rights by row, filters, columns, tabs, bulk actions, and what jobs read."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from core.ui import lists
from core.ui.counting import capped_count, count_label
from core.ui.models import ListPreference
from tests.core.ui.pages import KEY


def labels(response) -> list[str]:
    return [row["label"].split()[-1] for row in response.context["rows"]]


def test_one_and_three_rows_cost_the_same_number_of_queries(pages, make_entries, sign, boss):
    browser = sign(boss)
    counts = []
    for more in (1, 2):
        make_entries(more)
        browser.get("/entries/?view=all")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get("/entries/?view=all")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_who_may_not_see_the_list_gets_403_and_visitors_the_sign_in_page(pages, make_entries, client, sign, clerk):
    make_entries(1)

    assert client.get("/entries/").headers["Location"].startswith("/login/")
    assert sign(clerk).get("/entries/").status_code == 403


def test_rows_outside_ones_scope_are_in_no_list_page_job_or_export(pages, make_entries, sign, manager):
    make_entries(2)
    (own,) = make_entries(1, subject_id=manager.pk)
    query = QueryDict("")

    response = sign(manager).get("/entries/?view=all")
    assert [row["id"] for row in response.context["rows"]] == [own.pk]
    assert list(lists.get(KEY).queryset_for(manager, query)) == [own]
    others = lists.get(KEY).queryset_for(manager, query, ids=[own.pk - 1, own.pk])
    assert list(others) == [own]


def test_a_job_for_somebody_without_the_right_gets_nothing(pages, make_entries, clerk):
    make_entries(1)

    with pytest.raises(PermissionDenied):
        lists.get(KEY).queryset_for(clerk, QueryDict(""))


@pytest.mark.parametrize("query", ["", "sort=-action", "actor_kind=system&sort=actor_id", "q=entry 1"])
def test_an_export_has_the_rows_of_all_pages_in_their_order(pages, make_entries, sign, boss, query):
    make_entries(4)
    make_entries(3, actor_kind="user", actor_id=boss.pk)
    browser, seen, after = sign(boss), [], ""

    while True:
        response = browser.get(f"/entries/?view=all&{query}&after={after}")
        seen += [row["id"] for row in response.context["rows"]]
        after = response.context["pagination"].next
        if not after:
            break

    assert seen == [row.pk for row in lists.get(KEY).queryset_for(boss, QueryDict(query))]
    assert seen


def test_filters_read_as_chips_and_each_can_be_taken_away(pages, make_entries, sign, boss):
    make_entries(2)

    response = sign(boss).get("/entries/?actor_kind=system&actor_kind=user&at_after=2020-01-02&sort=action")

    chips = {chip.name: chip for chip in response.context["chips"]}
    assert chips["actor_kind"].value == "Person or System" or chips["actor_kind"].value == "System or Person"
    assert "from" in chips["at"].value
    assert "actor_kind" not in chips["actor_kind"].query
    assert "sort=action" in chips["actor_kind"].query
    assert len(response.context["rows"]) == 2


def test_a_filter_that_makes_no_sense_shows_nothing_and_says_so(pages, make_entries, sign, boss):
    make_entries(2)

    response = sign(boss).get("/entries/?actor_kind=nonsense")

    assert response.context["rows"] == []
    assert "chip-error" in response.content.decode()


def test_a_search_that_finds_nothing_names_its_term_and_can_be_widened(pages, make_entries, sign, boss):
    make_entries(2)
    page = sign(boss).get("/entries/", {"actor_kind": "system", "q": "a&b"}).content.decode()
    assert "Nothing here matches “a&amp;b” with these filters." in page
    assert 'href="?view=all&amp;q=a%26b"' in page
    page = sign(boss).get("/entries/", {"view": "all", "q": "a&b"}).content.decode()
    assert "Nothing matches “a&amp;b”." in page
    assert "Search in all" not in page


def test_only_declared_columns_sort(pages, make_entries, sign, boss):
    make_entries(2)

    response = sign(boss).get("/entries/?sort=reason")

    assert response.context["sort"] == "-id"


def test_a_mangled_cursor_is_404(pages, make_entries, sign, boss):
    assert sign(boss).get("/entries/?after=nonsense").status_code == 404


def test_picked_columns_are_kept_until_they_are_reset(pages, make_entries, sign, boss):
    make_entries(1)
    browser = sign(boss)

    browser.post(f"/ui/lists/{KEY}/columns/", {"columns": ["action", "reason", "nonsense"]})
    response = browser.get("/entries/?view=all")
    assert [column.key for column in response.context["columns"]] == ["action", "reason"]

    browser.post(f"/ui/lists/{KEY}/columns/", {"reset": "1"})
    assert not ListPreference.objects.exists()


def test_a_column_without_the_right_is_nowhere(pages, make_entries, sign, boss, clerk_who_sees):
    make_entries(1, subject_id=clerk_who_sees.pk)
    page = lists.get(KEY)

    response = sign(clerk_who_sees).get("/entries/?columns=action,request_id")

    assert [column.key for column in response.context["columns"]] == ["action"]
    assert "request_id" not in [column.key for column in page.columns_for(clerk_who_sees)]
    assert "request_id" in [column.key for column in page.columns_for(boss)]


def test_columns_in_the_address_come_before_the_kept_ones(pages, make_entries, sign, boss):
    make_entries(1)

    response = sign(boss).get("/entries/?columns=reason,action")

    assert [column.key for column in response.context["columns"]] == ["reason", "action"]


def test_a_fragment_holds_the_list_alone(pages, make_entries, sign, boss):
    make_entries(1)

    html = sign(boss).get("/entries/?view=all", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()

    assert html.lstrip().startswith("<section")
    assert "<html" not in html


def test_counts_come_on_a_request_of_their_own_and_are_capped(pages, make_entries, sign, boss):
    make_entries(4)
    make_entries(1, actor_kind="user")

    html = sign(boss).get("/entries/?counts=1").content.decode()

    assert '<span class="count" id="tab-count-all" hx-swap-oob="true">5</span>' in html
    assert '<span class="count" id="tab-count-system" hx-swap-oob="true">4</span>' in html
    rows = lists.get(KEY).queryset_for(boss, QueryDict(""), ordered=False)
    assert capped_count(rows, cap=3) == 4
    assert count_label(4, cap=3) == "3+"


def test_a_bulk_action_says_what_it_will_do_with_the_exact_number(pages, make_entries, sign, boss):
    make_entries(5)
    browser = sign(boss)

    some = browser.post(f"/ui/lists/{KEY}/bulk/", {"action": "touch", "ids": [1, 2, 99999]})
    everything = browser.post(f"/ui/lists/{KEY}/bulk/", {"action": "touch", "all": "1", "query": "actor_kind=system"})

    assert "5 entries are touched." in everything.content.decode()
    assert 'name="param-why"' in everything.content.decode()
    assert some.context["count"] <= 2


def test_a_bulk_action_without_the_right_is_neither_shown_nor_started(pages, make_entries, sign, clerk_who_sees):
    make_entries(1, subject_id=clerk_who_sees.pk)
    browser = sign(clerk_who_sees)

    response = browser.get("/entries/?view=all")

    assert response.context["bulk_actions"] == []
    assert browser.post(f"/ui/lists/{KEY}/bulk/", {"action": "touch", "ids": [1]}).status_code == 403


def test_values_are_escaped(pages, make_entries, sign, boss):
    make_entries(1, reason="<script>alert(1)</script>")

    html = sign(boss).get("/entries/?columns=reason").content.decode()

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
