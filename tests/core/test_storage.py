"""A disk that is full: the kernel itself refuses the write, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.storage import StorageFull, written_whole

UPLOAD = """
import json, resource, django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from core.exceptions import DomainError
from core.jobs.files import keep_input
from orders.services.import_uploads import keep_upload
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
said = []
for keep in (keep_upload, keep_input):
    try:
        keep(SimpleUploadedFile("orders.csv", b"x" * 10_000))
    except DomainError as error:
        said.append([error.code, error.field])
print(json.dumps(said))
"""


def test_an_upload_that_finds_no_room_is_refused_and_leaves_nothing(tmp_path):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "ecom_admin.settings", "MEDIA_ROOT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["storage_full", "file"], ["storage_full", "file"]]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_another_failure_stays_what_it_is_and_leaves_nothing(tmp_path):
    path = tmp_path / "part"

    def write_half() -> None:
        with written_whole(path):
            path.write_text("half")
            raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        write_half()
    assert not path.exists()


def test_no_room_is_said_with_the_field(tmp_path):
    with pytest.raises(StorageFull) as caught, written_whole(tmp_path / "x"), Path("/dev/full").open("wb") as full:
        full.write(b"x" * 100_000)
    assert (caught.value.code, caught.value.field) == ("storage_full", "file")
