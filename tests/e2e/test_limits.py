#!/usr/bin/env python3
"""Bad input and bad origins: each has one status, a small answer and a Proxy-Status (RFC 9209)."""

import contextlib
import threading

from client import Answer, RawConnection, curl, raw
from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, http_origin
from origin import Origin, unused_address

LIMITS = {
    "head_bytes": "4KiB",
    "head_fields": 40,
    "target_bytes": 1000,
    "body_bytes": "10KiB",
    "header_timeout": "1s",
    "body_timeout": "1s",
    "idle_timeout": "1500ms",
}
# Long enough for an origin in Python on a busy machine.
TIMEOUTS = {"first_byte_timeout": "1500ms", "idle_timeout": "1500ms", "connect_timeout": "2s"}


@contextlib.contextmanager
def node_before(answers: dict):
    with Origin({"/ok": lambda exchange: exchange.respond(b"fine")} | answers) as origin:
        app = http_origin(origin.address, **TIMEOUTS)
        with Node(config_for(app, limits=LIMITS)) as node:
            yield node, origin


def expect_refusal(answer: Answer, status: int, *secrets: str) -> None:
    """An answer of the node's own: small, explained by Proxy-Status, and silent about addresses."""
    expect_equal(answer.status, status, "status")
    expect(len(answer.body) < 2048, f"an error body of {len(answer.body)} bytes")
    expect(answer.field("proxy-status"), f"{status} without Proxy-Status: {answer.fields}")
    for secret in ("127.0.0.1", *secrets):
        expect(secret.encode() not in answer.body, f"{secret} is in the body {answer.body!r}")
        expect(secret not in str(answer.fields), f"{secret} is in the fields {answer.fields}")


def get(target: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def post(*fields: str) -> bytes:
    return "\r\n".join(["POST /ok HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def case_431_for_large_and_for_many_fields():
    with node_before({}) as (node, origin):
        expect_refusal(raw(node.port(), get("/ok", "X-Large: " + "a" * 5000)), 431)
        expect_refusal(raw(node.port(), get("/ok", *[f"X-{i}: 1" for i in range(60)])), 431)
        expect_equal(origin.count("/ok"), 0, "requests that reached the origin")
        expect_equal(raw(node.port(), get("/ok")).status, 200, "an ordinary request")


def case_414_for_a_long_target():
    with node_before({}) as (node, _):
        expect_refusal(raw(node.port(), get("/" + "a" * 1500)), 414)
        expect_equal(raw(node.port(), get("/ok?" + "a" * 900)).status, 200, "a shorter one")


def case_413_for_a_large_body_announced_or_not():
    with node_before({}) as (node, _):
        expect_refusal(raw(node.port(), post("Content-Length: 20000") + b"a" * 20000), 413)
        chunks = b"1000\r\n" + b"a" * 4096 + b"\r\n"
        head = post("Transfer-Encoding: chunked")
        expect_refusal(raw(node.port(), head + chunks * 4 + b"0\r\n\r\n"), 413)
        small = raw(node.port(), post("Content-Length: 4") + b"body")
        expect_equal(small.status, 200, "a small body")


def case_the_limits_hold_for_http2():
    require_program("curl")
    with node_before({}) as (node, origin):
        url = node.url("/ok")
        large = curl(url, "h2c", "--header", "X-Large: " + "a" * 5000)
        expect_refusal(large, 431)
        expect_refusal(curl(node.url("/" + "a" * 1500), "h2c"), 414)
        expect_refusal(curl(url, "h2c", "--data", "a" * 20000), 413)
        expect_equal(origin.count("/ok"), 0, "requests that reached the origin")
        expect_equal(curl(url, "h2c").status, 200, "an ordinary request")


def case_408_for_a_head_or_a_body_that_does_not_come():
    with node_before({}) as (node, _):
        expect_refusal(raw(node.port(), b"GET /ok HTTP/1.1\r\nHost: loc"), 408)
        expect_refusal(raw(node.port(), post("Content-Length: 100") + b"only this"), 408)


def case_idle_connections_are_closed():
    with node_before({}) as (node, _), RawConnection(node.port(), timeout=10) as connection:
        expect_equal(connection.send(get("/ok")).answer().status, 200, "status")
        expect(connection.is_closed(), "open for 10 s with an idle timeout of 1.5 s")


def case_504_when_the_origin_does_not_answer():
    never = threading.Event()
    with node_before({"/never": lambda exchange: never.wait(30)}) as (node, origin):
        expect_refusal(raw(node.port(), get("/never")), 504, origin.address)
        never.set()


def case_an_origin_that_stalls_in_a_body_is_cut_and_not_stored():
    never = threading.Event()

    def stall(exchange):
        head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 1000\r\n\r\n"
        exchange.send(head + b"a" * 10)
        never.wait(30)
        exchange.closes = True

    with node_before({"/stall": stall}) as (node, origin):
        for _ in range(2):
            with RawConnection(node.port(), timeout=10) as connection:
                connection.send(get("/stall"))
                expect(connection.is_closed(), "a half answer leaves the connection open")
        expect_equal(origin.count("/stall"), 2, "requests: a half answer must not be stored")
        never.set()


def case_502_when_the_origin_is_down():
    address = unused_address()
    with Node(config_for(http_origin(address, **TIMEOUTS))) as node:
        expect_refusal(raw(node.port(), get("/")), 502, address)


def case_502_when_the_origin_talks_nonsense():
    def closes(exchange):
        exchange.closes = True

    def nonsense(exchange):
        exchange.send(b"220 mail.example.com ESMTP\r\n")
        exchange.closes = True

    def two_lengths(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")

    def huge_head(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"a" * 100_000 + b"\r\n\r\n")

    answers = {"/closes": closes, "/nonsense": nonsense, "/two": two_lengths, "/huge": huge_head}
    with node_before(answers) as (node, origin):
        for path in answers:
            expect_refusal(raw(node.port(), get(path)), 502, origin.address)
        expect_equal(raw(node.port(), get("/ok")).status, 200, "an ordinary request after them")


def case_400_for_requests_that_could_be_read_in_two_ways():
    """RFC 9112, 6.1, 6.3, 5.1, 5.2, 3.2: the ground that smuggling grows on."""
    chunked = "Transfer-Encoding: chunked"
    bad = {
        "both framings": post("Content-Length: 4", chunked) + b"0\r\n\r\n",
        "two lengths": post("Content-Length: 4", "Content-Length: 5") + b"abcde",
        "a sign in a length": post("Content-Length: +4") + b"abcd",
        "chunked is not last": post(chunked + ", gzip") + b"0\r\n\r\n",
        "a space before the colon": get("/ok", "X-Name : 1"),
        "a folded field": get("/ok", "X-Name: 1", " folded"),
        "no Host": b"GET /ok HTTP/1.1\r\n\r\n",
        "two Hosts": get("/ok", "Host: other"),
        "a bare LF in a field": get("/ok", "X-Name: 1\nX-Other: 2"),
        "a bad chunk size": post(chunked) + b"zz\r\n\r\n",
    }
    smuggled = get("/smuggled")
    with node_before({}) as (node, origin):
        for what, request in bad.items():
            answer = raw(node.port(), request + smuggled)
            expect(answer.status in (400, 501), f"{what}: {answer.status}")
        expect_equal(origin.count("/smuggled"), 0, "smuggled requests that reached the origin")


def case_connections_beyond_the_limit_are_closed():
    limits = LIMITS | {"connections": 2, "idle_timeout": "30s", "header_timeout": "30s"}
    with Origin({"/ok": lambda exchange: exchange.respond(b"fine")}) as origin:
        with Node(config_for(http_origin(origin.address), limits=limits)) as node:
            with RawConnection(node.port()) as one, RawConnection(node.port()) as two:
                expect_equal(one.send(get("/ok")).answer().status, 200, "the first")
                expect_equal(two.send(get("/ok")).answer().status, 200, "the second")
                with RawConnection(node.port(), timeout=5) as three:
                    three.send(get("/ok"))
                    expect(three.is_closed(), "the third connection is open")
                expect_equal(one.send(get("/ok")).answer().status, 200, "the first, again")


run_cases(globals())
