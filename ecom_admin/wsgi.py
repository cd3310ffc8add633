import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecom_admin.settings")

application = get_wsgi_application()
# Django would import the pages with the first request: gunicorn's workers each for itself, while somebody waits.
import_module(settings.ROOT_URLCONF)
