"""The README's table and the compose file name what the settings read."""

import re
from pathlib import Path

import yaml
from django.conf import settings

BASE = Path(settings.BASE_DIR)


def documented() -> set[str]:
    table = re.findall(r"^\| (`[A-Z].*?) \|", (BASE / "README.md").read_text(), re.MULTILINE)
    return {name for cell in table for name in re.findall(r"`([A-Z_]+)`", cell)}


def read_by_code() -> set[str]:
    code = "".join((BASE / "ecom_admin" / name).read_text() for name in ("settings.py", "gunicorn.py"))
    return set(re.findall(r'(?:env\.\w+|environ\.get|secret)\(\s*"([A-Z_]+)"', code))


def test_every_variable_is_documented_and_every_documented_one_is_read():
    assert read_by_code() == documented()


def test_compose_sets_only_known_variables_and_all_services_have_what_they_need():
    compose = yaml.safe_load((BASE / "docker-compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"migrate", "web", "worker", "beat", "postgres", "redis"}
    for name in ("migrate", "web", "worker", "beat"):
        assert set(services[name]["environment"]) <= documented()
        assert services[name]["environment"]["ENVIRONMENT"] == "production"
