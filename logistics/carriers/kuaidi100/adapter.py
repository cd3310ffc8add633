"""kuaidi100: tracking by query and push for most Chinese carriers, and their electronic waybills.

One Carrier row is one company reached through kuaidi100; its option `com` is kuaidi100's code for it
(shunfeng, yuantong, zhongtong, yunda, ems …). Wire format and sources: `wire.py`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs

from core.addresses import Address
from logistics.carriers.base import (
    CarrierAdapter,
    CarrierGarbled,
    CarrierRejected,
    CarrierUnavailable,
    Label,
    PushAnswer,
    PushItem,
    PushRefused,
    ShipmentRequest,
    TrackQuery,
    TrackResult,
    read_json,
)
from logistics.carriers.kuaidi100 import wire

# 500/"查无结果": no trace yet, which is normal for a young parcel. 408 and 501–503 are about the request.
_NO_TRACE = {"500"}
_TRY_LATER = {"502", "-1"}
# Subscribing twice is refused with 501 while the first subscription lives: what we wanted is already so.
_SUBSCRIBED = {"200", "501"}


class Kuaidi100Adapter(CarrierAdapter):
    """Credentials: `customer` and `key` to query and subscribe, `secret` to order labels, `salt` for pushes,
    `partner_id` and `partner_key` of the carrier's own account. Options: `com`, and `label_base_url` where
    waybills are ordered at another address than `base_url`."""

    code = "kuaidi100"
    credential_keys = ("customer", "key", "secret", "salt", "partner_id", "partner_key?")
    option_keys = ("com", "net?", "express_type?")
    track_batch = 1
    pushes = True

    # Labels

    def create_label(self, request: ShipmentRequest) -> Label:
        order = {
            "printType": "NON",
            "kuaidicom": self.option("com"),
            "partnerId": self.credential("partner_id"),
            "partnerKey": self.connection.credentials.get("partner_key", ""),
            "net": self.option("net"),
            "recMan": _person(request.recipient),
            "sendMan": _person(request.sender),
            "orderId": request.reference,
            # false: an order id that was used before gets its first waybill again instead of a second one.
            "reorder": False,
            "payType": "MONTHLY",
            "expType": self.option("express_type", "标准快递"),
            "weight": f"{Decimal(request.weight_g) / 1000:.3f}",
            "cargo": "、".join(item.name for item in request.items)[:100],
            "count": 1,
            "remark": request.note[:200],
        }
        data = self._order("order", order)
        number = str(data.get("kuaidinum") or "")
        if not number:
            raise CarrierGarbled("a waybill without a number", excerpt=json.dumps(data, ensure_ascii=False))
        routing = {key: str(data[key]) for key in ("bulkpen", "destCode", "pkgName", "orgName") if data.get(key)}
        return Label(
            tracking_number=number,
            pdf=_label(request, self.option("com"), number, routing),
            cost=_cost(data.get("freight")),
            currency="CNY",
            carrier_reference=str(data.get("kdComOrderNum") or data.get("taskId") or ""),
            routing=routing,
        )

    def cancel_label(self, *, tracking_number: str, carrier_reference: str = "") -> None:
        self._order(
            "cancel",
            {
                "partnerId": self.credential("partner_id"),
                "partnerKey": self.connection.credentials.get("partner_key", ""),
                "net": self.option("net"),
                "kuaidicom": self.option("com"),
                "kuaidinum": tracking_number,
                "orderId": carrier_reference,
                "reason": "取消发货",
            },
        )

    def _order(self, method: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        param = json.dumps(order, ensure_ascii=False, separators=(",", ":"))
        moment = str(int(time.time() * 1000))
        key = self.credential("key")
        form = {
            "method": method,
            "key": key,
            "t": moment,
            "param": param,
            "sign": wire.label_sign(param, moment, key, self.credential("secret")),
        }
        body = read_json(self.call("POST", "/label/order", form=form))
        code = str(body.get("code", ""))
        if code == "200":
            data = body.get("data")
            return data if isinstance(data, dict) else {}
        if code in _TRY_LATER:
            raise CarrierUnavailable(str(body.get("message") or code), code=code)
        if not code:
            raise CarrierGarbled("an answer without code", excerpt=json.dumps(body, ensure_ascii=False))
        raise CarrierRejected(str(body.get("message") or code), code=code)

    # Tracking

    def track(self, queries: Sequence[TrackQuery]) -> list[TrackResult]:
        return [self._track_one(query) for query in queries]

    def _track_one(self, query: TrackQuery) -> TrackResult:
        company = query.company or self.option("com")
        question = {"com": company, "num": query.number, "phone": query.phone, "to": query.destination}
        param = json.dumps({**question, "resultv2": "4", "order": "desc"}, ensure_ascii=False, separators=(",", ":"))
        customer = self.credential("customer")
        form = {
            "customer": customer,
            "param": param,
            "sign": wire.query_sign(param, self.credential("key"), customer),
        }
        body = read_json(self.call("POST", "/poll/query.do", form=form))
        if body.get("result") is False or "nu" not in body:
            return self._no_result(query.number, body)
        return wire.parse_result(body, number=query.number, company=company)

    def _no_result(self, number: str, body: Mapping[str, Any]) -> TrackResult:
        code = str(body.get("returnCode") or "")
        message = str(body.get("message") or code)
        if code in _NO_TRACE:
            return TrackResult(number=number, found=False)
        if code in _TRY_LATER:
            raise CarrierUnavailable(message, code=code)
        if not code:
            raise CarrierGarbled("an answer without number", excerpt=json.dumps(body, ensure_ascii=False))
        raise CarrierRejected(message, code=code)

    # Pushes

    def subscribe(self, query: TrackQuery) -> None:
        param = json.dumps(
            {
                "company": query.company or self.option("com"),
                "number": query.number,
                "to": query.destination,
                "key": self.credential("key"),
                "parameters": {
                    "callbackurl": self.connection.push_url,
                    "salt": self.credential("salt"),
                    "resultv2": "4",
                    "autoCom": "0",
                    "phone": query.phone,
                },
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        body = read_json(self.call("POST", "/poll", form={"schema": "json", "param": param}))
        code = str(body.get("returnCode") or "")
        if code in _SUBSCRIBED:
            return
        message = str(body.get("message") or code)
        if code in ("500", "-1", ""):
            raise CarrierUnavailable(message, code=code)
        raise CarrierRejected(message, code=code)

    def read_push(self, headers: Mapping[str, str], body: bytes) -> list[PushItem]:
        try:
            form = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=10)
            param, sign = form["param"][0], form["sign"][0]
        except (UnicodeDecodeError, ValueError, KeyError) as error:
            raise PushRefused("not a signed form") from error
        salt = str(self.connection.credentials.get("salt") or "")
        if not salt or not wire.push_sign_matches(param, salt, sign):
            raise PushRefused("wrong signature")
        return [_push_item(param)]

    def push_answer(self, *, accepted: bool) -> PushAnswer:
        answer = (
            {"result": True, "returnCode": "200", "message": "成功"}
            if accepted
            else {"result": False, "returnCode": "500", "message": "验签失败"}
        )
        return PushAnswer(body=json.dumps(answer, ensure_ascii=False).encode(), content_type="application/json")


def _push_item(param: str) -> PushItem:
    """One push body. `status=abort` ends the watching without a result, to be subscribed again; `autoCheck=1`
    with `comNew` says that they found the parcel with another company."""
    try:
        message = json.loads(param)
    except (ValueError, RecursionError) as error:
        raise CarrierGarbled("a push that isn't JSON", excerpt=param) from error
    last = message.get("lastResult") if isinstance(message, dict) else None
    if not isinstance(last, dict):
        raise CarrierGarbled("a push without lastResult", excerpt=param)
    result = wire.parse_result(last)
    if not result.number:
        raise CarrierGarbled("a push without a number", excerpt=param)
    if str(message.get("autoCheck", "")) == "1" and message.get("comNew"):
        result = TrackResult(
            number=result.number,
            found=result.found,
            status=result.status,
            events=result.events,
            estimated_delivery_at=result.estimated_delivery_at,
            company=str(message["comNew"]),
        )
    return PushItem(result=result, subscribe_again=message.get("status") == "abort")


def _person(address: Address) -> dict[str, str]:
    line = f"{address.province}{address.city}{address.district}{address.street}"
    return {"name": address.name, "mobile": address.phone, "printAddr": line}


def _cost(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _label(request: ShipmentRequest, com: str, number: str, routing: Mapping[str, str]) -> bytes:
    # Brings reportlab, which who only asks about parcels can do without.
    from logistics.carriers.label_pdf import LabelSheet, render_label  # noqa: PLC0415

    sheet = LabelSheet(
        tracking_number=number,
        reference=request.reference,
        carrier=com,
        service=request.service,
        sender=request.sender,
        recipient=request.recipient,
        weight_g=request.weight_g,
        contents=tuple(f"{item.name} × {item.quantity}" for item in request.items),
        routing_mark=routing.get("bulkpen", ""),
        parcel_mark=routing.get("pkgName", ""),
        note=request.note,
    )
    return render_label(sheet)
