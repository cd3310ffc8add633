"""A Chromium to test with: from npm (@sparticuz/chromium), or the system's.

CHROMIUM names another executable. What is unpacked is kept in the data directory.
"""

import ctypes.util
import fcntl
import json
import os
import platform
import shutil
import tarfile
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import brotli
from playwright.sync_api import Browser, Playwright

SYSTEM_EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=shell",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
    "--hide-scrollbars",
)
FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{latin}</dir>
  <dir>{chinese}/400Regular</dir>
  <dir>{chinese}/500Medium</dir>
  <dir>{chinese}/700Bold</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias>
    <family>sans-serif</family>
    <prefer><family>Open Sans</family><family>Noto Sans SC</family></prefer>
  </alias>
  <alias>
    <family>monospace</family>
    <prefer><family>DejaVu Sans Mono</family><family>Noto Sans SC</family></prefer>
  </alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """Where Chromium is, and the environment that it needs."""

    node_modules: Path
    data_dir: Path

    def launch(self, playwright: Playwright) -> Browser:
        return playwright.chromium.launch(executable_path=self.executable, args=list(FLAGS), env={**self.environment})

    @cached_property
    def executable(self) -> Path:
        if named := os.environ.get("CHROMIUM"):
            return Path(named)
        if platform.system() == "Linux" and platform.machine() == "x86_64":
            return self._unpacked / "chromium"
        for name in SYSTEM_EXECUTABLES:
            if found := shutil.which(name):
                return Path(found)
        raise FileNotFoundError("Browser tests need Chromium: install it, or name it in CHROMIUM.")

    @cached_property
    def environment(self) -> dict[str, str]:
        libraries = {} if ctypes.util.find_library("nss3") else {"LD_LIBRARY_PATH": str(self._unpacked / "lib")}
        return os.environ | libraries | {"FONTCONFIG_FILE": str(self._fontconfig), "HOME": str(self._unpacked)}

    @cached_property
    def _unpacked(self) -> Path:
        package = self.node_modules / "@sparticuz" / "chromium"
        version = json.loads((package / "package.json").read_text())["version"]
        folder = self.data_dir / f"chromium-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "chromium").exists():
                _unpack(package / "bin", folder)
        return folder

    @cached_property
    def _fontconfig(self) -> Path:
        """Fonts with Latin and Chinese characters, so that pictures look the same on every machine."""
        path = self._unpacked / "fonts.conf"
        path.write_text(
            FONTCONFIG.format(
                latin=self._unpacked / "fonts",
                chinese=self.node_modules / "@expo-google-fonts" / "noto-sans-sc",
                cache=self._unpacked / "font-cache",
            )
        )
        return path


def _unpack(packed: Path, folder: Path) -> None:
    for name in ("al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"):
        with tarfile.open(fileobj=BytesIO(brotli.decompress((packed / name).read_bytes()))) as archive:
            archive.extractall(folder, filter="data")
    partial = folder / "chromium.new"
    partial.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    partial.chmod(0o755)
    partial.rename(folder / "chromium")
