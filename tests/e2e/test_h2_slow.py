#!/usr/bin/env python3
"""Clients of HTTP/2 that are slow: what they have begun and do not end, content that does not come,
and answers that they do not take are borne with for the configured times, whatever else such a
client sends meanwhile."""

import time
from concurrent import futures

import h2_wire as h2
from h2_client import Http2, Response
from h2_wire import (
    END_HEADERS,
    END_STREAM,
    continuation,
    data,
    encode,
    frame,
    headers,
    literal,
    ping,
    priority,
    request,
    settings,
    window_update,
)
from harness import expect, expect_equal, is_sanitized, run_cases
from node import Node
from silent_origin import silent_node

MIB = 1 << 20
LIMITS = {
    "header_timeout": "1s",
    "idle_timeout": "2s",
    "body_timeout": "1s",
    "write_timeout": "1s",
    "handshake_timeout": "1s",
}
PATIENCE = 12.0  # seconds of a test, that of the limits many times over
PAUSE = 0.02  # of a client that always does something
START = h2.PREFACE + settings()
HEAD = encode(request("/files/index.html"))
UPLOAD = headers(1, request("/", method="POST"), END_HEADERS)


def any_node(**limits):
    return silent_node(limits=LIMITS | limits)


def expect_served(node: Node) -> None:
    with Http2(node.port()) as client:
        expect_equal(client.get().status, 200, "an ordinary client")


def all_at_once(function, rows: dict) -> dict:
    with futures.ThreadPoolExecutor(len(rows)) as pool:
        return dict(zip(rows, pool.map(lambda row: function(*row), rows.values())))


def said(client: Http2) -> str:
    """What has ended, if anything has: the connection, or stream 1."""
    if client.goaway is not None:
        return f"GOAWAY {client.goaway}"
    if client.is_closed:
        return "closed"
    answer = client.responses.get(1, Response())
    return str(answer.status or "") + answer.reset


ENDED = ("GOAWAY ENHANCE_YOUR_CALM", "closed")
IDLE = ("GOAWAY NO_ERROR", "closed")
NO_CONTENT = ("408", "408NO_ERROR", "CANCEL", "PROTOCOL_ERROR")


def case_what_is_begun_is_to_be_ended():
    """A client sends `before`, then waits, or sends the parts with a pause behind each."""
    count = int(PATIENCE / PAUSE)
    one_by_one = [bytes([octet]) for octet in headers(1, HEAD + literal("x", "a" * 200))]
    small_blocks = [continuation(1, literal("x", "y"), 0)] * count
    half_head = headers(1, HEAD, END_STREAM)
    rows = {
        "nothing": ("closed", b""),
        "a slow preface": (ENDED, b"", [bytes([octet]) for octet in h2.PREFACE], 0.2),
        "a preface alone": (ENDED, h2.PREFACE),
        "SETTINGS alone": (IDLE, START),
        "half a frame's head": (ENDED, START + b"\0\0"),
        "HEADERS that do not end": (ENDED, START + half_head),
        "HEADERS byte by byte": (ENDED, START, one_by_one),
        "CONTINUATION now and then": (ENDED, START + half_head, small_blocks),
        "an unknown frame": (ENDED, START + frame(0xBB, length=16384), [b"a"] * count),
        "content that does not come": (NO_CONTENT, START + UPLOAD),
        "PING instead of content": (NO_CONTENT, START + UPLOAD, [ping()] * count),
        "empty DATA instead of content": (NO_CONTENT, START + UPLOAD, [data(1, b"", 0)] * count),
    }

    def bear(_, before, parts=(), pause=PAUSE) -> str:
        with Http2(node.port(), starts=False) as client:
            client.acks_settings = False  # which would be wrong in the middle of a frame
            client.send(before)
            for part in parts[:count]:
                client.send(part)
                if client.read_until(lambda: said(client), pause) or client.is_closed:
                    break
            if not parts:
                client.read_until(lambda: said(client), PATIENCE)
            return said(client)

    with any_node() as node:
        results = all_at_once(bear, rows)
        expect_served(node)
    wrong = [f"{what}: {said!r}" for what, said in results.items() if said not in rows[what][0]]
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_ping_keeps_a_connection_but_not_for_ever():
    """For ten times idle_timeout, whether there was a request before or not."""

    def ping_on(asks: bool) -> str:
        with Http2(node.port()) as client:
            if asks:
                expect_equal(client.get().status, 200, "a request")
            begin = time.monotonic()
            while client.sync() and time.monotonic() - begin < 3 * PATIENCE:
                time.sleep(PAUSE)
            lasted = time.monotonic() - begin
            is_right = 1.5 < lasted < 2 * PATIENCE and client.goaway == "NO_ERROR"
            return "" if is_right else f"{client.goaway} after {lasted:.1f} s"

    with any_node(idle_timeout="300ms") as node:
        results = all_at_once(ping_on, {"before a request": (False,), "behind one": (True,)})
    wrong = [f"{what}: {said}" for what, said in results.items() if said]
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_answers_that_no_window_lets_through():
    """A hundred of them; each is given up, though the connection is not silent."""
    rows = {
        "nothing": (lambda: b"",),
        "PING": (ping,),
        "WINDOW_UPDATE of the connection": (lambda: window_update(0, 1),),
        "WINDOW_UPDATE of all streams by 1": (
            lambda: b"".join(window_update(2 * i + 1, 1) for i in range(100)),
        ),
        "PRIORITY": (lambda: priority(1),),
        "SETTINGS": (settings,),
    }

    def stall(keep_alive) -> str:
        with Http2(node.port(), options=[(h2.INITIAL_WINDOW_SIZE, 0)]) as client:
            client.counts_acks, client.first_room = False, 0
            for i in range(100):
                client.send(headers(2 * i + 1, request("/files/large")))
                client.rooms[2 * i + 1] = 1000  # whatever it is given: it is counted elsewhere
            begin = time.monotonic()
            while time.monotonic() - begin < PATIENCE:
                client.send(keep_alive())
                client.read_until(lambda: is_over(client), PAUSE)
                if is_over(client):
                    return ""
            return f"{sum(not one.reset for one in client.responses.values())} go on"

    def is_over(client: Http2) -> bool:
        if client.is_closed or client.goaway is not None:
            return True
        return len(client.responses) == 100 and all(
            one.reset == "CANCEL" for one in client.responses.values()
        )

    with any_node() as node:
        expect_served(node)
        first = node.resident_bytes()
        results = all_at_once(stall, rows)
        expect_served(node)
        grown = node.resident_bytes() - first
        wrong = [f"{what}: {said}" for what, said in results.items() if said]
        expect(not wrong, "\n  " + "\n  ".join(wrong))
        expect(grown < 48 * MIB or is_sanitized(), f"grown by {grown / MIB:.1f} MiB")


def case_answers_that_are_not_read():
    """All windows are open, but nothing is read from the socket: a hundred MiB stay unsent."""
    with any_node() as node:
        expect_served(node)
        first = node.resident_bytes()
        options = [(h2.INITIAL_WINDOW_SIZE, h2.LARGEST_WINDOW)]
        with Http2(node.port(), receive_buffer=4096, options=options) as client:
            client.give(0, h2.LARGEST_WINDOW - h2.FIRST_WINDOW)
            for i in range(100):
                client.send(headers(2 * i + 1, request("/files/large")))
            time.sleep(3)  # three times write_timeout
            grown = node.resident_bytes() - first
            expect_served(node)
            client.room = 2**40
            client.rooms = {2 * i + 1: 2**40 for i in range(100)}
            expect(client.read_all(), "it goes on")
            size = sum(len(answer.body) for answer in client.responses.values())
            expect(size < 50 * MIB, f"{size / MIB:.1f} MiB were kept for it")
        expect(grown < 24 * MIB or is_sanitized(), f"grown by {grown / MIB:.1f} MiB")


if __name__ == "__main__":
    run_cases(globals())
