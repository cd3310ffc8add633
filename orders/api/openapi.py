"""The OpenAPI description, made from the field table that the parser reads: the two can't disagree."""

import json
from functools import cache
from typing import Any

from django.utils import translation

from orders.enums import HoldReason, IntakeOutcome, OrderStatus, PaymentStatus
from orders.schema.fields import ADDRESS, CUSTOMER, LINE, MAX_LINES, ORDER, PAYMENT, Field, Table
from orders.services.intake import MAX_BATCH

_EXAMPLE = {
    "external_id": "2025-000123",
    "placed_at": "2025-03-01T09:30:00+08:00",
    "currency": "CNY",
    "customer": {"external_id": "u-77", "name": "王小明", "phone": "13800138000"},
    "shipping_address": {
        "name": "王小明",
        "phone": "13800138000",
        "country": "CN",
        "province": "广东省",
        "city": "深圳市",
        "district": "南山区",
        "street": "科技路 1 号",
        "postal_code": "518000",
    },
    "lines": [{"sku": "MUG-350-W", "name": "马克杯", "quantity": 2, "unit_price": "39.00", "discount": "8.00"}],
    "shipping_fee": "10.00",
    "total": "80.00",
    "payment": {"status": "paid", "method": "alipay", "paid_at": "2025-03-01T09:31:00+08:00"},
    "buyer_note": "放门口",
}


def example_text() -> str:
    """An order with the fields that are needed, as a program sends it."""
    names = ("external_id", "placed_at", "currency", "shipping_address", "lines", "payment")
    return json.dumps({name: _EXAMPLE[name] for name in names}, ensure_ascii=False, indent=2)


def document(server: str) -> dict[str, Any]:
    """OpenAPI 3.1 for the API served at `server`."""
    return {**_document(), "servers": [{"url": server}]}


@cache
def _document() -> dict[str, Any]:
    with translation.override("en"):
        return {
            "openapi": "3.1.0",
            "info": {"title": "Orders", "version": "1", "description": _INTRODUCTION},
            "security": [{"key": []}],
            "paths": {"/api/v1/orders": {"post": _post()}, "/api/v1/orders/{external_id}": {"get": _get()}},
            "components": {
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "schemas": _schemas(),
                "parameters": {"channel": _CHANNEL},
            },
        }


_INTRODUCTION = (
    "Send orders one by one or in arrays of up to 500. An order is known by its channel and external_id: sending the "
    "same content again changes nothing, other content is an update. One bad order never stops the others. Unknown "
    "keys are refused; null means absent. Amounts are exact: JSON numbers or decimal strings, never negative. "
    'Errors have the form {"error": {"code", "message", "field"}}.'
)
_CHANNEL = {
    "name": "channel",
    "in": "query",
    "description": "Code of the channel; the key's own if absent. The header X-Channel does the same.",
    "schema": {"type": "string"},
}
_ERRORS = {
    "400": "The body isn't valid JSON.",
    "401": "The key is missing, wrong, expired or revoked.",
    "403": "The key is for another channel, or the channel is switched off.",
    "413": "The body is larger than 5 MB.",
    "422": "Neither an order nor an array of 1 to 500 orders, or no channel named.",
    "429": "Too many requests: wait for Retry-After seconds.",
    "503": "Nothing was taken; try again.",
}


def _post() -> dict[str, Any]:
    one = {"$ref": "#/components/schemas/Order"}
    many = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": one}
    return {
        "operationId": "receiveOrders",
        "summary": "Send orders",
        "tags": ["Orders"],
        "parameters": [{"$ref": "#/components/parameters/channel"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [one, many]}, "example": _EXAMPLE}},
        },
        "responses": {
            "202": _answer("A result for each order, in their order.", "Results"),
            **{status: _answer(text, "Error") for status, text in _ERRORS.items()},
        },
    }


def _get() -> dict[str, Any]:
    number = {"name": "external_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "orderStatus",
        "summary": "Where an order stands",
        "tags": ["Orders"],
        "parameters": [number, {"$ref": "#/components/parameters/channel"}],
        "responses": {
            "200": _answer("The order.", "Status"),
            "404": _answer("This channel has no such order.", "Error"),
            **{status: _answer(_ERRORS[status], "Error") for status in ("401", "403", "422", "429", "503")},
        },
    }


def _answer(text: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": text, "content": content}


def _schemas() -> dict[str, Any]:
    order = _object(ORDER)
    order["properties"] |= {
        "customer": _object(CUSTOMER),
        "shipping_address": _object(ADDRESS),
        "lines": {"type": "array", "minItems": 1, "maxItems": MAX_LINES, "items": _object(LINE)},
        "payment": _object(PAYMENT),
    }
    order["required"].append("lines")
    return {"Order": order, "Results": _RESULTS, "Status": _STATUS, "Error": _ERROR}


def _object(table: Table) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in table},
        "required": [field.name for field in table if field.required],
    }


def _property(field: Field) -> dict[str, Any]:
    words = [str(field.label) + ".", field.about, str(field.kind.schema.get("description", ""))]
    least = {"minLength": 1} if field.required and field.kind.schema.get("type") == "string" else {}
    return {**field.kind.schema, **least, "description": " ".join(filter(None, words))}


def _exactly(properties: dict[str, Any]) -> dict[str, Any]:
    """An object of an answer: all of these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_RESULT = _exactly(
    {
        "index": {"type": "integer"},
        "external_id": _TEXT,
        "outcome": {"type": "string", "enum": [str(value) for value in IntakeOutcome.values]},
        "order_number": _TEXT,
        "errors": {"type": "array", "items": _exactly({"field": _TEXT, "code": _SAID, "reason": _SAID})},
    }
)
_RESULTS = _exactly({"results": {"type": "array", "items": _RESULT}})
_PARCEL = _exactly(
    {
        "tracking_number": {**_TEXT, "description": "Empty until there is a label."},
        "carrier": {**_TEXT, "description": "Code of the carrier; empty until one is chosen."},
        "status": {
            **_SAID,
            "description": "Such as pending, label_created, picked_up, in_transit, out_for_delivery, delivered.",
        },
        "last_event_at": _MOMENT,
    }
)
_STATUS = _exactly(
    {
        "external_id": _TEXT,
        "order_number": _TEXT,
        "display_number": _TEXT,
        "status": {"type": "string", "enum": [str(value) for value in OrderStatus.values]},
        "payment_status": {"type": "string", "enum": [str(value) for value in PaymentStatus.values]},
        "currency": _TEXT,
        "total": _TEXT,
        "on_hold": {"type": "boolean"},
        "holds": {
            "type": "array",
            "items": {"type": "string", "enum": [str(value) for value in HoldReason.values]},
            "description": "Why it is on hold; empty if it isn't.",
        },
        "parcels": {"type": "array", "items": _PARCEL},
        **dict.fromkeys(
            ("placed_at", "received_at", "released_at", "shipped_at", "delivered_at", "cancelled_at"), _MOMENT
        ),
    }
)
_ERROR = _exactly({"error": _exactly({"code": _SAID, "message": _SAID, "field": _TEXT})})
