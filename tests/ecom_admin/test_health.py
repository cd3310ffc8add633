"""`/healthz`: well with a database, even without Redis."""

import pytest
from django.db import connection
from django.test import Client


@pytest.mark.django_db
def test_it_is_well_and_tells_nothing_else(client: Client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "redis": True}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_without_redis_it_is_still_well(client: Client, settings, tmp_path):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": f"unix://{tmp_path}/none.sock"}}
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "redis": False}


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_is_ill(client: Client, tmp_path):
    place = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = str(tmp_path)
    try:
        answer = client.get("/healthz")
    finally:
        connection.close()
        connection.settings_dict["HOST"] = place
    assert answer.status_code == 503
    assert answer.json() == {"database": False, "redis": True}
