"""Sizes, names and content of the source files."""

import ast
import re
from pathlib import Path

from tests.architecture.source import ROOT, functions, name, python_files, templates

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 500
JUNK_DRAWERS = {"utils.py", "util.py", "helpers.py", "misc.py", "common_utils.py"}
UNFINISHED = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")


def own_assets() -> list[Path]:
    return sorted([*(ROOT / "static" / "js").rglob("*.js"), *(ROOT / "static" / "css").rglob("*.css")])


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_are_short():
    long = [
        f"{name(path)} {node.name}: {length(node)}"
        for path in python_files() + python_files("tests")
        for node in functions(path)
        if length(node) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_files_are_of_readable_size():
    files = python_files() + python_files("tests") + templates() + own_assets()
    sizes = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: size for path, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_no_junk_drawers():
    assert not [name(path) for path in python_files() if path.name in JUNK_DRAWERS]


def test_nothing_is_left_unfinished():
    marked = [name(path) for path in python_files() if UNFINISHED.search(path.read_text(encoding="utf-8"))]
    assert not marked
