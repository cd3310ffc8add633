#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL and Redis for the commands that need them."""

import os
import sys

from django.core.management import execute_from_command_line

from ecom_admin import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecom_admin.settings")
    with embedded.running_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
