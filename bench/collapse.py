#!/usr/bin/env python3
"""Ten thousand requests wait for one slow object: when does who get what?

    ./dev build && python3 bench/collapse.py

Two clients are watched (the one whose request caused the fetch, and the first that waits for it)
while h2load holds 9,998 more requests for the same object. Times are taken when the origin has
written its answer. Then the same number of plain hits is asked for in the same way, for comparison.
"""

import json
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("SELVEDGE", str(ROOT / "build/release/selvedge"))
os.environ.setdefault("SELVEDGE_SOURCE", str(ROOT))
sys.path.insert(0, str(ROOT / "tests/e2e"))

from node import Node, config_for, http_origin  # noqa: E402
from origin import Origin  # noqa: E402

WAITING = 9_998
CONNECTIONS = 99


def h2load(url: str) -> subprocess.Popen:
    streams = -(-WAITING // CONNECTIONS)
    command = ["h2load", "-n", str(WAITING), "-c", str(CONNECTIONS), "-m", str(streams)]
    return subprocess.Popen(
        command + ["-T", "60", url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ask(port: int, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return client


def first_bytes(clients: list[socket.socket]) -> list[float]:
    times: dict[socket.socket, float] = {}
    while len(times) < len(clients):
        ready, _, _ = select.select([c for c in clients if c not in times], [], [], 60)
        now = time.perf_counter()
        for client in ready:
            times[client] = now
    return [times[client] for client in clients]


def wait_for(node: Node, metric: str, value: int) -> None:
    deadline = time.monotonic() + 60
    while node.metric(metric) < value:
        if time.monotonic() > deadline:
            sys.exit(f"{metric} has not reached {value}")
        time.sleep(0.02)


def finished(load: subprocess.Popen, since: float) -> float:
    output, _ = load.communicate(timeout=90)
    done = re.search(r"status codes: (\d+) 2xx", output)
    if not done or int(done[1]) != WAITING:
        sys.exit(output)
    return time.perf_counter() - since


def run() -> dict:
    release, written = threading.Event(), []

    def slow(exchange):
        release.wait(60)
        exchange.respond(b"x" * 4096, "Cache-Control: max-age=600")
        written.append(time.perf_counter())

    with Origin({"/slow": slow}) as origin:
        config = config_for(http_origin(origin.address, first_byte_timeout="60s"))
        with Node(config | {"workers": 1}) as node:
            port = node.port()
            leader = ask(port, "/slow")
            wait_for(node, "selvedge_cache_fills", 1)
            waiter = ask(port, "/slow")
            load = h2load(node.url("/slow"))
            wait_for(node, "selvedge_protocol_requests_total", WAITING + 2)
            release.set()
            of_leader, of_waiter = first_bytes([leader, waiter])
            collapsed = finished(load, written[0])
            begin = time.perf_counter()
            hits = finished(h2load(node.url("/slow")), begin)
            asked = origin.count("/slow")
    return {
        "requests": WAITING + 2,
        "origin_requests": asked,
        "leader_first_byte_after_origin_ms": round(1000 * (of_leader - written[0]), 3),
        "first_waiter_after_leader_ms": round(1000 * (of_waiter - of_leader), 3),
        "all_waiters_done_after_origin_ms": round(1000 * collapsed, 1),
        "as_many_plain_hits_ms": round(1000 * hits, 1),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
