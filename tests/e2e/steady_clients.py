"""Clients that keep their connections and ask all the time, and to whom no request may fail:

    with SteadyClients(node.port(), "/a.js", content) as clients:
        ...
    clients.check()

A connection may end only where HTTP/1.1 says that it does: after an answer with Connection: close.
"""

import threading

from client import RawConnection
from harness import expect


class Clients:
    """Threads that ask until the block ends: each has one _ask_on()."""

    def __init__(self, port: int, count: int):
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


class SteadyClients(Clients):
    def __init__(self, port: int, path: str, content: bytes, count: int = 8):
        super().__init__(port, count)
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self._content = content
        self.answers = 0  # read only after the end: each thread counts for itself
        self.connections = 0
        self.failures: list[str] = []
        self._lock = threading.Lock()

    def _ask_on(self) -> None:
        answers = connections = 0
        try:
            while not self._stop.is_set():
                connections += 1
                answers += self._use_one_connection()
        except Exception as error:  # told by check(), in the thread of the test
            self.failures.append(f"{type(error).__name__}: {error}")
        with self._lock:
            self.answers += answers
            self.connections += connections

    def _use_one_connection(self) -> int:
        answers = 0
        with RawConnection(self._port) as connection:
            while not self._stop.is_set():
                answer = connection.send(self._request).answer()
                expect(answer.status == 200, f"status {answer.status}")
                expect(answer.body == self._content, "wrong content")
                answers += 1
                if answer.field("connection") == "close":
                    break
        return answers

    def check(self, least: int) -> None:
        expect(not self.failures, f"failed requests: {self.failures[:3]}")
        expect(self.answers >= least, f"only {self.answers} answers")
