"""The few files of npm packages that pages load, served below /static/lib/."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage

PREFIX = "lib"


class LibraryFinder(BaseFinder):
    """Finds the files named in settings.LIBRARY_FILES, and nothing else, in node_modules."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.NODE_MODULES)
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]  # collectstatic and WhiteNoise read it

    def check(self, **_kwargs: Any) -> list[CheckMessage]:
        missing = [name for name in settings.LIBRARY_FILES if not self.storage.exists(name)]
        return [Error(f"{name} is missing from {settings.NODE_MODULES}; run npm ci.") for name in missing]

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        """The place of `path` on disk, in a list if all places are asked for; empty where there is none."""
        name = path.replace("\\", "/").removeprefix(f"{PREFIX}/")
        if name == path or name not in settings.LIBRARY_FILES or not self.storage.exists(name):
            return []
        place = self.storage.path(name)
        return [place] if find_all else place

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        patterns = [*(ignore_patterns or [])]
        return ((name, self.storage) for name in settings.LIBRARY_FILES if not matches_patterns(name, patterns))
