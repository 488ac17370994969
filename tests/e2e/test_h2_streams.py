#!/usr/bin/env python3
"""What a frame does depends on the state of its stream (RFC 9113, 5.1); how many streams there are,
how much may be sent on them (5.2 and 6.9) and how a connection ends (6.8) is kept to on both
sides."""

import contextlib
import signal
import socket

import h2_wire as h2
from h2_checks import (
    ANY_CLOSED,
    CLOSED,
    CONNECTION,
    FINE,
    FLOW,
    any_node,
    check,
    closed_by_end,
    half_closed,
    idle,
    on,
    opened,
    passed_over,
    released,
    reset_by_client,
    reset_by_node,
    seen,
)
from h2_client import Http2, Response
from h2_wire import (
    ACK,
    END_HEADERS,
    PADDED,
    continuation,
    data,
    frame,
    headers,
    literal,
    padded,
    ping,
    priority,
    request,
    rst_stream,
    window_update,
)
from harness import expect, expect_equal, run_cases
from node import Node, config_for, http_origin

KINDS = {
    "DATA": lambda s: data(s, b"abc", 0),
    "DATA, ends": lambda s: data(s, b"abc"),
    "empty DATA": lambda s: data(s, b"", 0),
    "HEADERS": lambda s: headers(s, request("/echo")),
    "HEADERS, open": lambda s: headers(s, request("/echo"), END_HEADERS),
    "RST_STREAM": rst_stream,
    "WINDOW_UPDATE": lambda s: window_update(s, 100),
    "PRIORITY": priority,
    "CONTINUATION": lambda s: continuation(s, literal("x", "y")),
}
ALL_DATA = ("DATA", "DATA, ends", "empty DATA")
REQUESTS = (*ALL_DATA, "HEADERS", "HEADERS, open")


def zero(_: Http2) -> int:
    return 0


def even(_: Http2) -> int:
    return 2


def case_frames_in_every_state_of_a_stream():
    none = dict.fromkeys(KINDS, CONNECTION)
    ignored = none | dict.fromkeys(("RST_STREAM", "WINDOW_UPDATE", "PRIORITY"), FINE)
    states = {
        zero: none | {"WINDOW_UPDATE": FINE},
        even: none | {"PRIORITY": FINE},
        idle: none | {"PRIORITY": FINE},
        half_closed: ignored | dict.fromkeys(REQUESTS, CLOSED),
        closed_by_end: ignored | dict.fromkeys(REQUESTS, ANY_CLOSED),
        reset_by_client: ignored | dict.fromkeys(REQUESTS, ANY_CLOSED),
        # Its client may not know yet.
        reset_by_node: ignored | dict.fromkeys(REQUESTS, f"{FINE}|{ANY_CLOSED}"),
        passed_over: ignored | dict.fromkeys(ALL_DATA, f"{ANY_CLOSED}|{CONNECTION}"),
    }
    table: dict = {}
    for state, expected in states.items():
        for kind, make in KINDS.items():
            if state is idle and kind in REQUESTS and kind not in ALL_DATA:
                continue  # which opens it
            what = f"{kind}, {state.__name__}"
            table.setdefault(expected[kind], {})[what] = on(state, make)
    with any_node() as node:
        check(node, table)


def case_ids_of_streams():
    def lower(client: Http2) -> int:
        client.next_stream = 101
        closed_by_end(client)
        client.send(headers(5, request("/echo")))
        return 5

    again = on(closed_by_end, lambda s: headers(s, request("/echo")))
    table = {
        CONNECTION: {"a lower one": lower},
        f"{CONNECTION}|{ANY_CLOSED}": {"the same again": again},
    }
    with any_node() as node:
        check(node, table)
        with Http2(node.port()) as client:
            client.send(headers(2**31 - 1, request("/echo")))
            expect_equal(client.response(2**31 - 1).status, 200, "the highest")
            expect(client.sync(), "the connection ends behind the highest")


def case_concurrent_streams():
    with any_node() as node, Http2(node.port()) as client:
        most = client.peer_settings[h2.MAX_CONCURRENT_STREAMS]
        for _ in range(most):
            half_closed(client)
        over = half_closed(client)
        expect(client.sync(), "one stream too many ends the connection")
        expect(client.responses[over].reset in ("REFUSED_STREAM", "PROTOCOL_ERROR"), "one too many")
        client.send(rst_stream(1))
        expect_equal(client.get().status, 200, "one that another has made room for")
        released.set()
        for stream in range(3, 2 * most, 2):
            expect_equal(client.response(stream).status, 200, f"stream {stream}")


# --- 5.2 and 6.9


def large(client: Http2) -> Response:
    """Asks for 300 kB. The Response fills as frames are read."""
    stream = client.open_stream()
    client.send(headers(stream, request("/files/large")))
    return client.responses.setdefault(stream, Response())


def case_the_window_of_a_stream_is_kept_to():
    with any_node() as node:
        with Http2(node.port(), options=[(h2.INITIAL_WINDOW_SIZE, 1)]) as client:
            client.sync()
            client.first_room = 1
            stream = client.open_stream()
            client.send(headers(stream, request("/files/index.html")))
            answer = client.responses.setdefault(stream, Response())
            client.read_until(lambda: answer.body)
            client.sync()
            expect_equal(answer.body, b"a", "with a window of 1")
            client.give(stream, 100)
            expect_equal(client.response(stream).body, b"a file\n", "with a window of 101")
        # 6.9.2: below zero, and back.
        with Http2(node.port()) as client:
            client.give(0, 10_000_000)
            answer = large(client)
            client.read_until(lambda: len(answer.body) == 65535)
            client.send_settings((h2.INITIAL_WINDOW_SIZE, 0))
            client.sync()
            expect_equal(client.rooms[1], -65535, "the window")
            client.give(1, 65535).sync()
            expect_equal(len(answer.body), 65535, "sent with a window of 0")
            client.give(1, 5)
            client.read_until(lambda: len(answer.body) >= 65540)
            client.sync()
            expect_equal(len(answer.body), 65540, "sent with a window of 5")
            client.send_settings((h2.INITIAL_WINDOW_SIZE, 400_000))
            expect_equal(len(client.response(1).body), 300_000, "all of it")
        # What is empty needs none.
        with Http2(node.port(), options=[(h2.INITIAL_WINDOW_SIZE, 0)]) as client:
            client.first_room = 0
            expect(client.get(method="HEAD").has_ended, "HEAD with a window of 0")


def case_the_window_of_the_connection_is_kept_to():
    with any_node() as node:
        with Http2(node.port(), options=[(h2.INITIAL_WINDOW_SIZE, 1_000_000)]) as client:
            client.first_room = 1_000_000
            answer = large(client)
            client.read_until(lambda: len(answer.body) == 65535)
            client.sync()
            expect_equal(client.room, 0, "the window of the connection")
            expect_equal(client.get(method="HEAD").status, 200, "what needs no window")
            client.give(0, 1_000_000)
            expect_equal(len(client.response(1).body), 300_000, "all of it")


def case_large_frames_are_no_duty():
    with any_node() as node, Http2(node.port()) as client:
        client.send_settings((h2.MAX_FRAME_SIZE, 2**24 - 1))
        client.send_settings((h2.INITIAL_WINDOW_SIZE, 2**31 - 1))
        client.sync()
        client.give(0, 1_000_000)
        expect_equal(len(client.get("/files/large").body), 300_000, "content")


def case_windows_are_given_back():
    """Padding counts, and so does what comes for streams that are gone. Of those there is only so
    much on its way: more of it is abuse."""
    with any_node() as node:
        with Http2(node.port()) as client:
            client.sync()
            stream = reset_by_node(client)
            sent = 0
            while sent < 8_000_000:
                client.read_until(lambda: client.may_send > sent)
                size = min(16384, client.may_send - sent)
                expect(size > 0, f"no window is given back: {client.goaway}")
                padding = 100 if size > 101 else 0
                content = padded(bytes(size - padding - 1), padding)
                client.send(data(stream, content, PADDED))
                sent += size
            expect(client.sync(), f"8 MB for a stream that was reset: {client.goaway}")
        with Http2(node.port()) as client:
            stream = opened(client, path="/hold")
            client.send(data(stream, b"", 0))
            expect_equal(client.get().status, 200, "beside an upload")


def case_windows_that_are_exceeded():
    """6.9.1, behind an origin that nobody can connect to: nothing is given back."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        app = http_origin(f"127.0.0.1:{listener.getsockname()[1]}", connect_timeout="60s")
        node = stack.enter_context(Node(config_for(app)))
        client = stack.enter_context(Http2(node.port()))
        client.sync()
        window = client.peer_settings[h2.INITIAL_WINDOW_SIZE]

        def fill(size: int) -> int:
            stream = opened(client)
            for begin in range(0, size, 16384):
                client.send(data(stream, bytes(min(16384, size - begin)), 0))
            return stream

        stream = fill(window)
        expect(client.sync(), f"as much as the window: {client.goaway}")
        expect(stream not in client.responses, f"as much as the window: {client.responses}")
        client.send(data(stream, b"a", 0))
        expect(client.sync(), f"more than the window of a stream: {client.goaway}")
        expect_equal(client.responses[stream].reset, "FLOW_CONTROL_ERROR", "more than its window")
        sent = window + 1
        while client.may_send - sent >= window:
            fill(window)
            sent += window
            expect(client.sync(), f"within the window of the connection: {client.goaway}")
        fill(client.may_send - sent)
        expect(client.sync(), "as much as the window of the connection")
        stream = opened(client)
        client.send(data(stream, bytes(200), 0))
        expect_equal(seen(client, stream, False), FLOW, "more than that of the connection")


# --- 6.8


def case_a_node_that_leaves():
    with any_node() as node, Http2(node.port()) as client, Http2(node.port()) as late:
        stream = half_closed(client)
        late_stream = opened(late)
        expect(client.sync() and late.sync(), "before")
        node.signal(signal.SIGQUIT)
        client.read_until(lambda: client.goaway is not None)
        expect_equal((client.goaway, client.goaway_last), ("NO_ERROR", 2**31 - 1), "at first")
        late.send(data(late_stream, b"the rest"))
        expect_equal(late.response(late_stream).status, 200, "an upload that was under way")
        client.read_until(lambda: client.goaway_last < 2**31 - 1)
        expect_equal((client.goaway, client.goaway_last), ("NO_ERROR", stream), "then")
        released.set()
        expect_equal(client.response(stream).status, 200, "what was under way")
        expect(client.read_all(), "open behind the last answer")


def case_a_client_that_leaves():
    with any_node() as node:
        with Http2(node.port()) as client:
            client.send(headers(1, request("/echo")), h2.goaway(0, 0xDEAD, b"why"))
            expect_equal(client.response(1).status, 200, "an answer behind the client's GOAWAY")
            expect(client.read_all(), "open behind the client's GOAWAY")
        with Http2(node.port()) as client:
            client.get()
            client.send(ping(b"\0" * 8, ACK), frame(h2.DATA, 0, 0, b"x"))
            client.read_all()
            expect_equal((client.goaway, client.goaway_last), ("PROTOCOL_ERROR", 1), "GOAWAY")
            acks = [f for f in client.frames if f.kind == h2.PING]
            expect(not acks, "an ACK of PING is answered")


if __name__ == "__main__":
    run_cases(globals())
