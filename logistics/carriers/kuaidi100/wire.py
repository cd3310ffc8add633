"""The kuaidi100 wire format: signatures, states and the shape of a trace.

Sources: the public documents at api.kuaidi100.com (实时查询 5f0ffb5ebc8da837cbd8aefc, 订阅推送
5f0ffa8f2977d50a94e1023c, 电子面单 dianzimiandanV2) and kuaidi100's own demo kits (kuaidi100-api/java-demo,
`request/labelV2/OrderReq.java`, `response/labelV2/OrderResult.java`, `response/QueryTrackResp.java`).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from logistics.carriers.base import CarrierGarbled, TrackEvent, TrackResult
from logistics.enums import ShipmentStatus

# Times in the format carry no zone; they are China's, which has known no summer time since 1991.
CHINA = timezone(timedelta(hours=8), "CST")

S = ShipmentStatus

#: `state` and `data[].statusCode`: the basic states 0–14 and the advanced ones of `resultv2=4`.
STATUS_BY_CODE: Mapping[str, ShipmentStatus] = {
    "1": S.PICKED_UP,
    "101": S.LABEL_CREATED,
    "102": S.LABEL_CREATED,
    "103": S.PICKED_UP,
    "0": S.IN_TRANSIT,
    "1001": S.IN_TRANSIT,
    "1002": S.IN_TRANSIT,
    "1003": S.IN_TRANSIT,
    "5": S.OUT_FOR_DELIVERY,
    "501": S.AVAILABLE_FOR_PICKUP,
    "3": S.DELIVERED,
    "301": S.DELIVERED,
    "302": S.DELIVERED,
    "303": S.DELIVERED,
    # 投柜或站签收: signed by a locker or a shop; the customer still has to fetch it, but the carrier is done.
    "304": S.DELIVERED,
    "6": S.RETURNING,
    "4": S.RETURNED,
    "401": S.CANCELLED,
    "14": S.RETURNING,
    "7": S.IN_TRANSIT,
    "2": S.EXCEPTION,
    "201": S.DELAYED,  # not signed for in time
    "202": S.DELAYED,  # no news in time
    "203": S.RETURNING,  # refused
    "204": S.ATTEMPT_FAILED,
    "205": S.AVAILABLE_FOR_PICKUP,  # too long in the locker or shop
    "206": S.ATTEMPT_FAILED,  # nobody reached
    "207": S.EXCEPTION,  # outside the area served
    "208": S.DELAYED,  # lies at the depot
    "209": S.EXCEPTION,  # damaged
    "210": S.CANCELLED,
    "8": S.IN_TRANSIT,
    "10": S.IN_TRANSIT,
    "11": S.IN_TRANSIT,
    "12": S.IN_TRANSIT,
    "13": S.EXCEPTION,
}

#: `data[].status`, the words of `resultv2=1`; the advanced words come with `resultv2=4`.
STATUS_BY_WORD: Mapping[str, ShipmentStatus] = {
    "揽收": S.PICKED_UP,
    "已下单": S.LABEL_CREATED,
    "待揽收": S.LABEL_CREATED,
    "已揽收": S.PICKED_UP,
    "在途": S.IN_TRANSIT,
    "到达派件城市": S.IN_TRANSIT,
    "干线": S.IN_TRANSIT,
    "转递": S.IN_TRANSIT,
    "派件": S.OUT_FOR_DELIVERY,
    "投柜或驿站": S.AVAILABLE_FOR_PICKUP,
    "签收": S.DELIVERED,
    "本人签收": S.DELIVERED,
    "派件异常后签收": S.DELIVERED,
    "代签": S.DELIVERED,
    "投柜或站签收": S.DELIVERED,
    "退回": S.RETURNING,
    "退签": S.RETURNED,
    "已销单": S.CANCELLED,
    "拒签": S.RETURNING,
    "转投": S.IN_TRANSIT,
    "疑难": S.EXCEPTION,
    "超时未签收": S.DELAYED,
    "超时未更新": S.DELAYED,
    "拒收": S.RETURNING,
    "派件异常": S.ATTEMPT_FAILED,
    "柜或驿站超时未取": S.AVAILABLE_FOR_PICKUP,
    "无法联系": S.ATTEMPT_FAILED,
    "超区": S.EXCEPTION,
    "滞留": S.DELAYED,
    "破损": S.EXCEPTION,
    "清关": S.IN_TRANSIT,
    "待清关": S.IN_TRANSIT,
    "清关中": S.IN_TRANSIT,
    "已清关": S.IN_TRANSIT,
    "清关异常": S.EXCEPTION,
}

# Traces without any status (an account without resultv2, old pushes) are read from their text. The order
# counts: "派件失败" holds "派件", "退回签收" holds "签收", "准备签收" isn't a signature.
_BY_TEXT: tuple[tuple[re.Pattern[str], ShipmentStatus], ...] = (
    (re.compile(r"退回.{0,12}签收|退件.{0,6}签收|退签"), S.RETURNED),
    (re.compile(r"退回|拒收|拒签|退件"), S.RETURNING),
    (re.compile(r"派送不成功|派件不成功|派送失败|派件失败|无人|联系不上|未能派送|改约"), S.ATTEMPT_FAILED),
    (re.compile(r"丢失|遗失"), S.LOST),
    (re.compile(r"破损|问题件|疑难|异常"), S.EXCEPTION),
    (re.compile(r"准备签收|派送|派件"), S.OUT_FOR_DELIVERY),
    (re.compile(r"待取|驿站|快递柜|丰巢|自提|代收点"), S.AVAILABLE_FOR_PICKUP),
    (re.compile(r"已签收|签收人|本人签收|妥投|代签收"), S.DELIVERED),
    (re.compile(r"揽收|已收取|收件|揽件"), S.PICKED_UP),
    (re.compile(r"到达|离开|发往|发出|装车|卸车|下车|扫描|清关|航班|转运"), S.IN_TRANSIT),
)


def md5_upper(text: str) -> str:
    """The format's signature: upper-case hexadecimal MD5 of UTF-8 text."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def query_sign(param: str, key: str, customer: str) -> str:
    """Signature of a query: MD5(param + key + customer)."""
    return md5_upper(param + key + customer)


def label_sign(param: str, t: str, key: str, secret: str) -> str:
    """Signature of a waybill order or cancellation: MD5(param + t + key + secret), `t` in milliseconds."""
    return md5_upper(param + t + key + secret)


def push_sign_matches(param: str, salt: str, sign: str) -> bool:
    """Whether a push is signed with our salt: MD5(param + salt), in either case, compared in constant time."""
    return hmac.compare_digest(md5_upper(param + salt).encode(), sign.upper().encode())


def parse_time(text: str) -> datetime:
    """An instant from `2015-12-30 10:31:47`, China time. Raises CarrierGarbled."""
    try:
        # fromisoformat reads this form too, ten times as fast as strptime.
        return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise CarrierGarbled("a trace has no readable time", excerpt=str(text)) from error


def status_of_text(context: str) -> ShipmentStatus | None:
    """What a trace's words say, for accounts that send no status with a trace."""
    return next((status for pattern, status in _BY_TEXT if pattern.search(context)), None)


def status_of_trace(trace: Mapping[str, Any], summary: ShipmentStatus | None = None) -> ShipmentStatus | None:
    """A trace's status from its code, else its status word, else `summary` (the whole parcel's state, which is
    its newest trace's), else its text. The summary "problem" says less than the text does."""
    coded = STATUS_BY_CODE.get(str(trace.get("statusCode", ""))) or STATUS_BY_WORD.get(str(trace.get("status", "")))
    if coded:
        return coded
    text = status_of_text(str(trace.get("context", "")))
    return (text or summary) if summary == S.EXCEPTION else (summary or text)


def parse_event(trace: Any, summary: ShipmentStatus | None = None) -> TrackEvent:
    """One entry of `data`. Raises CarrierGarbled when it isn't one."""
    if not isinstance(trace, dict):
        raise CarrierGarbled("a trace isn't an object", excerpt=repr(trace))
    description = str(trace.get("context") or "").strip()
    return TrackEvent(
        occurred_at=parse_time(_moment(trace)),
        description=description,
        status=status_of_trace(trace, summary),
        location=str(trace.get("areaName") or trace.get("location") or ""),
        code=str(trace.get("statusCode") or ""),
    )


def parse_result(body: Mapping[str, Any], *, number: str = "", company: str = "") -> TrackResult:
    """A query's answer or a push's `lastResult`. `company` is the code we asked with; the result names another
    only where the carrier corrected it."""
    traces = body.get("data") or []
    if not isinstance(traces, list):
        raise CarrierGarbled("data isn't a list", excerpt=repr(traces))
    summary = STATUS_BY_CODE.get(str(body.get("state", "")))
    newest = max((_moment(trace) for trace in traces), default="")
    events = sorted(
        (parse_event(trace, summary if _moment(trace) == newest else None) for trace in traces),
        key=lambda event: event.occurred_at,
        reverse=True,
    )
    answered = str(body.get("com") or "")
    arrival = body.get("arrivalTime")
    return TrackResult(
        number=str(body.get("nu") or number),
        found=bool(events),
        status=summary if events else None,
        events=tuple(events),
        estimated_delivery_at=_estimate(arrival),
        company=answered if company and answered and answered != company else "",
    )


def _moment(trace: Any) -> str:
    """A trace's time as written; the form sorts as text."""
    return str(trace.get("ftime") or trace.get("time") or "") if isinstance(trace, dict) else ""


def _estimate(text: Any) -> datetime | None:
    """`arrivalTime` of `resultv2=8`: `2024-05-01 18` or with minutes; a wish, so unreadable means none."""
    if not text:
        return None
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H"):
        try:
            return datetime.strptime(str(text), form).replace(tzinfo=CHINA).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
