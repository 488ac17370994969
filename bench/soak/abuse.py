"""Clients that do what they must not: their answers do not count, only what they do to others. They
come from 127.0.0.2, so that what the node does against them is not done to the load."""

import contextlib
import socket
import struct

import h2_wire

SOURCE = ("127.0.0.2", 0)
CROWD = 500  # connections that come and go
READERS = 20  # slow ones that come at once; three times as many at most

MALFORMED = [
    b"GET /o/1/1 HTTP/1.1\r\n\r\n",
    b"GET  /o/1/1 HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET /o/1/1 HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
    b"GET /o/1/1 HTTP/1.1\r\nHost : t\r\n\r\n",
    b"GET /o/1/1 HTTP/1.1\r\nHost: t\r\n folded: x\r\n\r\n",
    b"GET /o/1/1 HTTP/1.1\nHost: t\n\n",
    b"GET /o/1/1 HTTP/9.9\r\nHost: t\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: t\r\n\r\n",
    b"G@T /o/1/1 HTTP/1.1\r\nHost: t\r\n\r\n",
    b"POST /o/1/1 HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST /o/1/1 HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
    b"POST /o/1/1 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /o/1/1 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET /o/1/1 HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    bytes(range(256)) * 8,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=2, source_address=SOURCE)


def end_with_reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def malformed_heads(port: int) -> None:
    for head in MALFORMED * 3:
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.settimeout(0.2)
            connection.sendall(head)
            while connection.recv(65536):
                pass


def rapid_resets(port: int) -> None:
    """CVE-2023-44487: streams that are begun and reset at once, without end."""
    fields = h2_wire.request("/o/1/1")
    for _ in range(5):
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(h2_wire.PREFACE + h2_wire.settings())
            for first in range(1, 4001, 200):
                streams = range(first, first + 200, 2)
                connection.sendall(
                    b"".join(
                        h2_wire.headers(stream, fields) + h2_wire.rst_stream(stream)
                        for stream in streams
                    )
                )


def come_and_go(port: int) -> None:
    """Some ask and do not wait, some say half of a head, some nothing."""
    held = []
    words = [b"GET /o/2/2000 HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /o/2/2000 HTT", b""]
    for number in range(CROWD):
        with contextlib.suppress(OSError):
            connection = connect(port)
            held.append(connection)
            connection.sendall(words[number % len(words)])
    for number, connection in enumerate(held):
        if number % 2:
            end_with_reset(connection)
        else:
            connection.close()


class SlowReaders:
    """Clients that ask for something large and take nothing; the node ends them in its time."""

    def __init__(self):
        self._held: list[socket.socket] = []

    def come(self, port: int, path: str) -> None:
        for _ in range(READERS):
            with contextlib.suppress(OSError):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.bind(SOURCE)
                connection.settimeout(2)
                connection.connect(("127.0.0.1", port))
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
                self._held.append(connection)
        while len(self._held) > 3 * READERS:
            self._held.pop(0).close()

    def close(self) -> None:
        for connection in self._held:
            connection.close()
        self._held.clear()
