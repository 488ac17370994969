#!/usr/bin/env python3
"""HTTP/1.1 as its clients use it: pipelining, HEAD, HTTP/1.0, 100-continue, bodies both ways."""

import contextlib
import hashlib
import random
import threading

from client import RawConnection, curl, raw
from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, http_origin
from origin import Origin

CACHEABLE = "Cache-Control: max-age=60"


def echo_digest(exchange) -> None:
    text = f"{len(exchange.body)} {hashlib.sha256(exchange.body).hexdigest()}"
    exchange.respond(text.encode())


def chunked(exchange) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n"
    exchange.send(head + b"5\r\nfirst\r\n6;x=y\r\nsecond\r\n0\r\n\r\n")


def until_close(exchange) -> None:
    exchange.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
    exchange.closes = True


ANSWERS = {
    "/one": lambda exchange: exchange.respond(b"one", CACHEABLE),
    "/two": lambda exchange: exchange.respond(b"two two", CACHEABLE),
    "/chunked": chunked,
    "/until-close": until_close,
    "/echo": echo_digest,
}


@contextlib.contextmanager
def node_and_origin():
    with Origin(ANSWERS) as origin:
        with Node(config_for(http_origin(origin.address)), tls=True) as node:
            yield node, origin


def get(path: str, *fields: str, version: str = "1.1", method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode()


def case_pipelined_requests_are_answered_in_order():
    with node_and_origin() as (node, _), RawConnection(node.port()) as connection:
        paths = ["/one", "/two", "/absent", "/one", "/two"]
        connection.send(b"".join(get(path) for path in paths))
        answers = [connection.answer() for _ in paths]
        expect_equal([a.status for a in answers], [200, 200, 404, 200, 200], "statuses")
        bodies = [answers[i].body for i in (0, 1, 3, 4)]
        expect_equal(bodies, [b"one", b"two two", b"one", b"two two"], "bodies")


def case_head_has_the_length_and_no_body():
    with node_and_origin() as (node, _), RawConnection(node.port()) as connection:
        for _ in range(2):  # from the origin, then from the cache
            connection.send(get("/one", method="HEAD") + get("/two"))
            while b"two two" not in connection.received:
                expect(connection.read_more(), "closed too early")
            first, _, rest = connection.take().partition(b"\r\n\r\n")
            expect(b"content-length: 3" in first.lower(), f"no length in {first!r}")
            expect(rest.startswith(b"HTTP/1.1 200"), f"a body after HEAD: {rest[:40]!r}")


def case_http_1_0_is_closed_unless_asked_to_stay():
    with node_and_origin() as (node, _):
        with RawConnection(node.port(), timeout=5) as connection:
            answer = connection.send(get("/one", version="1.0")).answer()
            expect_equal(answer.body, b"one", "body")
            expect(connection.is_closed(), "the connection stays open")
        answer = raw(node.port(), get("/chunked", "Connection: close", version="1.0"))
        expect("chunked" not in answer.field("transfer-encoding"), "chunked to HTTP/1.0")
        expect_equal(answer.body, b"firstsecond", "a chunked answer for HTTP/1.0")


def case_chunked_and_unframed_answers_arrive_whole():
    require_program("curl")
    with node_and_origin() as (node, origin):
        for protocol in ("h1", "h2c"):
            for _ in range(2):
                expect_equal(curl(node.url("/chunked"), protocol).body, b"firstsecond", protocol)
            body = curl(node.url("/until-close"), protocol).body
            expect_equal(body, b"until the end", protocol)
        expect_equal(origin.count("/chunked"), 1, "requests for a cacheable chunked answer")


def case_expect_100_continue():
    with node_and_origin() as (node, _), RawConnection(node.port()) as connection:
        fields = ["Content-Length: 4", "Expect: 100-continue"]
        connection.send(get("/echo", *fields, method="POST"))
        while b"\r\n\r\n" not in connection.received:
            expect(connection.read_more(), "closed before 100")
        interim, _, rest = connection.take().partition(b"\r\n\r\n")
        expect(interim.startswith(b"HTTP/1.1 100"), f"no 100 but {interim!r}")
        expect_equal(rest, b"", "bytes after the 100")
        answer = connection.send(b"body").answer()
        expect_equal(answer.status, 200, "status")
        expect(answer.body.startswith(b"4 "), answer.body.decode())


def case_uploads_reach_the_origin_as_they_are():
    require_program("curl")
    upload = random.Random(3).randbytes(5_000_000)
    expected = f"{len(upload)} {hashlib.sha256(upload).hexdigest()}".encode()
    with node_and_origin() as (node, _):
        path = node.directory / "upload"
        path.write_bytes(upload)
        for protocol in ("h1", "h2c", "h2"):
            url = node.url("/echo", "https" if protocol == "h2" else "http")
            answer = curl(url, protocol, "--data-binary", f"@{path}")
            expect_equal(answer.body, expected, protocol)
        chunks = ["--header", "Transfer-Encoding: chunked", "--data-binary", f"@{path}"]
        expect_equal(curl(node.url("/echo"), "h1", *chunks).body, expected, "chunked")


def case_an_upload_streams():
    """The origin sees the first bytes before the client has sent the last."""
    arrived = threading.Event()

    def watch(chunk: bytes) -> None:
        if chunk == b"first half\n":
            arrived.set()

    done = {"/stream": lambda exchange: exchange.respond(b"done")}
    with Origin(done, on_chunk=watch) as origin:
        with Node(config_for(http_origin(origin.address))) as node:
            with RawConnection(node.port()) as connection:
                head = get("/stream", "Transfer-Encoding: chunked", method="POST")
                connection.send(head + b"b\r\nfirst half\n\r\n")
                expect(arrived.wait(10), "the first half waits for the second")
                connection.send(b"0\r\n\r\n")
                expect_equal(connection.answer().body, b"done", "body")


run_cases(globals())
