"""What web, worker and beat keep in memory, in processes of their own."""

import os
import subprocess
import sys

from django.conf import settings

# Large, and each needed in few places: imported there.
HEAVY = ("PIL", "holidays", "karrio", "openpyxl", "reportlab", "xlsxwriter")
LOADED = f"print([name for name in {HEAVY!r} if name in sys.modules], 'ecom_admin.urls' in sys.modules)"
WEB = "import ecom_admin.wsgi"
# As Celery's worker and beat import what they need.
CELERY = "from ecom_admin.celery import app; app.loader.init_worker()"
FROZEN = "import gc; print(gc.get_freeze_count() > 100_000, gc.get_threshold()[0] > 10_000)"


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "ecom_admin.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_web_imports_large_packages_only_where_they_are_needed():
    assert run(f"{WEB}; {LOADED}") == "[] True"


def test_beat_imports_neither_large_packages_nor_pages():
    assert run(f"{CELERY}; {LOADED}") == "[] False"


def test_a_worker_shares_the_pages_with_its_children_and_no_collection_writes_into_them():
    send = "from celery.signals import worker_init; worker_init.send(sender=app.WorkController(app=app))"
    assert run(f"{CELERY}; {send}; {LOADED}; {FROZEN}") == "[] True\nTrue True"


def test_web_keeps_what_its_workers_share_out_of_collections():
    ready = "from ecom_admin import gunicorn; gunicorn.when_ready(None)"
    assert run(f"{WEB}; {ready}; {FROZEN}") == "True True"
