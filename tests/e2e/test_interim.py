#!/usr/bin/env python3
"""Interim responses (RFC 9110, 15.2) go from the origin to the client, and are never stored."""

import contextlib
import subprocess
import threading

from client import RawConnection, curl, raw
from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, http_origin
from origin import Origin

LINK = "</a.css>; rel=preload; as=style"
CACHEABLE = "Cache-Control: max-age=60"


class SlowOrigin:
    """Hints at once, and an answer when the client has seen them."""

    def __init__(self):
        self.client_has_hints = threading.Event()
        self.was_early = True

    def answer(self, exchange) -> None:
        exchange.inform("103 Early Hints", f"Link: {LINK}", "Connection: X-Hop", "X-Hop: 1")
        self.was_early = self.client_has_hints.wait(10) and self.was_early
        exchange.respond(b"hello", CACHEABLE)


def all_kinds(exchange) -> None:
    exchange.inform("100 Continue")
    exchange.inform("102 Processing")
    exchange.inform("103 Early Hints", f"Link: {LINK}")
    exchange.inform("104 Not Yet Known", "X-Interim: 1")
    exchange.respond(b"hello", "Cache-Control: no-store")


def without_end(exchange) -> None:
    for _ in range(100):
        exchange.inform("102 Processing")
    exchange.respond(b"late")


@contextlib.contextmanager
def node_before(answers: dict):
    with Origin(answers) as origin:
        with Node(config_for(http_origin(origin.address)), tls=True) as node:
            yield node, origin


def get(path: str, version: str = "1.1") -> bytes:
    return f"GET {path} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode()


def case_http1_has_hints_before_the_answer():
    slow = SlowOrigin()
    with node_before({"/a": slow.answer}) as (node, _):
        with RawConnection(node.port()) as connection:
            hints = connection.send(get("/a")).head()
            slow.client_has_hints.set()
            expect_equal(hints.status, 103, "status of the first head")
            expect_equal(hints.field("link"), LINK, "link of the hints")
            expect("connection" not in hints.fields, "a field of the origin's connection")
            expect("x-hop" not in hints.fields, "a field that Connection names")
            answer = connection.answer()
            expect_equal((answer.status, answer.body), (200, b"hello"), "the answer")
            expect("link" not in answer.fields, "a field of the hints in the answer")
    expect(slow.was_early, "the hints came with the answer")


def has_hints_over_http2(listener: str) -> None:
    slow = SlowOrigin()
    with node_before({"/a": slow.answer}) as (node, _):
        flags = ["--http2", "--insecure"] if listener == "https" else ["--http2-prior-knowledge"]
        command = ["curl", "--silent", "--verbose", "--max-time", "20", *flags]
        with subprocess.Popen(
            [*command, node.url("/a", listener)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as client:
            heads = []
            for line in client.stderr:
                if line.startswith("< "):
                    heads.append(line[2:].strip())
                if line.startswith("< link:"):
                    slow.client_has_hints.set()
            body = client.stdout.read()
        expect_equal(body, "hello", "content")
        status_lines = [line for line in heads if line.startswith("HTTP/2")]
        expect_equal(status_lines, ["HTTP/2 103", "HTTP/2 200"], "heads")
        expect_equal(heads.count(f"link: {LINK}"), 1, "link fields")
        expect(not any(line.startswith(("x-hop", "connection")) for line in heads), str(heads))
    expect(slow.was_early, "the hints came with the answer")


def case_http2_has_hints_before_the_answer():
    require_program("curl")
    has_hints_over_http2("http")


def case_http2_over_tls_has_hints_before_the_answer():
    require_program("curl")
    has_hints_over_http2("https")


def case_http_1_0_has_the_answer_only():
    with node_before({"/a": all_kinds}) as (node, _):
        answer = raw(node.port(), get("/a", version="1.0"))
        expect_equal((answer.status, answer.body), (200, b"hello"), "the answer")


def case_other_interim_responses_pass_but_100():
    with node_before({"/a": all_kinds}) as (node, _), RawConnection(node.port()) as connection:
        connection.send(get("/a"))
        heads = [connection.head() for _ in range(3)]
        expect_equal([head.status for head in heads], [102, 103, 104], "interim responses")
        expect_equal(heads[2].field("x-interim"), "1", "a field of an unknown one")
        expect_equal(connection.answer().body, b"hello", "content")


def case_pipelined_answers_keep_their_own():
    with node_before({"/a": all_kinds}) as (node, _), RawConnection(node.port()) as connection:
        connection.send(get("/a") + get("/a"))
        for which in ("first", "second"):
            statuses = [connection.head().status for _ in range(3)]
            expect_equal(statuses, [102, 103, 104], f"interim responses of the {which}")
            expect_equal(connection.answer().status, 200, f"status of the {which}")


def case_hints_are_not_stored():
    slow = SlowOrigin()
    slow.client_has_hints.set()
    with node_before({"/a": slow.answer}) as (node, origin):
        with RawConnection(node.port()) as connection:
            expect_equal(connection.send(get("/a")).head().status, 103, "on the miss")
            expect_equal(connection.answer().body, b"hello", "on the miss")
            again = connection.send(get("/a")).answer()
            expect_equal((again.status, again.body), (200, b"hello"), "on the hit")
            expect(again.is_hit, again.cache_status)
            expect("link" not in again.fields, "a field of the hints in what was stored")
        expect_equal(origin.count("/a"), 1, "requests to the origin")


def case_an_origin_that_says_nothing_else_has_failed():
    require_program("curl")
    with node_before({"/a": without_end}) as (node, _):
        for protocol in ("h1", "h2c"):
            expect_equal(curl(node.url("/a"), protocol).status, 502, protocol)


run_cases(globals())
