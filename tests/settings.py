"""Settings of the tests: the product's own, with services of their own and without slow password hashing."""

import os
from itertools import chain
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
data_dir = Path(os.environ.get("ECOM_DATA_DIR") or BASE_DIR / "var")
if data_dir.name != "test":  # workers of pytest-xdist inherit the changed variable
    os.environ["ECOM_DATA_DIR"] = str(data_dir / "test")
# What a developer has set for other runs must not change what the tests see.
OWN = (
    ("ALLOWED_HOSTS", "CARRIER_SANDBOX_PORT", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG", "DEFAULT_FROM_EMAIL"),
    ("DISPLAY_TIME_ZONE", "EMAIL_URL", "ENVIRONMENT", "FIELD_ENCRYPTION_KEYS", "LANGUAGE_CODE", "LOG_LEVEL"),
    ("MEDIA_ROOT", "OUTGOING_ALLOWED_HOSTS", "PORT", "PUBLIC_BASE_URL", "REDIS_URL", "SECRET_KEY", "STATIC_ROOT"),
    ("CUSTOMER_CONTACT", "METRICS_TOKEN", "STALE_WORK_SECONDS", "TRUSTED_PROXIES"),
)
for name in chain(*OWN):
    os.environ.pop(name, None)

from ecom_admin import embedded  # noqa: E402
from ecom_admin.settings import *  # noqa: E402, F403
from ecom_admin.settings import CACHES, DATABASES, REDIS_URL, STATIC_ROOT, STORAGES  # noqa: E402

# Every worker of pytest-xdist has a Redis database of its own; pytest-django gives it a PostgreSQL database.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = REDIS_URL.replace("db=0", f"db={WORKER % 15 + 1}")
CACHES["default"]["LOCATION"] = REDIS_URL
CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
# Processes that a test starts (a worker, the carrier sandbox) use the database of that test.
DATABASES["default"]["NAME"] = os.environ.get("ECOM_TEST_DATABASE", DATABASES["default"]["NAME"])
# … and meet the servers of that test.
OUTGOING_ALLOWED_HOSTS += os.environ.get("ECOM_TEST_OUTGOING_HOSTS", "").split()  # noqa: F405
PUBLIC_BASE_URL = os.environ.get("ECOM_TEST_PUBLIC_BASE_URL", PUBLIC_BASE_URL)  # noqa: F405
# Nobody needs what a test committed after a power cut.
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a missing folder
