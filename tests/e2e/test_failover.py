#!/usr/bin/env python3
"""Servers that are killed, replaced or fail while clients keep asking: nobody notices the first two
things, and the third does not become worse by being asked again."""

import contextlib
import json
import threading

from client import RawConnection
from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, http_origin
from origin import Origin, unused_address
from server_process import ServerProcess, content_of

CLIENTS = 4
WORKERS = 2
RETRY_SHARE = 0.1  # the default of retry.budget
RETRY_BURST = 10  # and what each worker may retry on top of it


class SteadyLoad:
    """A few connections that are kept and never idle. Each URL is asked for once, so that every
    request is a miss. `failures` says what was wrong with which answer."""

    def __init__(self, node: Node):
        self._port = node.port()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.answered = 0
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(CLIENTS)]

    def __enter__(self) -> "SteadyLoad":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        number = 0
        with RawConnection(self._port) as connection:
            while not self._stopped.is_set():
                number += 1
                problem = self._ask_once(connection, f"/{client}/{number}")
                with self._lock:
                    self.answered += 1
                    if problem:
                        self.failures.append(problem)
                        return

    def _ask_once(self, connection: RawConnection, path: str) -> str:
        """What was wrong; nothing when all was right."""
        connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        try:
            answer = connection.answer()
        except (AssertionError, OSError) as error:
            return f"{path}: {error}"
        if (answer.status, answer.body) == (200, content_of(path)):
            return ""
        proxy_status = answer.field("proxy-status")
        return f"{path}: {answer.status} {answer.body[:80]!r}, Proxy-Status: {proxy_status}"

    def go_on(self, requests: int) -> None:
        """Returns after so many more answers."""
        goal = self.answered + requests
        wait_until(
            lambda: self.failures or self.answered >= goal, f"{requests} more answers", seconds=60
        )
        expect_equal(self.failures, [], "failed requests")


@contextlib.contextmanager
def three_servers():
    with ServerProcess() as one, ServerProcess() as two, ServerProcess() as three:
        yield [one, two, three]


def server_of(node: Node, address: str) -> dict:
    servers = json.loads(node.admin("/v1/origins"))["origins"][0]["servers"]
    return next(server for server in servers if server["address"] == address)


def is_asked_again(node: Node, address: str, asked_before: int) -> bool:
    """By clients, not only by checks."""
    server = server_of(node, address)
    is_well = server["healthy"] and server["ejected"] is None
    return is_well and server["requests"] > asked_before + 20


def case_every_server_is_replaced_in_turn():
    health = {"path": "/health", "interval": "100ms"}
    with three_servers() as servers:
        addresses = [server.address for server in servers]
        origin = http_origin(*addresses, health=health, ejection={"base_time": "500ms"})
        with Node(config_for(origin) | {"workers": WORKERS}) as node, SteadyLoad(node) as load:
            load.go_on(200)
            for server in servers:
                server.kill()
                load.go_on(200)
                wait_until(
                    lambda: not server_of(node, server.address)["healthy"],
                    "the checks notice that a server is gone",
                )
                asked = server_of(node, server.address)["requests"]
                server.start()
                wait_until(
                    lambda: load.failures or is_asked_again(node, server.address, asked),
                    "the server that came back is asked",
                    seconds=30,
                )
                load.go_on(200)
            for address in addresses:
                expect(server_of(node, address)["failures"] > 0, f"{address} was never missed")
            expect_equal(node.metric("selvedge_origin_errors_total"), 0, "failed fetches")
        expect_equal(load.failures, [], "failed requests")


def case_a_server_that_stalls_is_passed_over():
    """Hedges answer in its stead until it is left out."""
    with three_servers() as servers:
        addresses = [server.address for server in servers]
        options = {"balance": "least_requests", "hedge": {"enabled": True}}
        options |= {"first_byte_timeout": "2s", "ejection": {"base_time": "60s"}}
        origin = http_origin(*addresses, **options)
        with Node(config_for(origin) | {"workers": WORKERS}) as node, SteadyLoad(node) as load:
            load.go_on(500)
            servers[0].stall()
            try:
                wait_until(
                    lambda: load.failures or server_of(node, addresses[0])["ejected"],
                    "the server that stalls is left out",
                    seconds=60,
                )
                load.go_on(500)
            finally:
                servers[0].resume()
            expect(node.metric("selvedge_origin_hedges_total") > 0, "no hedge was sent")
        expect_equal(load.failures, [], "failed requests")


def case_servers_that_fail_are_not_asked_much_more():
    def fail(exchange):
        exchange.respond(b"no\n", status="503 Service Unavailable")

    requests = 400
    with Origin(fallback=fail) as one, Origin(fallback=fail) as two, Origin(fallback=fail) as three:
        servers = [one, two, three]
        # Without what would keep even the first tries from them.
        options = {"breaker": {"failure_share": "0%"}, "retry": {"tries": 3, "backoff": "1ms"}}
        origin = http_origin(*(server.address for server in servers), **options)
        with Node(config_for(origin) | {"workers": WORKERS}) as node:
            with RawConnection(node.port()) as connection:
                for number in range(requests):
                    connection.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
                    status = connection.answer().status
                    expect_equal(status, 503, f"status of request {number}")
            retries = node.metric("selvedge_origin_retries_total")
        asked = sum(server.count(f"/{number}") for server in servers for number in range(requests))
    most = requests * (1 + RETRY_SHARE) + RETRY_BURST * WORKERS
    expect(asked <= most, f"{requests} requests became {asked}, at most {most:g} are allowed")
    expect(retries > 0, "nothing was tried again")


def case_a_server_that_is_left_out_is_not_waited_for():
    """A retry has nowhere to go: it ends with the failure, and others do not queue behind it."""

    def answer(exchange):
        is_failure = exchange.target.startswith("/fail")
        exchange.respond(b"x", status="503 Service Unavailable" if is_failure else "200 OK")

    with Origin(fallback=answer) as alive:
        dead = unused_address()
        config = config_for(http_origin(alive.address, dead, ejection={"base_time": "60s"}))
        with Node(config | {"workers": 1}) as node, RawConnection(node.port()) as connection:

            def status_of(path: str) -> int:
                connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                return connection.answer().status

            for number in range(30):
                expect_equal(status_of(f"/{number}"), 200, "status while a server is dead")
            expect(server_of(node, dead)["ejected"] is not None, "the dead server is not left out")
            expect_equal(status_of("/fail"), 503, "status of what the only server refuses")
            waited = json.loads(node.admin("/v1/origins"))["origins"][0]["waited"]
            expect_equal(waited, 0, "fetches that waited for a server")


run_cases(globals())
