#!/usr/bin/env python3
"""Clients of HTTP/2 that cost more than they ask: the node ends their connections, mostly with
ENHANCE_YOUR_CALM, stays small, and serves the others meanwhile."""

import contextlib
import socket
import time

import h2_wire as h2
from h2_client import Http2
from h2_wire import (
    END_HEADERS,
    END_STREAM,
    PADDED,
    continuation,
    data,
    encode,
    frame,
    headers,
    indexed,
    literal,
    padded,
    ping,
    priority,
    priority_update,
    request,
    rst_stream,
    settings,
    window_update,
)
from harness import expect, expect_equal, is_sanitized, run_cases
from node import Node, config_for, http_origin
from silent_origin import silent_node

MIB = 1 << 20
MOST_GROWTH = 24 * MIB  # of the node, by all of the clients of a case
HEAD = encode(request("/files/index.html"))
HOLD = encode(request("/hold"))
POST = encode(request("/hold", method="POST"))


def is_served(node: Node) -> float:
    """Seconds that an ordinary client waits, over a connection of its own."""
    begin = time.monotonic()
    with Http2(node.port(), timeout=20) as client:
        expect_equal(client.get().status, 200, "an ordinary client")
    return time.monotonic() - begin


def outcome(client: Http2) -> str:
    if client.goaway is not None:
        return f"GOAWAY {client.goaway}"
    return "closed" if client.is_closed else "it goes on"


def flood(node, make, *, before=None, most=2 * MIB, batch=64, reads=True) -> tuple[str, float]:
    """Sends make(i, stream) over and over, until the node ends it or has got `most` bytes. With
    `reads`, what the node says is read meanwhile. How it ended, and how long others had to wait."""
    with Http2(node.port(), receive_buffer=0 if reads else 4096) as client:
        client.give(0, h2.LARGEST_WINDOW - h2.FIRST_WINDOW)
        client.sync()
        client.counts_acks = False
        stream = before(client) if before else 0
        sent, slowest = 0, 0.0
        asked_at = deadline = time.monotonic() + 20

        def is_over() -> bool:
            return client.goaway is not None or client.is_closed

        for i in range(0, 10**9, batch):
            left = memoryview(b"".join(make(i + k, stream) for k in range(batch)))
            while left and not is_over() and time.monotonic() < deadline:
                size = client.send_some(left)
                sent, left = sent + size, left[size:]
                if reads:
                    client.read_until(is_over, 0)
                elif size == 0:
                    time.sleep(0.002)
            if is_over() or sent >= most or time.monotonic() >= deadline:
                break
            if time.monotonic() - asked_at > 0.3:
                slowest = max(slowest, is_served(node))
                asked_at = time.monotonic()
        slowest = max(slowest, is_served(node))
        client.sync(5)
        return outcome(client), slowest


def check(rows: dict, *errors: str, may_go_on=False) -> None:
    """Rows are make(i, stream), or that and options of flood(). `errors` may end it, too."""
    allowed = ["closed", *(f"GOAWAY {code}" for code in ("ENHANCE_YOUR_CALM", *errors))]
    allowed += ["it goes on"] if may_go_on else []
    wrong = []
    with silent_node(workers=1) as node:
        is_served(node)
        first = node.resident_bytes()
        for what, row in rows.items():
            make, options = row if isinstance(row, tuple) else (row, {})
            try:
                how, slowest = flood(node, make, **options)
            except AssertionError as error:
                how, slowest = str(error), 0.0
            grown = node.resident_bytes("VmHWM") - first
            if how not in allowed:
                wrong.append(f"{what}: {how}")
            if slowest > 5:
                wrong.append(f"{what}: others wait {slowest:.1f} s")
            if grown > MOST_GROWTH and not is_sanitized():
                wrong.append(f"{what}: the node has grown by {grown / MIB:.1f} MiB")
                break
        is_served(node)
    expect(not wrong, "\n  " + "\n  ".join(wrong))


UNREAD = {"reads": False}


def open_upload(client: Http2) -> int:
    client.send(headers(1, POST, END_HEADERS))
    return 1


def reset_by_node(client: Http2) -> int:
    client.send(headers(1, POST, END_HEADERS), window_update(1, 0))
    return 1


def reset_by_client(client: Http2) -> int:
    client.send(headers(1, POST, END_HEADERS), rst_stream(1))
    return 1


def begin_block(client: Http2) -> int:
    client.send(headers(1, b"", END_STREAM))
    return 1


UPLOAD = {"before": open_upload}
RESET = {"before": reset_by_node}


# --- streams


def case_streams_that_the_client_resets():
    def rapid(head):
        return lambda i, _: headers(2 * i + 1, head) + rst_stream(2 * i + 1)

    def two_of_three(i, _):
        ids = [6 * i + k for k in (1, 3, 5)]
        return b"".join(headers(s, HOLD) for s in ids) + b"".join(map(rst_stream, ids[:2]))

    check(
        {
            "rapid reset": rapid(HOLD),
            "rapid reset of files": rapid(HEAD),
            "rapid reset, unread": (rapid(HOLD), UNREAD),
            "two of three are reset": (two_of_three, {"batch": 16}),
            "RST_STREAM again": (lambda i, s: rst_stream(s), {"before": reset_by_client}),
            "too many streams": lambda i, _: headers(2 * i + 1, HOLD),
        }
    )


def case_streams_that_the_node_must_reset():
    """Each by an error of the client, which leaves the request to be worked on."""

    def ended(fault):
        return lambda i, _: headers(2 * i + 1, HOLD) + fault(2 * i + 1)

    def open_(fault):
        return lambda i, _: headers(2 * i + 1, POST, END_HEADERS) + fault(2 * i + 1)

    length = POST + literal("content-length", "1")
    check(
        {
            "WINDOW_UPDATE of 0": ended(lambda s: window_update(s, 0)),
            "window overflow": ended(lambda s: window_update(s, h2.LARGEST_WINDOW)),
            "DATA behind the end": ended(lambda s: data(s, b"a")),
            "HEADERS behind the end": ended(lambda s: headers(s, HEAD)),
            "PRIORITY of 4 bytes": ended(lambda s: frame(h2.PRIORITY, 0, s, bytes(4))),
            "PRIORITY on itself": ended(lambda s: priority(s, s)),
            "trailers that do not end": open_(lambda s: headers(s, literal("x", "y"), END_HEADERS)),
            "malformed trailers": open_(lambda s: headers(s, literal(":x", "y"))),
            "malformed requests": lambda i, _: headers(2 * i + 1, literal("x", "y")),
            "invalid fields": lambda i, _: headers(2 * i + 1, HEAD + literal("x y", "z")),
            "too much content": lambda i, _: headers(2 * i + 1, length, END_HEADERS)
            + data(2 * i + 1, b"ab"),
            "empty HEADERS": lambda i, _: headers(2 * i + 1, b""),
        },
        # Where there is no stream any more that could be reset.
        *("STREAM_CLOSED", "FRAME_SIZE_ERROR", "PROTOCOL_ERROR"),
    )


# --- frames that are no requests


def case_frames_of_the_connection():
    many = settings(*[(h2.INITIAL_WINDOW_SIZE, 65535)] * 2700)
    check(
        {
            "PING": lambda i, _: ping(),
            "PING, unread": (lambda i, _: ping(), UNREAD),
            "ACK of PING": lambda i, _: ping(flags=h2.ACK),
            "SETTINGS": lambda i, _: settings((h2.INITIAL_WINDOW_SIZE, 65535)),
            "SETTINGS, unread": (lambda i, _: settings(), UNREAD),
            "empty SETTINGS": lambda i, _: settings(),
            "large SETTINGS": (lambda i, _: many, {"batch": 4, "most": 16 * MIB}),
            "ACK of SETTINGS": lambda i, _: settings(flags=h2.ACK),
            "PRIORITY": lambda i, _: priority(2 * i + 1),
            "PRIORITY_UPDATE": lambda i, _: priority_update(2 * i + 1, b"u=1"),
            "an unknown frame": lambda i, _: frame(0xBB),
            "GOAWAY": (lambda i, _: h2.goaway(), UPLOAD),
        }
    )


def case_frames_of_a_stream():
    check(
        {
            "WINDOW_UPDATE": (lambda i, s: window_update(s, 1), UPLOAD),
            "empty DATA": (lambda i, s: data(s, b"", 0), UPLOAD),
            "DATA of padding, 0": (lambda i, s: data(s, b"\0", PADDED), UPLOAD),
            "DATA of padding, 255": (lambda i, s: data(s, padded(b"", 255), PADDED), UPLOAD),
            "PING beside small DATA": (lambda i, s: data(s, b"a", 0) + ping() * 4, UPLOAD),
            "DATA for a stream that was reset": (lambda i, s: data(s, b"a", 0), RESET),
            "HEADERS for a stream that was reset": (lambda i, s: headers(s, HEAD), RESET),
        }
    )


def case_what_is_only_wasteful():
    """It may end or not, as long as it costs the others nothing."""
    check(
        {
            "large unknown frames": (
                lambda i, _: frame(0xBB, 0, 0, bytes(16384)),
                {"batch": 4, "most": 16 * MIB},
            ),
            "DATA of one byte": (lambda i, s: data(s, b"a", 0), UPLOAD | {"most": MIB // 2}),
            "cookies": (
                lambda i, _: headers(2 * i + 1, HEAD + literal("cookie", "a") * 1000),
                {"batch": 4, "most": 4 * MIB},
            ),
        },
        may_go_on=True,
    )


# --- field blocks


def case_field_blocks_without_end():
    big = literal("x-big", "a" * 4000, adds=True)
    long_string = b"\x00" + h2.integer(2**31 - 1, 7)

    def bomb(i, _):
        """A few bytes a field, thousands of them when decoded."""
        return continuation(1, (big if i == 0 else b"") + indexed(62) * 12000, 0)

    def small_bombs(i, _):
        return headers(2 * i + 1, HEAD + (big if i == 0 else b"") + indexed(62) * 16)

    def one_string(i, _):
        return continuation(1, (long_string if i == 0 else b"") + b"a" * 16000, 0)

    def large_fields(i, _):
        return continuation(1, literal("x", "y" * 16000), 0)

    begun = {"before": begin_block}
    check(
        {
            "CONTINUATION of a byte": (lambda i, s: continuation(s, b"\x82", 0), begun),
            "CONTINUATION of fields": (
                lambda i, s: continuation(s, literal("x", "y"), 0),
                begun,
            ),
            "CONTINUATION of large fields": (large_fields, begun | {"batch": 4}),
            "CONTINUATION of one string": (one_string, begun | {"batch": 4}),
            "empty CONTINUATION": (lambda i, s: continuation(s, b"", 0), begun),
            "HPACK bomb": (bomb, begun | {"batch": 1}),
        },
        "COMPRESSION_ERROR",
    )
    check({"HPACK bombs within one frame": small_bombs}, may_go_on=True)


# --- content


def case_many_clients_at_once():
    """Fifty connections, each with a hundred uploads, all ended in the middle, over and over."""
    uploads = b"".join(
        headers(2 * i + 1, POST, END_HEADERS) + data(2 * i + 1, bytes(8000), 0) for i in range(100)
    )
    with silent_node(workers=1) as node:
        is_served(node)
        for _ in range(2):
            with contextlib.ExitStack() as stack:
                for _ in range(50):
                    stack.enter_context(Http2(node.port())).send(uploads)
                waited = is_served(node)
                expect(waited < 10, f"others wait {waited:.1f} s")


def case_content_in_tiny_frames():
    """An origin that takes nothing, and a client that fills its windows with frames of one byte."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # nobody else gets in
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        app = http_origin(address, connect_timeout="60s")
        with Node(config_for(app, workers=1)) as node, Http2(node.port()) as client:
            client.sync()
            first = node.resident_bytes()
            for _ in range(8):
                stream = client.open_stream()
                client.send(headers(stream, request("/", method="POST"), END_HEADERS))
                tiny = data(stream, b"a", 0) * 1000
                for _ in range(128):
                    client.send(tiny)
                    expect(client.sync(), f"tiny DATA: {client.goaway}, {client.may_send}")
            grown = node.resident_bytes() - first
            # Of 1 MiB of content.
            expect(grown < 8 * MIB or is_sanitized(), f"grown by {grown / MIB:.1f} MiB")


if __name__ == "__main__":
    run_cases(globals())
