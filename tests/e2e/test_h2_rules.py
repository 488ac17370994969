#!/usr/bin/env python3
"""Frames of HTTP/2 that are wrong in themselves or in their place (RFC 9113, 4 and 6) end the
connection, or the stream they are about, with the code that the RFC names; what only looks odd is
answered."""

import struct

import h2_wire as h2
from h2_checks import (
    CONNECTION,
    FINE,
    FLOW,
    FRAME_SIZE,
    OK,
    STREAM,
    acknowledged,
    any_node,
    asks,
    block,
    check,
    closed_by_end,
    half_closed,
    idle,
    on,
    opened,
    posts,
    sends,
)
from h2_client import Http2
from h2_wire import (
    ACK,
    END_HEADERS,
    END_STREAM,
    HAS_PRIORITY,
    PADDED,
    continuation,
    data,
    encode,
    frame,
    headers,
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
from harness import expect, run_cases

HEAD = encode(request())
ECHO = encode(request("/echo"))
WHOLE = END_HEADERS | END_STREAM
NO_DEPENDENCY = struct.pack(">IB", 0, 0)


# --- what is odd, and right


def in_pieces(client: Http2) -> int:
    """One field block in many frames."""
    stream = client.open_stream()
    text = encode(request("/echo", ("x-long", "a" * 3000)))
    parts = [text[i : i + 100] for i in range(0, len(text), 100)]
    client.send(headers(stream, parts[0], END_STREAM))
    client.send(*(continuation(stream, part, 0) for part in parts[1:-1]))
    client.send(continuation(stream, parts[-1]))
    return stream


def a_megabyte(client: Http2) -> int:
    """Both windows, more than once over."""
    stream = opened(client)
    sent = 0

    def room() -> int:
        updates = [f for f in client.frames if f.kind == h2.WINDOW_UPDATE and f.stream == stream]
        given = sum(int.from_bytes(update.payload, "big") for update in updates)
        of_stream = client.peer_settings[h2.INITIAL_WINDOW_SIZE] + given - sent
        return min(of_stream, client.may_send - sent)

    while sent < 1_000_000:
        expect(client.read_until(lambda: room() > 0, 10), "no window is given back")
        size = min(room(), 16384)
        client.send(data(stream, bytes(size), 0))
        sent += size
    client.send(data(stream))
    return stream


def case_what_a_good_client_sends_is_answered():
    first_stream = 1 | 1 << 31  # the reserved bit is ignored
    odd_flags = WHOLE | 0xD2
    with_priority = padded(struct.pack(">IB", 0, 200) + ECHO, 200)
    rows = {
        "CONTINUATION": in_pieces,
        "an empty CONTINUATION": on(
            Http2.open_stream,
            lambda s: headers(s, ECHO, END_STREAM),
            lambda s: continuation(s, b""),
        ),
        "an empty HEADERS": on(
            Http2.open_stream,
            lambda s: headers(s, b"", END_STREAM),
            lambda s: continuation(s, ECHO),
        ),
        "the reserved bit of a stream id": on(
            Http2.open_stream, lambda s: headers(first_stream, request("/echo"))
        ),
        "flags nobody knows": block(ECHO, flags=odd_flags),
        "padding and a priority": block(with_priority, flags=WHOLE | PADDED | HAS_PRIORITY),
        "no padding": block(padded(ECHO, 0), flags=WHOLE | PADDED),
        "the largest frame": posts(contents=[bytes(16384)]),
        "padding of DATA": posts(
            ("content-length", "5"), contents=[(PADDED, padded(b"hello", 255))]
        ),
        "only padding": posts(("content-length", "0"), contents=[(PADDED, padded(b"", 9))]),
        "nothing but a pad length": posts(
            ("content-length", "1"), contents=[(PADDED, padded(b"", 0)), b"1"]
        ),
        "empty DATA": posts(("content-length", "2"), contents=[b"", b"1", b"", b"2", b""]),
        "trailers": posts(("content-length", "2"), contents=[b"12"], trailers=[("x-sum", "1")]),
        "trailers alone": posts(trailers=[("x-sum", "1")]),
        "te: trailers": asks(("te", "trailers")),
        "OPTIONS *": asks(path="*", method="OPTIONS"),
        "Host in the place of :authority": asks(("host", "localhost"), authority=None),
        "Host like :authority": asks(("host", "localhost")),
        "Host like :authority, but for the case": asks(("host", "LOCALhost")),
        "Host with the default port": asks(("host", "localhost:80")),
        "Host with an empty port": asks(("host", "localhost:")),
        ":authority with the default port": asks(("host", "localhost"), authority="localhost:80"),
        "an upload of a megabyte": a_megabyte,
    }
    with any_node() as node:
        check(node, {OK: rows})


# --- 4 and 6


def case_frames_of_a_wrong_size():
    sizes = {
        "an unknown frame that is too large": sends(frame(0xBB, 0, 0, bytes(16385))),
        "HEADERS that are too large": sends(headers(1, literal("x", "a" * 17000))),
        "SETTINGS that are too large": sends(frame(h2.SETTINGS, 0, 0, bytes(16386))),
        "PING that is too large": sends(frame(h2.PING, 0, 0, bytes(16385))),
        "a length of 2^24-1": sends(frame(h2.DATA, 0, 1, bytes(20), length=2**24 - 1)),
        "HEADERS too short for the priority": sends(headers(1, bytes(3), WHOLE | HAS_PRIORITY)),
        "an ACK of SETTINGS with a payload": sends(frame(h2.SETTINGS, ACK, 0, bytes(6))),
        "an ACK of SETTINGS with one byte": sends(frame(h2.SETTINGS, ACK, 0, b"\0")),
        "SETTINGS of 3 bytes": sends(frame(h2.SETTINGS, 0, 0, bytes(3))),
        "SETTINGS of 7 bytes": sends(frame(h2.SETTINGS, 0, 0, bytes(7))),
        "an ACK of PING of 7 bytes": sends(frame(h2.PING, ACK, 0, bytes(7))),
        "WINDOW_UPDATE of 3 bytes": sends(frame(h2.WINDOW_UPDATE, 0, 0, bytes(3))),
        "WINDOW_UPDATE of 5 bytes": on(
            opened, lambda s: frame(h2.WINDOW_UPDATE, 0, s, bytes(5))
        ),
        "GOAWAY of 7 bytes": sends(frame(h2.GOAWAY, 0, 0, bytes(7))),
        "PRIORITY_UPDATE of 3 bytes": sends(frame(h2.PRIORITY_UPDATE, 0, 0, bytes(3))),
        "PRIORITY_UPDATE, empty": sends(frame(h2.PRIORITY_UPDATE, 0, 0)),
    }
    for size in (0, 7, 9):
        sizes[f"PING of {size} bytes"] = sends(frame(h2.PING, 0, 0, bytes(size)))
    for size in (0, 3, 5):
        sizes[f"RST_STREAM of {size} bytes"] = on(
            opened, lambda s, size=size: frame(h2.RST_STREAM, 0, s, bytes(size))
        )
    of_priority = {
        f"PRIORITY of {size} bytes": on(
            opened, lambda s, size=size: frame(h2.PRIORITY, 0, s, bytes(size))
        )
        for size in (0, 4, 6)
    }
    table = {
        FRAME_SIZE: sizes,
        "RST_STREAM FRAME_SIZE_ERROR": of_priority,
        FRAME_SIZE + "|RST_STREAM FRAME_SIZE_ERROR": {
            "DATA that is too large": on(opened, lambda s: data(s, bytes(16385), 0)),
            "PRIORITY of 4 bytes, idle": on(idle, lambda s: frame(h2.PRIORITY, 0, s, bytes(4))),
            "PRIORITY of 4 bytes, closed": on(
                closed_by_end, lambda s: frame(h2.PRIORITY, 0, s, bytes(4))
            ),
        },
    }
    with any_node() as node:
        check(node, table)


def case_padding():
    """6.1 and 6.2: as long as the payload, or longer."""
    too_much = {
        "DATA: a pad length and nothing": on(opened, lambda s: data(s, padded(b"", 0, 1), PADDED)),
        "DATA: longer": on(opened, lambda s: data(s, padded(b"hello", 0, 200), PADDED)),
        "DATA: as long": on(opened, lambda s: data(s, padded(b"hello", 0, 6), PADDED)),
        "HEADERS: as long": block(padded(HEAD, 0, len(HEAD) + 1), flags=WHOLE | PADDED),
        "HEADERS: longer": block(padded(HEAD[:20], 0, 255), flags=WHOLE | PADDED),
        "HEADERS: into the priority": block(
            padded(NO_DEPENDENCY + b"\x82", 0, 4), flags=WHOLE | PADDED | HAS_PRIORITY
        ),
    }
    table = {
        CONNECTION: too_much,
        f"{FRAME_SIZE}|{CONNECTION}|RST_STREAM FRAME_SIZE_ERROR": {
            "DATA: no pad length": on(opened, lambda s: data(s, b"", PADDED)),
            "HEADERS: no pad length": sends(headers(1, b"", WHOLE | PADDED)),
        },
    }
    with any_node() as node:
        check(node, table)


def case_settings():
    """6.5.2."""
    table = {
        CONNECTION: {
            "SETTINGS of a stream": sends(frame(h2.SETTINGS, 0, 1)),
            "an ACK of a stream": sends(frame(h2.SETTINGS, ACK, 1)),
            "ENABLE_PUSH 2": sends(settings((h2.ENABLE_PUSH, 2))),
            "ENABLE_PUSH 2^32-1": sends(settings((h2.ENABLE_PUSH, 2**32 - 1))),
            "MAX_FRAME_SIZE 0": sends(settings((h2.MAX_FRAME_SIZE, 0))),
            "MAX_FRAME_SIZE 16383": sends(settings((h2.MAX_FRAME_SIZE, 16383))),
            "MAX_FRAME_SIZE 2^24": sends(settings((h2.MAX_FRAME_SIZE, 2**24))),
            "NO_RFC7540_PRIORITIES 2": sends(settings((h2.NO_RFC7540_PRIORITIES, 2))),
            "a bad value that a good one follows": sends(
                settings((h2.ENABLE_PUSH, 2), (h2.ENABLE_PUSH, 0))
            ),
        },
        FLOW: {
            "INITIAL_WINDOW_SIZE 2^31": sends(settings((h2.INITIAL_WINDOW_SIZE, 2**31))),
            "INITIAL_WINDOW_SIZE 2^32-1": sends(settings((h2.INITIAL_WINDOW_SIZE, 2**32 - 1))),
        },
        FINE: {
            "flags nobody knows": acknowledged(flags=0xFE),
            "ENABLE_PUSH 1": acknowledged((h2.ENABLE_PUSH, 1)),
            "INITIAL_WINDOW_SIZE 2^31-1": acknowledged((h2.INITIAL_WINDOW_SIZE, 2**31 - 1)),
            "MAX_FRAME_SIZE 2^24-1": acknowledged((h2.MAX_FRAME_SIZE, 2**24 - 1)),
            "unknown settings": acknowledged((0, 1), (0xFF, 2**32 - 1), (0xFFFF, 0)),
            "a setting twice": acknowledged((h2.ENABLE_PUSH, 1), (h2.ENABLE_PUSH, 0)),
            "no streams, no fields": acknowledged(
                (h2.MAX_CONCURRENT_STREAMS, 0), (h2.MAX_HEADER_LIST_SIZE, 0)
            ),
        },
    }
    with any_node() as node:
        check(node, table)


def case_windows():
    """6.9."""
    table = {
        CONNECTION: {"0, connection": sends(window_update(0, 0))},
        STREAM: {
            "0, open": on(opened, lambda s: window_update(s, 0)),
            "0, half-closed": on(half_closed, lambda s: window_update(s, 0)),
            "0 with the reserved bit": on(
                opened, lambda s: frame(h2.WINDOW_UPDATE, 0, s, b"\x80\0\0\0")
            ),
        },
        FLOW: {
            "that of the connection overflows": sends(window_update(0, 2**31 - 1)),
            "it overflows by steps": sends(
                window_update(0, 2**31 - 1 - 65535), window_update(0, 1)
            ),
            "SETTINGS make one overflow": on(
                half_closed,
                lambda s: window_update(s, 2**31 - 1 - 65535),
                lambda s: settings((h2.INITIAL_WINDOW_SIZE, 65536)),
            ),
        },
        "RST_STREAM FLOW_CONTROL_ERROR": {
            "that of a stream overflows": on(half_closed, lambda s: window_update(s, 2**31 - 1)),
            "that of an open stream": on(opened, lambda s: window_update(s, 2**31 - 1)),
        },
        FINE: {
            "that of the connection at its most": sends(window_update(0, 2**31 - 1 - 65535)),
            "flags nobody knows": sends(frame(h2.WINDOW_UPDATE, 0xFF, 0, b"\0\0\0\1")),
            "the reserved bit": sends(frame(h2.WINDOW_UPDATE, 0, 0, b"\x80\0\0\1")),
        },
    }
    with any_node() as node:
        check(node, table)


def case_frames_in_the_wrong_place():
    promise = struct.pack(">I", 2) + HEAD
    behind_end = [headers(1, request("/hold"), END_STREAM), continuation(1, literal("x", "y"))]
    wrong = {
        "PING of a stream": sends(frame(h2.PING, 0, 1, bytes(8))),
        "an ACK of PING of a stream": sends(frame(h2.PING, ACK, 1, bytes(8))),
        "GOAWAY of a stream": sends(frame(h2.GOAWAY, 0, 1, bytes(8))),
        "PUSH_PROMISE of stream 0": sends(frame(h2.PUSH_PROMISE, END_HEADERS, 0, promise)),
        "PUSH_PROMISE": on(opened, lambda s: frame(h2.PUSH_PROMISE, END_HEADERS, s, promise)),
        "PRIORITY_UPDATE on a stream": sends(frame(h2.PRIORITY_UPDATE, 0, 1, b"\0\0\0\1u=1")),
        "PRIORITY_UPDATE about stream 0": sends(priority_update(0, b"u=1")),
        "PRIORITY_UPDATE about a push": sends(priority_update(2, b"u=1")),
        "CONTINUATION first": sends(continuation(1, HEAD)),
        "CONTINUATION of stream 0": sends(continuation(0, HEAD)),
        "CONTINUATION behind END_HEADERS": sends(
            headers(1, request("/hold")), continuation(1, literal("x", "y"))
        ),
        "CONTINUATION behind the last": sends(*behind_end, continuation(1, literal("x", "y"))),
        "CONTINUATION behind DATA": on(
            opened, lambda s: data(s, b"a", 0), lambda s: continuation(s, literal("x", "y"))
        ),
        "CONTINUATION of another stream": sends(
            headers(1, request(), END_STREAM), continuation(3, literal("x", "y"))
        ),
    }
    within_a_block = {
        "DATA": data(1, b"a"),
        "HEADERS": headers(1, request()),
        "HEADERS of another": headers(3, request()),
        "PRIORITY of another": priority(3),
        "RST_STREAM": rst_stream(1),
        "SETTINGS": settings(),
        "PING": ping(),
        "GOAWAY": h2.goaway(),
        "WINDOW_UPDATE": window_update(0, 1),
        "PRIORITY_UPDATE": priority_update(1, b"u=1"),
        "an unknown frame": frame(0xBB),
    }
    for what, text in within_a_block.items():
        wrong[f"{what} in a field block"] = sends(headers(1, request(), END_STREAM), text)
        wrong[f"{what} in trailers"] = on(
            opened,
            lambda s: headers(s, literal("x", "y"), END_STREAM),
            lambda s, text=text: text,
        )
    with any_node() as node:
        check(node, {CONNECTION: wrong})


def case_what_nobody_knows_is_ignored():
    """5.5 and RFC 9218, 2.1."""
    fine = {
        "an unknown frame": sends(frame(0xBB, 0xFF, 0, b"any")),
        "of an idle stream": sends(frame(0xBB, 0xFF, 77, b"any")),
        "of an open stream": on(opened, lambda s: frame(0xBB, 0, s, b"a")),
        "of a half-closed stream": on(half_closed, lambda s: frame(0xBB, 0, s, b"a")),
        "of a closed stream": on(closed_by_end, lambda s: frame(0xBB, 0, s, b"a")),
        "ORIGIN, ALTSVC": sends(frame(10, 0, 0, b"\0\0"), frame(12, 0, 0, b"")),
        "flags of PING": sends(frame(h2.PING, 0xFE, 0, b"12345678")),
        "the reserved bit of PING's stream": sends(frame(h2.PING, 0, 1 << 31, b"12345678")),
        "RST_STREAM with an unknown code": on(opened, lambda s: rst_stream(s, 0xDEADBEEF)),
        "PRIORITY_UPDATE of an idle stream": sends(priority_update(1, b"u=1, i")),
        "PRIORITY_UPDATE of an open stream": on(opened, lambda s: priority_update(s, b"u=7")),
        "PRIORITY_UPDATE of a closed stream": on(
            closed_by_end, lambda s: priority_update(s, b"u=7")
        ),
        "PRIORITY_UPDATE without a value": sends(priority_update(1, b"")),
        "PRIORITY_UPDATE with unknown members": sends(priority_update(1, b"u=9, x=y, i=3")),
    }
    itself = on(Http2.open_stream, lambda s: headers(s, priority(s, s)[9:] + ECHO, 0x25))
    table = {
        FINE: fine,
        OK: {
            "priority: nonsense": asks(("priority", "u=99, i=?2, (((")),
            "priority: u=0, i": asks(("priority", "u=0, i")),
        },
        FINE + "|" + CONNECTION: {"nonsense": sends(priority_update(1, b"\xff=("))},
        # An error of RFC 7540 only.
        f"{OK}|{STREAM}": {"HEADERS that depend on themselves": itself},
        f"{FINE}|{STREAM}|{CONNECTION}": {
            "PRIORITY that depends on itself": on(opened, lambda s: priority(s, s)),
            "PRIORITY that depends on itself, idle": on(idle, lambda s: priority(s, s)),
        },
    }
    with any_node() as node:
        check(node, table)


if __name__ == "__main__":
    run_cases(globals())
