"""The product's own settings, read by a clock that can be set (chaos.clock); the environment is chaos.environment's."""

import faulthandler
import os
from pathlib import Path

from chaos.clock import Clock, install
from chaos.environment import OFFSET_FILE, STACKS_SIGNAL

faulthandler.register(STACKS_SIGNAL)  # a process that hangs says where

CLOCK = Clock(Path(os.environ[OFFSET_FILE]))
install(CLOCK)

from ecom_admin.settings import *  # noqa: E402, F403
from ecom_admin.settings import STATIC_ROOT, STORAGES  # noqa: E402

# Static files play no part here; collecting them would take longer than a short run.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
