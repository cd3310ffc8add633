"""Keyset pagination: every row once, in order, forwards and backwards, nulls and ties included."""

import pytest

from core.audit.models import AuditEntry
from core.ui.keyset import Cursor, InvalidCursor, encode_cursor, paginate

ACTORS = [3, None, 1, 3, None, 2, None, 1, 3, 5, None]


@pytest.fixture
def entries(make_entries):
    for actor in ACTORS:
        make_entries(1, actor_id=actor)
    return AuditEntry.objects.filter(subject_type="test")


def expected(entries, sort):
    tie = "-id" if sort.startswith("-") else "id"
    return list(entries.order_by(sort, tie).values_list("id", flat=True))


def walk_forwards(entries, sort, size):
    pages, after = [], ""
    while True:
        page = paginate(entries, sort=sort, size=size, after=after)
        pages.append(page)
        if not page.next:
            return pages
        after = page.next


@pytest.mark.parametrize("size", [1, 2, 3, 4, 11, 50])
@pytest.mark.parametrize("sort", ["id", "-id", "actor_id", "-actor_id", "action", "-action"])
def test_every_row_comes_once_and_in_the_databases_order(entries, sort, size):
    pages = walk_forwards(entries, sort, size)

    assert [row.pk for page in pages for row in page.rows] == expected(entries, sort)
    assert pages[0].previous == ""


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize("sort", ["id", "-id", "actor_id", "-actor_id", "-action"])
def test_previous_leads_back_over_the_same_pages(entries, sort, size):
    pages = walk_forwards(entries, sort, size)

    before = pages[-1].previous
    for page in reversed(pages[:-1]):
        back = paginate(entries, sort=sort, size=size, before=before)
        assert [row.pk for row in back.rows] == [row.pk for row in page.rows]
        assert back.next
        before = back.previous
    assert before == ""


def test_a_row_added_meanwhile_neither_repeats_nor_hides_rows(entries, make_entries):
    first = paginate(entries, sort="-id", size=4)
    make_entries(3)
    second = paginate(entries, sort="-id", size=4, after=first.next)

    ids = [row.pk for row in [*first.rows, *second.rows]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 8
    assert ids[4] == entries.filter(pk__lt=ids[3]).order_by("-id").values_list("id", flat=True).first()


def test_a_page_deep_inside_takes_no_offset(entries, django_assert_max_num_queries):
    pages = walk_forwards(entries, "actor_id", 3)

    with django_assert_max_num_queries(2) as queries:
        paginate(entries, sort="actor_id", size=3, after=pages[-2].next)
    assert all("OFFSET" not in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize("text", ["%%%", "bm9wZQ", encode_cursor(Cursor("x", 1)), "W10"])
def test_a_mangled_cursor_is_refused(entries, text):
    with pytest.raises(InvalidCursor):
        paginate(entries, sort="actor_id", size=3, after=text)
