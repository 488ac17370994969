#!/usr/bin/env python3
"""A node that is killed under load and started again serves at once; what clients were given until
then was whole."""

import pathlib
import signal
import tempfile

from client import RawConnection, curl
from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, directory_origin
from steady_clients import Clients

CONTENT = b"0123456789abcdef" * 6000
ROUNDS = 5


class RestartClients(Clients):
    """Each time they ask over a new connection, and they keep what was wrong."""

    def __init__(self, port: int):
        super().__init__(port, count=4)
        self.wrong: list[str] = []
        self.whole = 0

    def _ask_on(self) -> None:
        while not self._stop.is_set():
            try:
                with RawConnection(self._port) as connection:
                    answer = connection.send(b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n").answer()
            except (AssertionError, OSError):
                continue  # nobody listens, or it was killed in the middle: the client knows
            if answer.status != 200 or answer.body != CONTENT:
                self.wrong.append(f"{answer.status}, {len(answer.body)} bytes")
            self.whole += 1


def free_port() -> int:
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(directory_origin(root))) as node:
            return node.port()


def case_killed_and_started_again():
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "a").write_bytes(CONTENT)
        port = free_port()
        config = config_for(directory_origin(root))
        config["listeners"] = [{"name": "http", "address": f"127.0.0.1:{port}"}]
        with RestartClients(port) as clients:
            for _ in range(ROUNDS):
                node = Node(config)
                node.__enter__()
                before = clients.whole
                wait_until(lambda: clients.whole > before + 50, "clients are served")
                node.signal(signal.SIGKILL)
                node.process.wait()
            with Node(config) as node:
                expect_equal(curl(node.url("/a")).body, CONTENT, "content in the end")
        expect(not clients.wrong, f"wrong answers: {clients.wrong[:3]}")


run_cases(globals())
