"""The detail page: rights by row, panels of other apps, timeline, notes, the way through a list."""

import pytest

from core.audit import words
from core.audit.models import AuditEntry
from core.audit.words import register_action_labels
from core.ui import panels, timeline
from core.ui.content import PanelContent
from core.ui.panels import register_panel
from core.ui.timeline import TimelineEntry, register_timeline
from tests.core.ui.pages import KEY


@pytest.fixture
def registries(monkeypatch):
    """What the test registers is gone afterwards."""
    monkeypatch.setattr(panels, "_panels", {})
    monkeypatch.setattr(timeline, "_sources", {})
    monkeypatch.setattr(words, "_action_labels", {})


def show(template="components/empty.html", **context):
    return lambda request, obj: PanelContent(template, {"icon": "inbox", **context})


def test_header_and_banners_show_and_are_escaped(pages, make_entries, sign, boss):
    (entry,) = make_entries(1)

    html = sign(boss).get(f"/entries/{entry.pk}/").content.decode()

    assert "<title>Entry 0 · ecom-admin</title>" in html
    assert "One line of state" in html
    assert "pill-warning" in html
    assert "Something is &lt;wrong&gt;" in html
    assert ">Release</button>" in html


def test_an_action_without_the_right_is_left_out(pages, make_entries, sign, clerk_who_sees):
    (entry,) = make_entries(1, subject_id=clerk_who_sees.pk)

    assert ">Release</button>" not in sign(clerk_who_sees).get(f"/entries/{entry.pk}/").content.decode()


def test_an_object_outside_ones_scope_is_404_to_see_and_to_act_on(pages, make_entries, sign, manager):
    (entry,) = make_entries(1)
    browser = sign(manager)

    assert browser.get(f"/entries/{entry.pk}/").status_code == 404
    assert browser.post(f"/entries/{entry.pk}/", {"note": "Hello"}).status_code == 404
    assert browser.post(f"/entries/{entry.pk}/act/").status_code == 404
    assert browser.get(f"/entries/{entry.pk}/rename/").status_code == 404
    assert not AuditEntry.objects.filter(subject_type__in=["test.note", "test.act"]).exists()


def test_panels_come_in_order_and_only_with_the_right(pages, registries, make_entries, sign, clerk_who_sees):
    (entry,) = make_entries(1, subject_id=clerk_who_sees.pk)
    register_panel(KEY, code="b", title="Second", render=show(title="B"), order=20)
    register_panel(KEY, code="a", title="First", render=show(title="A"), order=10)
    register_panel(KEY, code="c", title="Secret", render=show(title="C"), permission="accounts.manage_api_keys")
    register_panel(KEY, code="d", title="None", render=lambda request, obj: None)
    register_panel(KEY, code="e", title="Beside", render=show(title="E"), column="side")

    response = sign(clerk_who_sees).get(f"/entries/{entry.pk}/")

    assert [item.panel.title for item in response.context["main_panels"]] == ["First", "Second"]
    assert [item.panel.title for item in response.context["side_panels"]] == ["Beside"]


def test_a_lazy_panel_is_rendered_by_its_own_request(pages, registries, make_entries, sign, boss):
    (entry,) = make_entries(1)
    seen = []

    def render(request, obj):
        seen.append(obj)
        return PanelContent("components/empty.html", {"icon": "inbox"})

    register_panel(KEY, code="slow", title="Slow", lazy=True, render=render)
    browser = sign(boss)

    assert "panel=slow" in browser.get(f"/entries/{entry.pk}/").content.decode()
    assert seen == []
    assert browser.get(f"/entries/{entry.pk}/?panel=slow").status_code == 200
    assert seen == [entry]
    assert browser.get(f"/entries/{entry.pk}/?panel=none").status_code == 404


def test_the_timeline_merges_sources_and_audit_newest_first(pages, registries, make_entries, sign, boss):
    (entry,) = make_entries(1)
    register_action_labels({"test.noted": ("Note written", "note", "info")})
    register_timeline(KEY, lambda obj, user: [TimelineEntry(at=obj.at, title="Received", kind="message")])
    browser = sign(boss)
    browser.post(f"/entries/{entry.pk}/", {"note": "Ring twice"})

    response = browser.get(f"/entries/{entry.pk}/")
    assert [str(item.title) for item in response.context["timeline"]] == ["Note written", "Received"]
    assert response.context["timeline"][0].body == "Ring twice"

    filtered = browser.get(f"/entries/{entry.pk}/?timeline=message", headers={"HX-Request": "true"})
    assert [item.title for item in filtered.context["timeline"]] == ["Received"]


def test_an_empty_note_writes_nothing(pages, make_entries, sign, boss):
    (entry,) = make_entries(1)

    sign(boss).post(f"/entries/{entry.pk}/", {"note": "   "})

    assert not AuditEntry.objects.filter(subject_type="test.note").exists()


def test_previous_and_next_follow_the_list_that_one_came_from(pages, make_entries, sign, boss):
    old, middle, new = make_entries(3)
    browser = sign(boss)
    assert browser.get(f"/entries/{middle.pk}/").context["neighbours"] is None

    browser.get("/entries/?view=all&sort=-action")
    order = [row["id"] for row in browser.get("/entries/?view=all").context["rows"]]
    assert order == [new.pk, middle.pk, old.pk]
    response = browser.get(f"/entries/{middle.pk}/")

    assert response.context["previous_url"] == f"/entries/{new.pk}/"
    assert response.context["next_url"] == f"/entries/{old.pk}/"
    assert response.context["list_url"] == "/entries/?view=all"


def test_a_refusal_of_the_service_is_said(pages, make_entries, sign, boss):
    (entry,) = make_entries(1, reason="locked")

    response = sign(boss).post(f"/entries/{entry.pk}/act/", {"next": "/entries/?view=all"}, follow=True)

    assert "This entry is locked." in response.content.decode()
    assert not AuditEntry.objects.filter(subject_type="test.act").exists()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away_from_the_console(pages, make_entries, sign, boss, target):
    (entry,) = make_entries(1)

    response = sign(boss).post(f"/entries/{entry.pk}/act/", {"next": target})

    assert response.headers["Location"] == "/"
