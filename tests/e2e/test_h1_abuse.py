#!/usr/bin/env python3
"""Connections of HTTP/1.1 that go wrong: clients that are slow, too many or gone, content that
nobody has read, bytes of an origin that nobody has asked for. What is left of one request is never
taken for a part of another."""

import contextlib
import socket
from concurrent import futures

from h1_checks import (
    CHUNKED,
    HOST,
    LIMITS,
    NEXT,
    chunked,
    get,
    node_and_origin,
    post,
    tell,
)
from h1_wire import talk
from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, http_origin
from recording_origin import EVIL, RecordingOrigin, Script, response

LENGTH = b"Content-Length: 200"
EVIL_REQUEST = b"GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n"
LASTING, UNSTORED = "Cache-Control: max-age=60", "Cache-Control: no-store"


def line(target: str, method: str = "GET") -> bytes:
    return f"{method} {target} HTTP/1.1".encode()


def answers(by_path: dict):
    """/sane, and what is said for other paths; the rest is told what it asked for."""
    known = by_path | {"/sane": response("sane", UNSTORED)}
    return lambda request: known.get(request.target.partition("?")[0]) or tell(request)


# --- clients


def case_slow_clients():
    """Each of them is answered 408, soon after the limits of one second."""
    rows = {
        "half a head": ([b"GET /p HTTP/1.1\r\n" + HOST], 0),
        "a head that drips": ([b"GET /p HTTP/1.1\r\n"] + [b"X: y\r\n"] * 40, 0.1),
        "a line that drips": ([b"G"] * 40, 0.1),
        "half a body": ([post(b"Content-Length: 5", body=b"he")], 0),
        "half a chunk": ([chunked(b"5\r\nhe")], 0),
        "half a chunk's size": ([chunked(b"5")], 0),
        "trailers without an end": ([chunked(b"0\r\nA: b\r\n")], 0),
    }
    with node_and_origin() as (node, origin), futures.ThreadPoolExecutor(len(rows)) as pool:
        results = pool.map(lambda row: talk(node.port(), row[0], pause=row[1]), rows.values())
        wrong = [
            f"{what}: {result}"
            for what, result in zip(rows, results)
            if result.statuses != [408] or not result.is_closed
        ]
        wrong += [f"the origin got {request}" for request in origin.take()]
        wrong += origin.take_faults()
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_a_client_that_asks_nothing():
    with node_and_origin() as (node, _):
        for data in (b"", b"\r\n"):
            result = talk(node.port(), data)
            expect(not result.statuses and result.is_closed, f"{data!r}: {result}")
        drips = talk(node.port(), [b"\r\n"] * 30, pause=0.05)
        expect(drips.statuses == [400] and drips.is_closed, f"empty lines: {drips}")


def case_too_many_connections():
    """No more are taken than limits.connections, and others when there is room again."""
    with node_and_origin(limits=LIMITS | {"connections": 5}) as (node, _):
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                address = ("127.0.0.1", node.port())
                stack.enter_context(socket.create_connection(address)).sendall(b"GET /p")
            # Some of those may not be known yet.
            wait_until(lambda: talk(node.port(), get()).statuses == [], "the sixth is closed")
        wait_until(lambda: talk(node.port(), get()).statuses == [200], "there is room again")


def case_clients_that_half_close():
    """What is not whole never will be."""
    rows = {
        "nothing": b"",
        "an empty line": b"\r\n",
        "half a head": b"GET / HT",
        "half a body": post(b"Content-Length: 9", body=b"hel"),
        "half a chunk": chunked(b"9\r\nhel"),
        "no last chunk": chunked(b"3\r\nhel\r\n"),
    }
    wrong = []
    with node_and_origin() as (node, origin):
        for what, data in rows.items():
            result = talk(node.port(), data, half_close=True)
            requests, faults = origin.take(), origin.take_faults()
            if result.statuses not in ([], [400]) or not result.is_closed or requests or faults:
                wrong.append(f"{what}: {result} {requests} {faults}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_a_bad_request_behind_others():
    bad = b"GET /bad HTTP/1.1\r\nHost : x\r\n\r\n"
    wrong = []
    with node_and_origin(answers({"/c": response("hi", LASTING)})) as (node, origin):
        for what, first in {"miss": "/p", "stored": "/c", "hit": "/c"}.items():
            result = talk(node.port(), get(line=line(first)) + bad + NEXT)
            targets = [request.target for request in origin.take()]
            if result.statuses != [200, 400] or not result.is_closed:
                wrong.append(f"{what}: {result}")
            if "/bad" in targets or "/next" in targets or origin.take_faults():
                wrong.append(f"{what}: the origin got {targets}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_what_is_left_of_content_is_no_request():
    """The answer is there before the content is: the connection ends, whatever comes then."""
    rows = {
        "TRACE": get(LENGTH, line=line("/c", "TRACE")),
        "CONNECT": get(LENGTH, line=line("/c", "CONNECT")),
        "CONNECT with chunks": get(CHUNKED, line=line("/c", "CONNECT")),
        "too much": get(b"Content-Length: 200000", line=line("/c", "POST")),
        "expecting": get(LENGTH, b"Expect: 200-ok", line=line("/c", "POST")),
        # Nothing is stored for a request with content, and this has less than it says.
        "GET with content": get(LENGTH, line=line("/c")),
        "GET with chunks": get(CHUNKED, line=line("/c")),
    }
    wrong = []
    with node_and_origin(answers({"/c": response("hi", LASTING)})) as (node, origin):
        expect_equal(talk(node.port(), get(line=line("/c"))).statuses, [200], "to be stored")
        ways = {
            (what, len(pieces)): pieces
            for what, head in rows.items()
            for pieces in ([head + EVIL_REQUEST], [head, EVIL_REQUEST], [head, b"x", EVIL_REQUEST])
        }
        with futures.ThreadPoolExecutor(8) as pool:
            results = pool.map(lambda one: talk(node.port(), one, pause=0.05), ways.values())
            for what, result in zip(ways, results):
                if len(result.final) != 1 or not result.is_closed:
                    wrong.append(f"{what}: {result}")
        wrong += [f"the origin got {one}" for one in origin.take() if one.target != "/c"]
        wrong += origin.take_faults()
    expect(not wrong, "\n  " + "\n  ".join(wrong))


# --- origins


class EarlyOrigin(RecordingOrigin):
    """Answers at the end of each head, and takes whatever else comes for content."""

    def __init__(self):
        super().__init__(None)
        self.seen: list[bytes] = []  # of each connection

    def serve(self, connection: socket.socket) -> None:
        index = len(self.seen)
        self.seen.append(b"")
        while more := connection.recv(65536):
            was_whole = b"\r\n\r\n" in self.seen[index]
            self.seen[index] += more
            if b"\r\n\r\n" in self.seen[index] and not was_whole:
                connection.sendall(response("early", UNSTORED))


def case_an_origin_that_does_not_wait_for_content():
    """Neither its connection nor that of the client is used again."""
    with EarlyOrigin() as origin:
        config = config_for(http_origin(origin.address), workers=1, limits=LIMITS)
        with Node(config) as node:
            pieces = [post(LENGTH, body=b"x"), EVIL_REQUEST, EVIL_REQUEST]
            result = talk(node.port(), pieces, pause=0.1)
            expect_equal(len(result.final), 1, f"answers {result.statuses}")
            expect(result.is_closed, "left open")
            expect_equal(talk(node.port(), get(line=line("/2"))).statuses, [200], "the next")
            wait_until(lambda: len(origin.seen) >= 2, "two connections")
            expect(origin.seen[1].startswith(b"GET /2 "), f"{origin.seen}")


def case_content_in_answer_to_head():
    late = Script(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0.05, b"hello")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(EVIL)
    wrong = []
    with node_and_origin(answers({"/late": late, "/once": head + EVIL})) as (node, _):
        for path, pause in (("/late", 0.0), ("/late", 0.2), ("/once", 0.0), ("/once", 0.2)):
            first = get(b"Connection: close", line=line(path, "HEAD"))
            asked = talk(node.port(), [first], method="HEAD", pause=pause)
            sane = talk(node.port(), get(b"Connection: close", line=line("/sane"))).final
            # While it comes, it breaks the next answer, and is none.
            is_right = len(sane) == 1 and (sane[0].body == b"sane" or sane[0].status == 502)
            if asked.statuses != [200] or asked.excess or not is_right:
                wrong.append(f"{path}, {pause} s: {asked}, then {sane}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_more_than_an_origin_has_announced():
    """The client's next request, which comes with the first, does not get it for its answer."""
    scripts: dict = {}
    for kind in (LASTING, UNSTORED):
        for size in (5, 4096, 30000, 200000):
            whole = response("a" * size, kind)
            scripts[f"/{kind[15:]}/{size}"] = Script(whole + EVIL)
            scripts[f"/late/{kind[15:]}/{size}"] = Script(whole[:-1], 0.05, whole[-1:] + EVIL)
    behind = Script(response("hi", UNSTORED), 0.05, EVIL)
    wrong = []
    with node_and_origin(answers(scripts | {"/behind": behind})) as (node, _):
        talk(node.port(), get(line=line("/behind")), quiet=0.3)
        result = talk(node.port(), get(b"Connection: close", line=line("/sane")))
        if [reply.body for reply in result.final] != [b"sane"]:
            wrong.append(f"behind: {result}")
        for path in scripts:
            sane = get(b"Connection: close", line=line("/sane?" + path))
            for _ in range(1 if "max-age" in path else 3):
                result = talk(node.port(), get(line=line(path)) + sane)
                if [reply.body[-4:] for reply in result.final] != [b"a" * 4, b"sane"]:
                    bodies = [reply.body[-10:] for reply in result.final]
                    wrong.append(f"{path}: {result.statuses} {bodies}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    run_cases(globals())
