"""POST /api/v1/orders, GET /api/v1/orders/NUMBER, and the description of both."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from core.db import is_outage
from core.exceptions import DomainError
from orders.api.auth import Caller
from orders.api.errors import ApiError
from orders.api.openapi import document, example_text
from orders.api.requests import parse_json, read_body
from orders.enums import IntakeSource
from orders.models import Order
from orders.parcels import parcels_of
from orders.selectors.intake import order_of_channel
from orders.services.intake import MAX_BATCH, IntakeResult
from orders.services.intake_together import receive_together

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


def api(*methods: str) -> Callable[[View], View]:
    """Make a view answer every error in the API's form, and refuse other methods."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def call(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                _check_method(request, methods)
                return view(request, *args, **kwargs)
            except ApiError as error:
                return error.response()
            except DomainError as error:
                return ApiError(422, error.code, str(error), error.field or "").response()
            except (DatabaseError, InterfaceError) as error:
                if not is_outage(error):
                    raise
                logger.exception("The database didn't answer an API request")
                return ApiError(
                    503, "unavailable", "Try again: nothing was taken.", headers={"Retry-After": "5"}
                ).response()

        return call

    return decorate


def _check_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        allowed = {"Allow": ", ".join(methods)}
        raise ApiError(405, "method_not_allowed", f"Use {' or '.join(methods)}.", headers=allowed)


@api("POST")
def receive_orders(request: HttpRequest) -> HttpResponse:
    """One order or an array of up to 500; 202 with a result for each, in their order."""
    caller = Caller.of(request)
    caller.admit()
    try:
        payloads = _payloads(parse_json(read_body(request)))
    except ApiError:
        caller.identify()  # raises what matters more
        raise
    results = receive_together(caller, payloads, source=IntakeSource.API)
    return JsonResponse({"results": [_result(result) for result in results]}, status=202)


@api("GET", "HEAD")
def order_status(request: HttpRequest, external_id: str) -> HttpResponse:
    """Where an order of the key's channel stands."""
    caller = Caller.of(request)
    caller.admit()
    channel, _actor = caller.identify()
    order = order_of_channel(channel.pk, external_id)
    if order is None:
        raise ApiError(404, "not_found", "This channel has no such order.", "external_id")
    return JsonResponse(_status(order))


@api("GET", "HEAD")
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document(request.build_absolute_uri("/").rstrip("/")))


def docs(request: HttpRequest) -> HttpResponse:
    address = request.build_absolute_uri(reverse("orders_api:orders"))
    return render(request, "orders/api_docs.html", {"address": address, "example": example_text()})


def _payloads(body: Any) -> list[Any]:
    if isinstance(body, dict):
        return [body]
    if not isinstance(body, list):
        raise ApiError(422, "not_an_order", "Send one order (an object) or an array of orders.")
    if not body:
        raise ApiError(422, "empty", "The array is empty.")
    if len(body) > MAX_BATCH:
        raise ApiError(422, "too_many", f"Send at most {MAX_BATCH} orders at once.")
    return body


def _result(result: IntakeResult) -> dict[str, Any]:
    return {
        "index": result.index,
        "external_id": result.external_id,
        "outcome": result.outcome.value,
        "order_number": result.order_number,
        "errors": [
            {"field": error["field"], "code": error["code"], "reason": error["reason"]} for error in result.errors
        ],
    }


def _status(order: Order) -> dict[str, Any]:
    return {
        "external_id": order.external_id,
        "order_number": order.number,
        "display_number": order.display_number,
        "status": order.status,
        "payment_status": order.payment_status,
        "currency": order.currency,
        "total": str(order.total),
        "on_hold": order.open_hold_count > 0,
        "holds": sorted(order.holds.filter(released_at=None).values_list("reason", flat=True)),
        "parcels": [asdict(parcel) for parcel in parcels_of(order.pk)],
        "placed_at": order.placed_at,
        "received_at": order.received_at,
        "released_at": order.released_at,
        "shipped_at": order.shipped_at,
        "delivered_at": order.delivered_at,
        "cancelled_at": order.cancelled_at,
    }
