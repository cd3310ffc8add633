"""Settings of the tests: the product's own, with services of their own and without network or slow hashing."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
data_dir = Path(os.environ.get("ECOM_DATA_DIR") or BASE_DIR / "var")
if data_dir.name != "test":  # workers of pytest-xdist inherit the changed variable
    os.environ["ECOM_DATA_DIR"] = str(data_dir / "test")
for name in (
    "ENVIRONMENT",
    "DEBUG",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "LANGUAGE_CODE",
    "EMAIL_URL",
    "PUBLIC_BASE_URL",
):
    os.environ.pop(name, None)

from ecom_admin.settings import *  # noqa: E402, F403
from ecom_admin.settings import STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
