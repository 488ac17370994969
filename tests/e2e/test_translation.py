#!/usr/bin/env python3
"""HTTP/2 to HTTP/1.1: whatever a client puts into a stream, the origin is sent one well-formed
request, or none."""

import contextlib

from client import raw
from h1_checks import attempt
from h2_client import Http2
from h2_wire import END_HEADERS, data, headers, request, whole_request
from harness import expect, run_cases
from node import Node, config_for, http_origin
from recording_origin import RecordingOrigin, Request, response

HOST = "a.example"
SMUGGLED = "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
LINE = "GET /smuggled HTTP/1.1\r\n\r\n"
CANARY = b"GET /canary HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"


def get(*fields, path="/p", **pseudo) -> list:
    return request(path, *fields, **({"authority": HOST} | pseudo))


def post(*fields, **pseudo) -> list:
    return get(*fields, method="POST", **pseudo)


@contextlib.contextmanager
def node_and_origin():
    def answer(one: Request) -> bytes:
        return response(one.target, "Cache-Control: no-store")

    with RecordingOrigin(answer) as origin:
        with Node(config_for(http_origin(origin.address), workers=1)) as node:
            yield node, origin


def ask(node: Node, frames: bytes) -> tuple[int, str]:
    """The status, 0 for none, and how the stream or the connection ended."""
    with Http2(node.port()) as client:
        client.send(frames)
        answer = client.response(1)
        return answer.status, answer.reset or client.goaway or ""


# --- what reaches no origin


def check_refused(rows: dict[str, bytes]) -> None:
    wrong = []

    def check(frames: bytes) -> list[str]:
        origin.take(), origin.take_faults()
        status, end = ask(node, frames)
        found = [] if status == 0 and end or 400 <= status < 500 else [f"{status} {end}"]
        canary = raw(node.port(), CANARY).body
        found += [] if canary == b"/canary" else [f"the next request gets {canary!r}"]
        # What is wrong only at its end may have begun.
        got = [one for one in origin.take() if one.target != "/canary"]
        return found + [f"the origin got {one}" for one in got] + origin.take_faults()

    with node_and_origin() as (node, origin):
        for what, frames in rows.items():
            wrong += attempt(check, what, frames)
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_heads_that_would_be_more_than_one_line():
    breaks = ["\r", "\n", "\0", SMUGGLED]
    pseudo = {"method": "GET", "path": "/p", "scheme": "http", "authority": HOST}
    rows = {
        f":{name} with {end!r}": whole_request(1, get(**{name: f"{value}{end}x"}))
        for name, value in pseudo.items()
        for end in [*breaks, " ", "\t"]
    }
    for name in ("x-any", "cookie", "user-agent", "authorization", "accept-encoding", "via"):
        for end in breaks:
            rows[f"{name} with {end!r}"] = whole_request(1, get((name, f"a{end}b")))
    for end in [*breaks, " ", ":"]:
        rows[f"a name with {end!r}"] = whole_request(1, get((f"x{end}y", "v")))
        rows[f"a trailer's name with {end!r}"] = whole_request(
            1, post(), [b"abcd"], [(f"x{end}y", "v")]
        )
        rows[f"a host with {end!r}"] = whole_request(
            1, get(("host", f"a{end}b"), authority=None)
        )
    more = {
        "a method with a line": get(method="GET /x HTTP/1.1\r\nX: "),
        "a path with a line": get(path="/p HTTP/1.1\r\nHost: b"),
        "a name with a line": get(("x: y\r\ntransfer-encoding", "chunked")),
        "a coding with a blank": get(("transfer-encoding ", "chunked")),
        "a path in absolute form": get(path="http://b.example/"),
        "two paths": [(":path", "/x"), *get()],
        "two hosts": get(("host", HOST), ("host", "b.example"), authority=None),
        "another host": get(("host", "b.example")),
        "another scheme": get(scheme="javascript"),
        "TRACE": get(method="TRACE"),
        "CONNECT": get(method="CONNECT", scheme=None, path=None),
        "extended CONNECT": get((":protocol", "websocket"), method="CONNECT"),
    }
    check_refused(rows | {what: whole_request(1, head) for what, head in more.items()})


def case_framing_that_is_not_that_of_the_stream():
    of_connection = [
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("connection", "content-length"),
        ("upgrade", "h2c"),
        ("te", "chunked"),
        ("te", "trailers, chunked"),
    ]
    rows = {
        f"{name}: {value}": whole_request(1, post((name, value)), [b"0\r\n\r\n" + LINE.encode()])
        for name, value in of_connection
    }
    lengths = ["3", "5", "4,4", "4, 4", "+4", "-4", "0x4", "", "4a", "9" * 23, "4\r\nx: y"]
    for length in lengths:
        head = post(("content-length", length))
        rows[f"a length of {length!r}"] = whole_request(1, head, [b"abcd"])
    four = ("content-length", "4")
    rows |= {
        "a length of 0": whole_request(1, post(("content-length", "0")), [LINE.encode()]),
        "two lengths": whole_request(1, post(four, four), [b"abcd"]),
        "no content": whole_request(1, post(four)),
        "GET without content": whole_request(1, get(four)),
        "a second head": headers(1, post(), END_HEADERS)
        + data(1, b"abcd", 0)
        + headers(1, post(path="/smuggled"), END_HEADERS),
    }
    for trailer in [(":path", "/x"), ("transfer-encoding", "chunked"), four, ("X", "v")]:
        rows[f"a trailer {trailer}"] = whole_request(1, post(), [b"abcd"], [trailer])
    check_refused(rows)


def case_heads_that_are_too_large():
    rows = {
        "many fields": get(*[(f"x-{i}", "v") for i in range(5000)]),
        "a long name": get(("x" * 100_000, "v")),
        "a long value": get(("x", "v" * 100_000)),
        "a long path": get(path="/" + "p" * 100_000),
    }
    check_refused({what: whole_request(1, head) for what, head in rows.items()})


# --- what reaches it


def check_translated(rows: dict) -> None:
    """Rows are the frames, and what the request is to be."""
    wrong = []

    def check(frames: bytes, is_right) -> list[str]:
        origin.take(), origin.take_faults()
        status, end = ask(node, frames)
        requests, found = origin.take(), origin.take_faults()
        if len(requests) != 1 or status != 200:
            return found + [f"{status} {end}, {len(requests)} requests"]
        return found + ([] if is_right(requests[0]) else [f"{requests[0]}"])

    with node_and_origin() as (node, origin):
        for what, (frames, is_right) in rows.items():
            wrong += attempt(check, what, frames, is_right)
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_heads():
    def has(name: str, *values: str):
        return lambda one: one.values(name) == list(values)

    crumbs = get(("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c"))
    settings = ("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA")
    claims = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "evil"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=6.6.6.6;host=evil"),
        ("x-real-ip", "6.6.6.6"),
    ]
    twins = [
        ("x_forwarded_for", "6.6.6.6"),
        ("x_forwarded_host", "evil"),
        ("content_length", "3"),
        ("transfer_encoding", "chunked"),
    ]
    rows = {
        "cookies": (crumbs, has("cookie", "a=1; b=2; c")),
        "te": (get(("te", "trailers")), has("te")),
        "host like :authority": (get(("host", "A.example")), has("host", HOST)),
        "host alone": (get(("host", HOST), authority=None), has("host", HOST)),
        "upper case": (get(authority="A.EXAMPLE"), has("host", HOST)),
        "the default port": (get(authority=f"{HOST}:80"), has("host", HOST)),
        "an empty port": (get(authority=f"{HOST}:"), has("host", HOST)),
        "OPTIONS *": (get(method="OPTIONS", path="*"), lambda one: one.target == "*"),
        "another method": (get(method="GETX"), lambda one: one.method == "GETX"),
        "a method in lower case": (get(method="get"), lambda one: one.method == "get"),
        "Latin-1": (get(("x-any", b"\xff\x80")), has("x-any", "\xff\x80")),
        "an empty value": (get(("x-any", "")), has("x-any", "")),
        "an underscore": (get(("x_any", "v")), has("x_any", "v")),
        "claims": (
            get(*claims),
            lambda one: b"evil" not in one.raw and b"6.6.6.6" not in one.raw,
        ),
        "claims in another spelling": (get(*twins), lambda one: b"_" not in one.raw),
        "HTTP2-Settings": (get(settings), has("http2-settings")),
        ":scheme https": (get(scheme="https"), has("x-forwarded-proto", "http")),
        "proxy fields": (
            get(("proxy-authorization", "Basic x"), ("trailer", "x")),
            lambda one: not one.values("proxy-authorization") and not one.values("trailer"),
        ),
    }
    check_translated({what: (whole_request(1, head), ok) for what, (head, ok) in rows.items()})


def case_content():
    def gets(body: bytes):
        return lambda one: one.body == body

    four, none = ("content-length", "4"), ("content-length", "0")
    in_chunks = [b"0\r\n\r\n", LINE.encode()]
    trailers = [("x-trailer", "v"), ("cookie", "t=1")]
    check_translated(
        {
            "of known length": (
                whole_request(1, post(four), [b"ab", b"cd"]),
                lambda one: one.body == b"abcd" and one.values("content-length") == ["4"],
            ),
            "of unknown length": (
                whole_request(1, post(), in_chunks),
                gets(b"".join(in_chunks)),
            ),
            "of GET": (whole_request(1, get(), [b"abcd"]), gets(b"abcd")),
            "of GET, nothing": (whole_request(1, get(), [b""]), gets(b"")),
            "a length of 0": (whole_request(1, post(none), [b""]), gets(b"")),
            "trailers": (
                whole_request(1, post(), [b"abcd"], trailers),
                lambda one: one.body == b"abcd"
                and not one.values("x-trailer")
                and not one.values("cookie"),
            ),
            "expect": (
                whole_request(1, post(("expect", "100-continue")), [b"abcd"]),
                lambda one: one.body == b"abcd" and not one.values("expect"),
            ),
        }
    )


if __name__ == "__main__":
    run_cases(globals())
