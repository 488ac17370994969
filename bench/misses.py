#!/usr/bin/env python3
"""An open-loop client whose every request is a miss: never the same URL twice, due at times that do
not depend on the answers (a Poisson process), and a latency counts from when its request was due.

    misses.py PORT NAME RATE SECONDS

NAME is the first part of every path. `failed` are answers that are no 200, connections that broke
and requests without an answer after 30 s; they count in the latencies like all others. `late` is
how long after its time a request was sent, because this client was busy.
"""

import asyncio
import gc
import json
import random
import re
import selectors
import sys

CONNECTIONS = 32  # at first; more when all are busy,
MOST_CONNECTIONS = 900  # which select(2) can still watch: requests beyond wait, and that counts
PATIENCE = 30.0
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Line(asyncio.Protocol):
    """A connection that is kept, with one request at a time."""

    def __init__(self):
        self.is_open = False
        self._received = b""
        self._answer: asyncio.Future | None = None

    def connection_made(self, transport) -> None:
        self._transport = transport
        self.is_open = True

    def connection_lost(self, _) -> None:
        self.is_open = False
        self._settle(False)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, content = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = LENGTH.search(head)
        if length is None:
            self._transport.close()  # every server here says how long its answer is
        elif len(content) >= int(length[1]):
            self._received = b""
            self._settle(head.startswith(b"HTTP/1.1 200 "))

    def _settle(self, is_right: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(is_right)

    def ask(self, path: str) -> asyncio.Future:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return self._answer

    def close(self) -> None:
        self._transport.close()


class Client:
    def __init__(self, port: int, name: str):
        self._port = port
        self._name = name
        self._free: list[Line] = []
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)
        self.failed = 0
        self.latencies: list[float] = []
        self.late: list[float] = []

    async def connect(self) -> Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(Line, "127.0.0.1", self._port)
        return line

    async def free_line(self) -> Line:
        while self._free:
            line = self._free.pop()
            if line.is_open:
                return line
        return await self.connect()

    async def ask(self, number: int, due: float) -> None:
        loop = asyncio.get_running_loop()
        self.late.append(loop.time() - due)
        async with self._room:
            is_right = await self.ask_now(f"/{self._name}/{number}")
        self.latencies.append(loop.time() - due)
        self.failed += not is_right

    async def ask_now(self, path: str) -> bool:
        try:
            line = await self.free_line()
        except OSError:
            return False
        try:
            is_right = await asyncio.wait_for(line.ask(path), PATIENCE)
        except TimeoutError:
            line.close()
            return False
        self._free.append(line)
        return is_right

    async def run(self, rate: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._free = [await self.connect() for _ in range(CONNECTIONS)]
        arrivals = random.Random(1)  # the same for every run
        begin = due = loop.time()
        asked = []
        while (due := due + arrivals.expovariate(rate)) < begin + seconds:
            await asyncio.sleep(max(0.0, due - loop.time()))
            asked.append(asyncio.create_task(self.ask(len(asked), due)))
        await asyncio.gather(*asked)
        for line in self._free:
            line.close()


def microseconds(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return round(1e6 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def main() -> None:
    port, name, rate, seconds = sys.argv[1:]
    client = Client(int(port), name)
    gc.disable()
    # epoll waits for whole milliseconds.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(client.run(float(rate), float(seconds)))
    loop.close()
    report = {
        "requests": len(client.latencies),
        "failed": client.failed,
        "p50_us": microseconds(client.latencies, 0.5),
        "p99_us": microseconds(client.latencies, 0.99),
        "longest_us": microseconds(client.latencies, 1),
        "late_p99_us": microseconds(client.late, 0.99),
    }
    print(json.dumps(report))


main()
