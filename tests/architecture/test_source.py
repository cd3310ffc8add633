"""Sizes, names and content of the source files."""

import re

import pytest

from tests.architecture.source import ROOT, functions, name, python_files, templates

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 500
JUNK_DRAWERS = {"utils.py", "util.py", "helpers.py", "misc.py", "common_utils.py"}
UNFINISHED = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")


def own_assets() -> list:
    return sorted([*(ROOT / "static" / "js").rglob("*.js"), *(ROOT / "static" / "css").rglob("*.css")])


@pytest.mark.parametrize("path", python_files() + python_files("tests"), ids=name)
def test_functions_are_short(path):
    long = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", python_files() + python_files("tests") + templates() + own_assets(), ids=name)
def test_files_are_of_readable_size(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def test_no_junk_drawers():
    assert not [name(path) for path in python_files() if path.name in JUNK_DRAWERS]


def test_nothing_is_left_unfinished():
    marked = [name(path) for path in python_files() if UNFINISHED.search(path.read_text(encoding="utf-8"))]
    assert not marked
