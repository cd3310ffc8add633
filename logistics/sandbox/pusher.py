"""Sends kuaidi100's pushes: one for every new event of a subscribed parcel, as the real service does."""

import asyncio
import heapq
import logging
import time

from logistics.sandbox.faults import Faults
from logistics.sandbox.http import post_form
from logistics.sandbox.kuaidi100 import Kuaidi100
from logistics.sandbox.world import Happened, Parcel, World

logger = logging.getLogger(__name__)

# kuaidi100 tries three times, half an hour apart; here the pauses shrink with the clock.
TRIES = 3
PAUSE_SECONDS = 1800.0
AT_ONCE = 8
PUSH_PATH = "push"


class Pusher:
    def __init__(self, world: World, kuaidi100: Kuaidi100, faults: Faults) -> None:
        self.world = world
        self.kuaidi100 = kuaidi100
        self.faults = faults
        self.sent = 0
        self.failed = 0
        self._due: list[tuple[float, str]] = []
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def watch(self, parcel: Parcel) -> None:
        """Plan the parcel's next push, if it has news to come and somebody to tell."""
        plan = self.world.plan(parcel)
        if parcel.callback and parcel.pushed < len(plan):
            heapq.heappush(self._due, (plan[parcel.pushed].at, parcel.number))
            self._woken.set()

    def watch_all(self) -> None:
        self._due.clear()
        for parcel in self.world.parcels.values():
            self.watch(parcel)

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._woken.clear()
            pause = self._due[0][0] - time.time() if self._due else 3600.0
            if pause > 0:
                try:
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                continue
            _, number = heapq.heappop(self._due)
            self._start(self.world.parcels[number])

    def _start(self, parcel: Parcel) -> None:
        events = self.world.happened(parcel)
        if len(events) <= parcel.pushed:
            return
        parcel.pushed = len(events)
        self.world.save([parcel])
        self.spawn(parcel, events)
        self.watch(parcel)

    def spawn(self, parcel: Parcel, events: list[Happened], *, abort: bool = False) -> None:
        """Send one push in the background, with the misbehaviour that is switched on."""
        body = self.kuaidi100.push_body(parcel, events, abort=abort)
        delay = 0.0
        copies = 1
        for fault in self.faults.strike(PUSH_PATH, parcel.number):
            if fault.kind == "repeat":
                copies = 2
            elif fault.kind in ("delay", "reorder", "hang", "fail"):
                delay = max(delay, fault.seconds)
            elif fault.kind == "garble":
                body = body[: len(body) // 2]
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._send(parcel.callback, body, delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, url: str, body: bytes, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        for attempt in range(TRIES):
            async with self._slots:
                try:
                    status, answer = await post_form(url, body)
                except (OSError, TimeoutError) as error:
                    status, answer = 0, str(error).encode()
            if status == 200 and b'"result": true' in answer.replace(b'"result":true', b'"result": true'):
                self.sent += 1
                return
            if attempt + 1 < TRIES:
                await asyncio.sleep(PAUSE_SECONDS / self.world.speed)
        self.failed += 1
        logger.warning("Push to %s given up: %s %s", url, status, answer[:200])
