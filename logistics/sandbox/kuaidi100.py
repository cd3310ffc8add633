"""The sandbox's kuaidi100: query, subscription, waybills and pushes, as api.kuaidi100.com documents them."""

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from logistics.sandbox import KUAIDI100_ACCOUNT as ACCOUNT
from logistics.sandbox.http import Request, Response
from logistics.sandbox.routes import outcome_of
from logistics.sandbox.world import Happened, Parcel, World

_CHINA = timezone(timedelta(hours=8))

# kind of step: status word, advanced status code, basic state, text.
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "picked_up": ("已揽收", "103", "1", "【{place}】快件已被揽收"),
    "departed": ("干线", "1002", "0", "快件离开【{place}】,正发往【{next}】"),
    "arrived": ("在途", "0", "0", "快件到达【{place}】"),
    "arrived_city": ("到达派件城市", "1001", "0", "快件到达【{place}】"),
    "customs_hold": ("清关中", "11", "11", "快件在【{place}】办理清关手续"),
    "customs_released": ("已清关", "12", "12", "快件在【{place}】清关完成"),
    "out_for_delivery": ("派件", "5", "5", "【{place}】正在派送途中,请您准备签收"),
    "delivered": ("本人签收", "301", "3", "已签收,签收人凭取货码签收"),
    "delivered_after_attempt": ("派件异常后签收", "302", "3", "已签收,签收人:本人"),
    "attempt_failed": ("无法联系", "206", "2", "【{place}】派件不成功:电话无人接听,改约明日再派"),
    "damaged": ("破损", "209", "2", "【{place}】快件外包装破损,已登记为疑难件"),
    "refused": ("拒收", "203", "2", "【{place}】收件人拒收快件"),
    "bad_address": ("派件异常", "204", "2", "【{place}】派件不成功:收件地址不详,快件将退回"),
    "returning": ("退回", "6", "6", "快件正从【{place}】退回【{next}】"),
    "returned": ("退签", "4", "4", "快件已退回【{place}】,发件人已签收"),
}
_FINAL = {"3", "4"}
_BILL_STATUS = {"1": "got", "0": "change", "5": "sending", "3": "check"}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def _json(data: Mapping[str, Any]) -> Response:
    return Response(body=json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


class Kuaidi100:
    def __init__(self, world: World) -> None:
        self.world = world

    def handle(self, request: Request) -> Response | None:
        """The answer, or None for a path of another carrier."""
        if request.method != "POST":
            return None
        match request.path:
            case "/poll/query.do":
                return self._query(request.form)
            case "/poll":
                return self._subscribe(request.form)
            case "/label/order":
                return self._label(request.form)
        return None

    def _query(self, form: Mapping[str, str]) -> Response:
        param = form.get("param", "")
        if form.get("customer") != ACCOUNT["customer"] or form.get("sign") != md5(
            param + ACCOUNT["key"] + ACCOUNT["customer"]
        ):
            return _json({"result": False, "returnCode": "503", "message": "验证签名失败"})
        try:
            number = json.loads(param)["num"]
        except (ValueError, KeyError):
            return _json({"result": False, "returnCode": "400", "message": "提交的数据不完整，或者贵公司没授权"})
        parcel = self.world.parcels.get(number)
        if parcel is not None and not parcel.voided:
            self.world.hand_over(parcel)
            if events := self.world.happened(parcel):
                return _json(self.last_result(parcel, events))
        return _json({"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"})

    def last_result(self, parcel: Parcel, events: list[Happened]) -> dict[str, Any]:
        state = _WORDS[events[-1].step.kind][2]
        return {
            "message": "ok",
            "nu": parcel.number,
            "ischeck": "1" if state in _FINAL else "0",
            "com": parcel.company,
            "status": "200",
            "state": state,
            "data": [_trace(event) for event in reversed(events)],
            "condition": "F00",
        }

    def _subscribe(self, form: Mapping[str, str]) -> Response:
        try:
            param = json.loads(form.get("param", ""))
            number, parameters = param["number"], param["parameters"]
        except (ValueError, KeyError, TypeError):
            return _json({"result": False, "returnCode": "700", "message": "订阅方的订阅数据存在错误"})
        if param.get("key") != ACCOUNT["key"]:
            return _json({"result": False, "returnCode": "600", "message": "您不是合法的订阅者"})
        parcel = self.world.parcels.get(number)
        if parcel is None or parcel.voided:
            return _json({"result": False, "returnCode": "700", "message": "运单号不存在"})
        if parcel.callback:
            return _json({"result": False, "returnCode": "501", "message": "POLL:重复订阅"})
        parcel.callback = str(parameters.get("callbackurl", ""))
        parcel.salt = str(parameters.get("salt", ""))
        self.world.hand_over(parcel)
        self.world.save([parcel])
        return _json({"result": True, "returnCode": "200", "message": "提交成功"})

    def _label(self, form: Mapping[str, str]) -> Response:
        param = form.get("param", "")
        signed = md5(param + form.get("t", "") + ACCOUNT["key"] + ACCOUNT["secret"])
        if form.get("key") != ACCOUNT["key"] or form.get("sign") != signed:
            return _json({"code": 30002, "message": "验证签名失败", "success": False, "data": None})
        try:
            order = json.loads(param)
        except ValueError:
            return _json({"code": 30001, "message": "参数错误", "success": False, "data": None})
        if form.get("method") == "cancel":
            return self._cancel(order)
        return self._order(order)

    def _order(self, order: Mapping[str, Any]) -> Response:
        for party in ("recMan", "sendMan"):
            for key in ("name", "mobile", "printAddr"):
                if not (order.get(party) or {}).get(key):
                    return _json({"code": 30001, "message": f"参数错误:{party}.{key}", "success": False, "data": None})
        company, reference = str(order.get("kuaidicom", "")), str(order.get("orderId", ""))
        parcel = self.world.by_reference(company, reference) if order.get("reorder") is False else None
        if parcel is None:
            parcel = self._buy(company, reference, order)
        city = parcel.destination.partition("市")[0] + "市"
        data = {
            "taskId": md5(parcel.number),
            "kuaidinum": parcel.number,
            "kdComOrderNum": f"KD{md5(parcel.reference)[:12]}",
            "bulkpen": f"{md5(city)[:3]}-{md5(parcel.destination)[:3]} {int(md5(parcel.number)[:2], 16):02d}",
            "destCode": md5(city)[:6],
            "destName": city,
            "orgName": parcel.origin.partition("市")[0] + "市",
            "pkgName": f"{city}集包",
        }
        return _json({"code": 200, "message": "success", "success": True, "data": data, "time": 12})

    def _buy(self, company: str, reference: str, order: Mapping[str, Any]) -> Parcel:
        number = _new_number(company, reference, self.world)
        parcel = Parcel(
            number=number,
            company=company,
            reference=reference,
            origin=order["sendMan"]["printAddr"],
            destination=order["recMan"]["printAddr"],
            country="CN",
            outcome=outcome_of(number, self.world.rates),
            created_at=time.time(),
        )
        self.world.add([parcel])
        return parcel

    def _cancel(self, order: Mapping[str, Any]) -> Response:
        parcel = self.world.parcels.get(str(order.get("kuaidinum", "")))
        if parcel is None:
            return _json({"code": 30009, "message": "查无此单", "success": False, "data": None})
        if parcel.started_at is not None:
            return _json({"code": 30011, "message": "快件已揽收,不能取消", "success": False, "data": None})
        parcel.voided = True
        self.world.save([parcel])
        return _json({"code": 200, "message": "success", "success": True, "data": {}, "time": 8})

    def push_body(self, parcel: Parcel, events: list[Happened], *, abort: bool = False) -> bytes:
        """A push as kuaidi100 sends it, signed with the salt of the subscription."""
        result = self.last_result(parcel, events)
        state = result["state"]
        status = "abort" if abort else ("shutdown" if state in _FINAL else "polling")
        param = json.dumps(
            {
                "status": status,
                "billstatus": _BILL_STATUS.get(state, "change"),
                "message": "3天查询无记录" if abort else "",
                "autoCheck": "0",
                "comOld": "",
                "comNew": "",
                "lastResult": result,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return urlencode({"param": param, "sign": md5(param + parcel.salt)}).encode()


def _trace(event: Happened) -> dict[str, str]:
    word, code, _, text = _WORDS[event.step.kind]
    moment = datetime.fromtimestamp(event.at, _CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "time": moment,
        "ftime": moment,
        "context": text.format(place=event.step.place, next=event.step.next_place),
        "status": word,
        "statusCode": code,
        "areaName": event.step.place[:20],
    }


_PREFIX = {"shunfeng": "SF", "yuantong": "YT", "jtexpress": "JT", "jd": "JDV"}


def _new_number(company: str, reference: str, world: World) -> str:
    """A number in the company's manner that nobody has: 13 digits behind its letters."""
    attempt = 0
    while True:
        digits = int(md5(f"{company}:{reference}:{attempt}")[:14], 16) % 10**13
        number = f"{_PREFIX.get(company, '7')}{digits:013d}"
        if number not in world.parcels:
            return number
        attempt += 1
