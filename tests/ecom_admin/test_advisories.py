"""The dependency audit: fails on what is known, says when nothing can be known, never takes silence for safety."""

import json
import sys

import pytest

from ecom_admin import advisories
from ecom_admin.advisories import Finding, ask, lines_of, main, read_npm_audit, read_pip_audit

HOLE = {"id": "PYSEC-2025-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
PIP = {"dependencies": [{"name": "a", "version": "1.0", "vulns": [HOLE]}, {"name": "b", "version": "2", "vulns": []}]}
PIP_UNREAD = {"dependencies": [{"name": "a", "skip_reason": "not found"}]}
NPM = {
    "auditReportVersion": 2,
    "vulnerabilities": {"x": {"range": "<2", "via": [{"url": "https://example.com/1"}, "y"]}},
    "metadata": {"dependencies": {"total": 7}},
}


def answering(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({text!r})")


def test_what_is_known_is_read_with_its_fix():
    assert read_pip_audit(PIP) == Finding(2, 2, ["a 1.0: PYSEC-2025-1, fixed in 1.1"])
    assert read_npm_audit(NPM) == Finding(7, 7, ["x <2: https://example.com/1, y"])


@pytest.mark.parametrize("text", ["", "ERROR no connection", "[]", '{"message": "405", "error": {}}', "null"])
def test_no_answer_is_none(text):
    assert ask(answering(text), read_pip_audit) is None
    assert ask(answering(text), read_npm_audit) is None


def test_packages_that_could_not_be_looked_up_are_not_called_safe():
    assert "SKIPPED" in lines_of("Python", read_pip_audit(PIP_UNREAD))[0]
    assert "SKIPPED" in lines_of("npm", None)[0]
    assert "1 could not be looked up" in lines_of("Python", Finding(1, 2))[0]


@pytest.mark.parametrize(("report", "code"), [(PIP, 1), (PIP_UNREAD, 0), ({"dependencies": []}, 0)])
def test_the_check_fails_on_what_is_known_only(monkeypatch, capsys, report, code):
    monkeypatch.setattr(advisories, "_PIP_AUDIT", answering(json.dumps(report)))
    monkeypatch.setattr(advisories, "_NPM_AUDIT", answering(""))
    assert main() == code
    assert ("PYSEC-2025-1" in capsys.readouterr().out) == bool(code)
