"""How values read in both languages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from core.states import StatusEnum
from core.ui import cells, formats
from core.ui.columns import Column
from core.ui.icons import icon_svg
from core.ui.templatetags import console

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class Light(StatusEnum):
    RED = "red", "Stop <now>", "danger", "hand-stop"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (20, "just now"),
        (-20, "in a moment"),
        (60 * 5, "5 min ago"),
        (3600 * 3 + 5, "3 h ago"),
        (86400, "1 day ago"),
        (86400 * 3, "3 days ago"),
        (-3600 * 2, "in 2 h"),
        (86400 * 40, "29 Jan"),
        (86400 * 400, "3 Feb 2025"),
    ],
)
def test_relative_time(seconds, text):
    assert formats.relative_text(NOW - timedelta(seconds=seconds), NOW) == text


def test_equal_keys_read_the_same():
    sizes = [s + d for s in (0, 60, 120, 3600, 7200, 86400, 172800, 604800, 86400 * 400) for d in (-1, 0, 1, 59)]
    instants = [NOW - timedelta(seconds=sign * size) for size in sizes for sign in (1, -1)]
    at = instants[0]
    texts: dict[object, str] = {}
    for now in instants:
        text = formats.relative_text(at, now)
        assert texts.setdefault(formats.relative_key(at, now), text) == text
    assert len(texts) > 15


def test_the_absolute_time_is_in_the_persons_zone():
    with timezone.override("Asia/Shanghai"):
        assert "20:00 CST" in cells.draw_when(NOW)


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", Decimal("1204.5"), "GBP", "£1,204.50"),
        ("en", Decimal(1204), "JPY", "JP¥1,204"),
        ("zh-hans", Decimal(88), "CNY", "¥88.00"),
        ("en", None, "GBP", ""),
    ],
)
def test_money(language, amount, currency, text):
    with translation.override(language):
        assert formats.money_text(amount, currency) == text


def test_percent_duration_and_numbers():
    assert formats.percent_text(0.1234) == "12.3%"
    assert formats.number_text(1234567) == "1,234,567"
    assert [formats.duration_text(s) for s in (59, 3700, 90061)] == ["59 s", "1 h 1 min", "1 d 1 h"]
    assert [formats.duration_text(s) for s in (3600, 172800)] == ["1 h", "2 d"]


def test_a_status_is_word_icon_and_colour_and_escaped():
    for html in (cells.draw_status(Light.RED), cells.draw_status("red", Light)):
        assert "Stop &lt;now&gt;" in html
        assert "pill-danger" in html
        assert "<svg" in html


def test_missing_values_and_missing_steps_read_as_nothing():
    column = Column("owner", "Owner", accessor="owner.name")

    assert column.value(type("Row", (), {"owner": None})()) is None
    assert cells.render_cell(column, type("Row", (), {"owner": None})(), lambda row: None) == cells.NOTHING


def test_a_row_is_drawn_with_its_columns_names_and_marks_what_is_empty():
    columns = [Column("name", "Na<me", link=True), Column("note", "Note", width="m"), Column("units", "Units", "units")]
    columns.append(Column("left", "Left", cell="number"))
    draw = cells.row_drawer(columns)

    row = type("Row", (), {"name": "<b>Ann", "note": "", "units": "a & b", "left": 1200})()

    assert draw(row, lambda _row: "/x/1/") == (
        '<td class="cell-first" data-label="Na&lt;me"><a href="/x/1/">&lt;b&gt;Ann</a></td>'
        f'<td class="cell-m is-empty" data-label="Note">{cells.NOTHING}</td>'
        '<td class="" data-label="Units">a &amp; b</td>'
        '<td class="num" data-label="Left">1,200</td>'
    )


def test_a_code_is_escaped_where_it_is_shown_and_where_it_is_copied():
    html = cells.draw_code('A"><b>')

    assert "<b>" not in html
    assert 'data-copy="A&quot;&gt;&lt;b&gt;"' in html


def test_an_unknown_icon_fails_loudly():
    with pytest.raises(LookupError):
        icon_svg("no-such-icon")
    with pytest.raises(LookupError):
        icon_svg("../../package")


def test_a_named_icon_is_read_out():
    assert 'aria-label="On its way"' in icon_svg("truck", "On its way")
    assert 'aria-hidden="true"' in icon_svg("truck")


def test_a_chart_has_its_table_and_data_but_no_script_of_its_own():
    spec = {"kind": "bar", "categories": ["a", "</script>"], "series": [{"name": "n", "values": [1, None]}]}

    context = console.chart("x", spec, title="Title", unit="orders")

    assert context["rows"] == [("a", [1]), ("</script>", [None])]


def test_initials():
    assert [console.initials(name) for name in ("Ann Lee", "admin", "李伟", "")] == ["AL", "A", "李", "?"]
