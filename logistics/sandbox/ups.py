"""The sandbox's UPS: OAuth, ship, void, label recovery and track, as developer.ups.com documents them."""

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any

from logistics.sandbox import UPS_ACCOUNT as ACCOUNT
from logistics.sandbox.http import Request, Response
from logistics.sandbox.label_image import label_png
from logistics.sandbox.routes import outcome_of
from logistics.sandbox.world import Happened, Parcel, World

_TOKEN = "sandbox-token"  # noqa: S105
# Activities carry local time; the sandbox's places lie on the American east coast.
_LOCAL = timezone(timedelta(hours=-5))

# kind of step: status type, status code, text. "Released by customs" comes as type X, like an exception.
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "picked_up": ("P", "OR", "Origin Scan"),
    "departed": ("I", "DP", "Departed from Facility"),
    "arrived": ("I", "AR", "Arrived at Facility"),
    "arrived_city": ("I", "AR", "Arrived at Facility"),
    "customs_hold": ("X", "RH", "Your package is being held by the customs agency for clearance."),
    "customs_released": ("X", "RR", "Your package was released by the customs agency."),
    "out_for_delivery": ("I", "OT", "Out For Delivery Today"),
    "delivered": ("D", "FS", "DELIVERED"),
    "delivered_after_attempt": ("D", "FS", "DELIVERED"),
    "attempt_failed": ("X", "48", "The receiver was not available for delivery. We'll make a second attempt."),
    "damaged": ("X", "DA", "Merchandise is damaged. UPS will notify the sender."),
    "refused": ("X", "RF", "The receiver refused the package. It will be returned to the sender."),
    "bad_address": ("X", "14", "The street number is incorrect: incomplete address. We will return the package."),
    "returning": ("I", "RS", "Returning to Sender"),
    "returned": ("RS", "RD", "Returned to Sender"),
}


def _json(data: Mapping[str, Any], status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(data, separators=(",", ":")).encode())


def _error(status: int, code: str, message: str) -> Response:
    return _json({"response": {"errors": [{"code": code, "message": message}]}}, status)


class Ups:
    def __init__(self, world: World) -> None:
        self.world = world

    def handle(self, request: Request) -> Response | None:
        """The answer, or None for a path of another carrier."""
        if request.path == "/security/v1/oauth/token":
            return self._token(request)
        if not request.path.startswith("/api/"):
            return None
        if request.headers.get("authorization") != f"Bearer {_TOKEN}":
            return _error(401, "250002", "Invalid Authentication Information.")
        parts = request.path.split("/")
        match (request.method, *parts[2:]):
            case ("POST", "shipments", _, "ship"):
                return self._ship(json.loads(request.body))
            case ("DELETE", "shipments", _, "void", "cancel", number):
                return self._void(number)
            case ("GET", "track", "v1", "details", number):
                return self._track(number)
            case ("POST", "labels", "v1", "recovery"):
                return self._recover(json.loads(request.body))
        return None

    def _token(self, request: Request) -> Response:
        pair = f"{ACCOUNT['client_id']}:{ACCOUNT['client_secret']}".encode()
        if request.headers.get("authorization") != "Basic " + base64.b64encode(pair).decode():
            return _error(401, "10401", "ClientId is Invalid")
        return _json(
            {
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
                "client_id": ACCOUNT["client_id"],
                "access_token": _TOKEN,
                "expires_in": "14399",
                "status": "approved",
            }
        )

    def _ship(self, body: Mapping[str, Any]) -> Response:
        shipment = body["ShipmentRequest"]["Shipment"]
        to, sender = shipment["ShipTo"]["Address"], shipment["Shipper"]["Address"]
        if shipment["Shipper"].get("ShipperNumber") != ACCOUNT["account_number"]:
            return _error(400, "120120", "Missing or invalid shipper number")
        if to.get("CountryCode") in ("US", "CA", "GB", "DE", "FR") and not to.get("PostalCode"):
            return _error(400, "120206", "Missing or invalid ship to PostalCode")
        reference = _reference(shipment)
        number = _new_number(reference, self.world)
        parcel = Parcel(
            number=number,
            company="ups",
            reference=reference,
            origin=f"{sender.get('City', '')}, {sender['CountryCode']}",
            destination=f"{to.get('City', '')}, {to['CountryCode']}",
            country="INTL",
            outcome=outcome_of(number, self.world.rates),
            created_at=time.time(),
            details={"name": str(shipment["ShipTo"].get("Name", "")), "postal_code": str(to.get("PostalCode", ""))},
        )
        self.world.add([parcel])
        charges = {"TotalCharges": {"CurrencyCode": "USD", "MonetaryValue": "38.40"}}
        results = {
            "ShipmentCharges": charges,
            "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "1.0"},
            "ShipmentIdentificationNumber": number,
            "PackageResults": [{"TrackingNumber": number, "ShippingLabel": _label(parcel)}],
        }
        return _json({"ShipmentResponse": {"Response": _OK, "ShipmentResults": results}})

    def _void(self, number: str) -> Response:
        parcel = self.world.parcels.get(number)
        if parcel is None or parcel.company != "ups":
            return _error(400, "190117", "The shipment identification number is not valid")
        if parcel.started_at is not None:
            return _error(400, "190102", "No shipment found within the allowed void period")
        parcel.voided = True
        self.world.save([parcel])
        summary = {"Status": {"Code": "1", "Description": "Voided"}}
        return _json({"VoidShipmentResponse": {"Response": _OK, "SummaryResult": summary}})

    def _recover(self, body: Mapping[str, Any]) -> Response:
        wanted = body["LabelRecoveryRequest"]
        reference = wanted.get("ReferenceValues", {}).get("ReferenceNumber", {}).get("Value", "")
        number = wanted.get("TrackingNumber", "")
        parcel = self.world.by_reference("ups", reference) if reference else self.world.parcels.get(number)
        if parcel is None:
            return _error(400, "300022", "No shipment found for the given criteria")
        results = {"TrackingNumber": parcel.number, "LabelImage": _label(parcel)}
        return _json(
            {
                "LabelRecoveryResponse": {
                    "Response": _OK,
                    "ShipmentIdentificationNumber": parcel.number,
                    "LabelResults": results,
                }
            }
        )

    def _track(self, number: str) -> Response:
        parcel = self.world.parcels.get(number)
        if parcel is None or parcel.company != "ups" or parcel.voided:
            return _error(404, "TW0001", "Tracking Information Not Found")
        self.world.hand_over(parcel)
        events = self.world.happened(parcel)
        activities = [_activity(event) for event in reversed(events)]
        activities.append(_manifest(parcel))
        due = self.world.arrives_at(parcel) or parcel.created_at
        package = {
            "trackingNumber": number,
            "deliveryDate": [{"type": "SDD", "date": datetime.fromtimestamp(due, _LOCAL).strftime("%Y%m%d")}],
            "activity": activities,
            "currentStatus": {
                "description": activities[0]["status"]["description"],
                "code": activities[0]["status"]["code"],
            },
            "packageCount": 1,
        }
        return _json({"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}})


_OK = {"ResponseStatus": {"Code": "1", "Description": "Success"}}


def _reference(shipment: Mapping[str, Any]) -> str:
    """Our reference: on the shipment abroad, on the package within the United States."""
    for holder in (shipment, (shipment.get("Package") or [{}])[0]):
        value = holder.get("ReferenceNumber") or {}
        found = value[0] if isinstance(value, list) and value else value
        if found and found.get("Value"):
            return str(found["Value"])
    return ""


def _activity(event: Happened) -> dict[str, Any]:
    kind, code, text = _WORDS[event.step.kind]
    city, _, country = event.step.place.rpartition(", ")
    return {
        "location": {"address": {"city": city or event.step.place, "countryCode": country, "country": country}},
        "status": {"type": kind, "description": text, "code": code},
        **_moment(event.at),
    }


def _manifest(parcel: Parcel) -> dict[str, Any]:
    text = "Shipper created a label, UPS has not received the package yet. "
    return {
        "location": {"address": {"country": parcel.origin.rpartition(", ")[2]}},
        "status": {"type": "M", "description": text, "code": "MP"},
        **_moment(parcel.created_at),
    }


def _moment(at: float) -> dict[str, str]:
    local, zulu = datetime.fromtimestamp(at, _LOCAL), datetime.fromtimestamp(at, UTC)
    return {
        "date": local.strftime("%Y%m%d"),
        "time": local.strftime("%H%M%S"),
        "gmtDate": zulu.strftime("%Y%m%d"),
        "gmtOffset": "-05:00",
        "gmtTime": zulu.strftime("%H:%M:%S"),
    }


def _label(parcel: Parcel) -> dict[str, Any]:
    lines = [parcel.details.get("name", ""), parcel.destination, parcel.details.get("postal_code", "")]
    image = base64.b64encode(label_png(parcel.number, parcel.reference, lines)).decode()
    return {"ImageFormat": {"Code": "PNG", "Description": "PNG"}, "GraphicImage": image}


def _new_number(reference: str, world: World) -> str:
    """1Z, the account, service 65, seven digits and the check digit of UPS numbers."""
    attempt = 0
    while True:
        digest = blake2b(f"{reference}:{attempt}:{time.time_ns()}".encode(), digest_size=6).digest()
        body = f"{ACCOUNT['account_number']}65{int.from_bytes(digest, 'big') % 10**7:07d}"
        number = f"1Z{body}{check_digit(body)}"
        if number not in world.parcels:
            return number
        attempt += 1


def check_digit(body: str) -> int:
    """Letters count as (ASCII − 63) mod 10; odd places once, even places twice; up to the next ten."""
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in body]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return -total % 10
