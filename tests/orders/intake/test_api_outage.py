"""The database goes away in the middle of a request: try again, and nothing was taken."""

import socket
from typing import Any

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test import Client

from core.accounts.services import create_api_key
from core.actor import SYSTEM
from core.connections import IDLE, warm_connection
from core.db import is_outage
from orders.models import IntakeMessage, Order
from tests.factories.orders import make_channel, payload


def lose_connection() -> None:
    """End the connection as the death of the server does: without a word."""
    handle = socket.socket(fileno=socket.dup(connection.connection.fileno()))
    handle.shutdown(socket.SHUT_RDWR)
    handle.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["EXECUTE select_", "EXECUTE insert_"])
@pytest.mark.parametrize("nameless", [False, True])
def test_a_lost_connection_is_answered_with_try_again(statement: str, nameless: bool) -> None:
    """`nameless`: psycopg2 raises DatabaseError itself where the server died while it read the result."""
    make_channel("shop")
    _key, token = create_api_key(name="test", actor=SYSTEM)
    lost: list[str] = []

    def lose_once(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not lost and sql.lstrip().startswith(statement):
            lost.append(sql)
            lose_connection()
            if nameless:
                raise DatabaseError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    body = payload(("MUG", 1))
    headers = {"Authorization": f"Bearer {token}"}
    with warm_connection():
        pass
    with IDLE[-1].execute_wrapper(lose_once):
        answer = Client().post("/api/v1/orders?channel=shop", body, content_type="application/json", headers=headers)
    assert lost
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["code"] == "unavailable"
    assert not Order.objects.exists()
    assert not IntakeMessage.objects.exists()
    again = Client().post("/api/v1/orders?channel=shop", body, content_type="application/json", headers=headers)
    assert again.json()["results"][0]["outcome"] == "accepted"


@pytest.mark.django_db
def test_a_wrong_statement_is_no_outage() -> None:
    with pytest.raises(ProgrammingError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    assert not is_outage(caught.value)
