"""What the tests of HTTP/2's rules share: a node, streams in every state, and tables of what a
client may not do, by what the node says to it.

    check(node, {CONNECTION: {"PING of a stream": sends(frame(h2.PING, 0, 1, bytes(8)))}})
"""

import contextlib
import pathlib
import tempfile
import threading

from h2_client import Http2, Response
from h2_wire import (
    END_HEADERS,
    END_STREAM,
    data,
    headers,
    request,
    rst_stream,
    window_update,
)
from harness import expect, expect_equal
from node import Node, config_for, directory_origin, http_origin
from origin import Origin

# What may come: a status, the code of an error of the stream or of the connection, or nothing.
# Several, with "|" between them, where the RFC leaves the choice.
FINE = "nothing"
OK = "200"
CONNECTION = "GOAWAY PROTOCOL_ERROR"
STREAM = "RST_STREAM PROTOCOL_ERROR"
FRAME_SIZE = "GOAWAY FRAME_SIZE_ERROR"
COMPRESSION = "GOAWAY COMPRESSION_ERROR"
FLOW = "GOAWAY FLOW_CONTROL_ERROR"
CLOSED = "RST_STREAM STREAM_CLOSED"
ANY_CLOSED = "GOAWAY STREAM_CLOSED|RST_STREAM STREAM_CLOSED"

released = threading.Event()  # of what waits at /hold


def echo(exchange) -> None:
    """What has arrived, line by line."""
    lines = [f"{exchange.method} {exchange.target} {len(exchange.body)}"]
    lines += [f"{name}: {value}" for name, value in exchange.fields.items()]
    exchange.respond("\n".join(lines).encode(), "Connection: keep-alive", "Keep-Alive: timeout=5")


def hold(exchange) -> None:
    released.wait(20)
    exchange.respond(b"late")


class QuietOrigin(Origin):
    def handle_error(self, *_) -> None:
        """An upload that breaks off is no news here."""


@contextlib.contextmanager
def any_node(tls=False, **sections):
    """Files below /files/, and an origin that says what it got."""
    released.clear()
    answers = {"/echo": echo, "/hold": hold}
    with QuietOrigin(answers, fallback=echo) as origin, tempfile.TemporaryDirectory() as www:
        files = pathlib.Path(www) / "files"
        files.mkdir()
        (files / "index.html").write_text("a file\n")
        (files / "large").write_bytes(b"b" * 300_000)
        routes = [{"prefix": "/files/", "origin": "files"}, {"prefix": "/", "origin": "app"}]
        config = config_for(directory_origin(www)) | {
            "origins": [directory_origin(www), http_origin(origin.address)],
            "sites": [{"name": "all", "hosts": ["*"], "routes": routes}],
        }
        with Node(config | sections, tls=tls) as node:
            try:
                yield node
            finally:
                released.set()


# --- streams in every state


def opened(client: Http2, *fields, path="/echo") -> int:
    stream = client.open_stream()
    client.send(headers(stream, request(path, *fields, method="POST"), END_HEADERS))
    return stream


def half_closed(client: Http2) -> int:
    stream = client.open_stream()
    client.send(headers(stream, request("/hold")))
    return stream


def closed_by_end(client: Http2) -> int:
    expect_equal(client.get().status, 200, "a request")
    stream = client.next_stream - 2
    client.responses[stream] = Response()  # what follows the answer counts
    return stream


def reset_by_client(client: Http2) -> int:
    stream = opened(client)
    client.send(rst_stream(stream))
    expect(client.sync(), "RST_STREAM of an open stream")
    return stream


def reset_by_node(client: Http2) -> int:
    stream = opened(client)
    client.send(window_update(stream, 0))
    expect(client.sync(), "WINDOW_UPDATE of 0")
    client.responses[stream] = Response()  # what follows that RST_STREAM counts
    return stream


def passed_over(client: Http2) -> int:
    stream = client.open_stream()
    closed_by_end(client)
    return stream


def idle(client: Http2) -> int:
    return client.next_stream + 100


# --- what a client does: a function that returns the stream it is about


def sends(*parts: bytes, on: int = 0):
    def send(client: Http2) -> int:
        client.send(*parts)
        return on

    return send


def on(state, *frames):
    """Frames, made by functions of the stream, on a stream in a state."""

    def send(client: Http2) -> int:
        stream = state(client)
        client.send(*(make(stream) for make in frames))
        return stream

    return send


def block(*parts: bytes, flags=END_HEADERS | END_STREAM):
    """A request whose field block is this."""
    return on(Http2.open_stream, lambda stream: headers(stream, b"".join(parts), flags))


def asks(*fields, path="/echo", **pseudo):
    return on(Http2.open_stream, lambda stream: headers(stream, request(path, *fields, **pseudo)))


def posts(*fields, contents=(), trailers=None):
    """Contents are whole payloads of DATA, or (flags, payload)."""

    def send(client: Http2) -> int:
        stream = opened(client, *fields)
        for i, content in enumerate(contents):
            flags, payload = content if isinstance(content, tuple) else (0, content)
            is_last = i == len(contents) - 1 and trailers is None
            client.send(data(stream, payload, flags | (END_STREAM if is_last else 0)))
        if trailers is not None:
            client.send(headers(stream, trailers))
        return stream

    return send


def acknowledged(*pairs, flags: int = 0):
    """SETTINGS that are right: the client counts on their ACK."""

    def send(client: Http2) -> int:
        client.send_settings(*pairs, flags=flags)
        return 0

    return send


# --- what the node does


def seen(client: Http2, stream: int, wants_answer: bool, syncs: bool = True) -> str:
    """What the node did to what it got: "GOAWAY CODE", "RST_STREAM CODE", a status, "nothing"."""
    if syncs:
        client.sync(5)
    else:
        client.read_until(lambda: client.goaway is not None, 5)
    answer = client.responses.get(stream, Response())
    if wants_answer and client.goaway is None and not client.is_closed and not answer.reset:
        answer = client.response(stream, 5)
        client.sync(5)
    if client.goaway is not None:
        closes = client.read_all(5)
        return f"GOAWAY {client.goaway}" + ("" if closes else ", and stays open")
    if client.is_closed:
        return "closed"
    parts = [str(answer.status)] if answer.status else []
    parts += [f"RST_STREAM {answer.reset}"] if answer.reset else []
    return ", ".join(parts) or "nothing"


def check(node: Node, table: dict, **options) -> None:
    """Each row on a connection of its own; after an error of a stream, the connection goes on."""
    wrong = []
    for allowed, rows in table.items():
        choices = allowed.split("|")
        wants_answer = FINE not in choices and any(not one.startswith("GOAWAY") for one in choices)
        for what, send in rows.items():
            with Http2(node.port(), timeout=10, **options) as client:
                try:
                    got = seen(client, send(client) or 0, wants_answer)
                    goes_on = got[:6] in ("GOAWAY", "closed") or client.get().status == 200
                except (AssertionError, OSError) as error:
                    got, goes_on = f"{type(error).__name__}: {error}", True
            if got not in choices:
                wrong.append(f"{what}: expected {allowed}, got {got}")
            if not goes_on:
                wrong.append(f"{what}: {got}, and the connection does not go on")
    expect(not wrong, "\n  " + "\n  ".join(wrong))
