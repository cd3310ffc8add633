"""`python -m ecom_admin.healthcheck`: ask this container's web server for /healthz; exit 1 if it isn't well."""

import http.client
import os
import sys


def main() -> int:
    _, _, port = os.environ.get("BIND", "0.0.0.0:8000").rpartition(":")
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
