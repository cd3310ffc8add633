"""The sandbox's own interface, below /control: what a test or a demonstration does to the carriers.

GET    /control                    figures
POST   /control/faults             {"kind", "path", "number", "count", "rate", "seconds", "status"}
DELETE /control/faults             all faults end
POST   /control/parcels            {"numbers" or "count", "company", "destination", "country", "outcome"}
POST   /control/outcome            {"number", "outcome"}: what becomes of a parcel
POST   /control/advance            {"hours", "number"}: let simulated time pass at once
POST   /control/abort              {"number"}: push status=abort, which asks for a new subscription
POST   /control/rates              {"attempt_failed": 0.1, …}: shares of outcomes for parcels to come
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from logistics.sandbox import routes
from logistics.sandbox.faults import Fault, Faults
from logistics.sandbox.http import Request, Response
from logistics.sandbox.pusher import Pusher
from logistics.sandbox.world import Parcel, World


class Control:
    def __init__(self, world: World, faults: Faults, pusher: Pusher) -> None:
        self.world = world
        self.faults = faults
        self.pusher = pusher
        self.requests = 0

    def handle(self, request: Request) -> Response | None:
        if request.path != "/control" and not request.path.startswith("/control/"):
            return None
        try:
            body = json.loads(request.body) if request.body else {}
            answer = self._do(request.method, request.path.removeprefix("/control").strip("/"), body)
        except (ValueError, TypeError, KeyError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)
        return _json(answer) if answer is not None else _json({"error": "unknown"}, 404)

    def _do(self, method: str, what: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        actions: dict[tuple[str, str], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            ("GET", ""): self._figures,
            ("POST", "faults"): self._misbehave,
            ("DELETE", "faults"): self._behave,
            ("POST", "parcels"): self._add,
            ("POST", "outcome"): self._outcome,
            ("POST", "advance"): self._advance,
            ("POST", "abort"): self._abort,
            ("POST", "rates"): self._set_rates,
        }
        action = actions.get((method, what))
        return action(body) if action else None

    def _misbehave(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.faults.active.append(Fault(**body))
        return {"faults": len(self.faults.active)}

    def _behave(self, _body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.faults.active.clear()
        return {"faults": 0}

    def _advance(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        moved = self.world.advance(float(body["hours"]), body.get("number", ""))
        self.pusher.watch_all()
        return {"moved": moved}

    def _set_rates(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.world.rates = {name: float(rate) for name, rate in body.items()}
        return {"rates": self.world.rates}

    def _figures(self, _body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "parcels": len(self.world.parcels),
            "voided": sum(p.voided for p in self.world.parcels.values()),
            "moving": sum(p.started_at is not None for p in self.world.parcels.values()),
            "requests": self.requests,
            "faults": len(self.faults.active),
            "pushes": {"sent": self.pusher.sent, "failed": self.pusher.failed},
            "speed": self.world.speed,
        }

    def _add(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        numbers = body.get("numbers") or [f"SBX{time.time_ns() % 10**9:09d}{n:06d}" for n in range(body["count"])]
        outcome = body.get("outcome", "")
        if outcome and outcome not in routes.OUTCOMES:
            raise ValueError(f"outcome is one of {', '.join(routes.OUTCOMES)}")
        self.world.add(
            Parcel(
                number=number,
                company=body.get("company", "shunfeng"),
                reference="",
                origin=body.get("origin", "广东省深圳市南山区科技园"),
                destination=body.get("destination", "北京市北京市朝阳区建国路"),
                country=body.get("country", "CN"),
                outcome=outcome or routes.outcome_of(number, self.world.rates),
                created_at=time.time(),
                started_at=time.time() - float(body.get("hours", 0)) * 3600 / self.world.speed,
            )
            for number in numbers
        )
        return {"numbers": list(numbers)}

    def _outcome(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if body["outcome"] not in routes.OUTCOMES:
            raise ValueError(f"outcome is one of {', '.join(routes.OUTCOMES)}")
        self.world.set_outcome(body["number"], body["outcome"])
        self.pusher.watch_all()
        return {"number": body["number"], "outcome": body["outcome"]}

    def _abort(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        parcel = self.world.parcels[body["number"]]
        self.pusher.spawn(parcel, self.world.happened(parcel)[:1] or self.world.plan(parcel)[:1], abort=True)
        parcel.callback = ""
        self.world.save([parcel])
        return {"number": parcel.number}


def _json(data: Mapping[str, Any], status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(data, ensure_ascii=False).encode())
