"""Which version of the product runs."""

import os
import shutil
import subprocess
import tomllib
from functools import lru_cache

from django.conf import settings


@lru_cache(maxsize=1)
def version() -> str:
    """What the image was built as (APP_VERSION); otherwise what git says of the checkout; otherwise the package's."""
    return os.environ.get("APP_VERSION", "").strip() or _from_git() or _from_package()


def _from_git() -> str:
    git = shutil.which("git")
    if git is None or not (settings.BASE_DIR / ".git").exists():
        return ""
    answer = subprocess.run(  # noqa: S603
        [git, "-C", str(settings.BASE_DIR), "describe", "--tags", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return answer.stdout.strip()


def _from_package() -> str:
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
