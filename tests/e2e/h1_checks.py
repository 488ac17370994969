"""What the tests of HTTP/1.1's rules share: a node before an origin that is strict, and tables of
requests that are refused, or that reach the origin as one request with one reading."""

import contextlib
import dataclasses
import time

from h1_wire import Broken, talk
from harness import expect
from node import Node, config_for, http_origin
from recording_origin import RecordingOrigin, Request, response

LIMITS = {
    "head_bytes": "8KiB",
    "head_fields": 100,
    "target_bytes": 2000,
    "body_bytes": "100KiB",
    "header_timeout": "1s",
    "body_timeout": "1s",
    "idle_timeout": "2s",
    "handshake_timeout": "1s",
}
NEXT = b"GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n"
HOST = b"Host: a.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
LAST = b"0\r\n\r\n"


def get(*fields: bytes, line: bytes = b"GET /p HTTP/1.1", host: bytes = HOST) -> bytes:
    return line + b"\r\n" + host + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def post(*fields: bytes, body: bytes = b"") -> bytes:
    return get(*fields, line=b"POST /p HTTP/1.1") + body


def chunked(body: bytes) -> bytes:
    return post(CHUNKED, body=body)


def tell(request: Request) -> bytes:
    text = f"{request.method} {request.target}"
    whole = response(text, "Cache-Control: no-store")
    return whole if request.method != "HEAD" else whole[: -len(text)]


@contextlib.contextmanager
def node_and_origin(answer=tell, **sections):
    # One worker: what one connection to the origin has left the next request finds.
    care = {"breaker": {"failure_share": "0%"}, "idle_timeout": "5s", "first_byte_timeout": "5s"}
    sections = {"workers": 1, "limits": LIMITS} | sections
    with RecordingOrigin(answer) as origin:
        with Node(config_for(http_origin(origin.address, **care), **sections)) as node:
            yield node, origin


def short(data: bytes) -> str:
    return repr(data[:120]) + ("..." if len(data) > 120 else "")


def attempt(check, what: str, *arguments) -> list[str]:
    """One row does not hide the others."""
    try:
        wrong = check(*arguments)
    except (Broken, AssertionError, OSError) as problem:
        wrong = [f"{type(problem).__name__}: {problem}"]
    return [f"{what}: {'; '.join(wrong)}"] if wrong else []


def expect_ordinary(node, wrong: list[str]) -> None:
    expect(not wrong, f"{len(wrong)}:\n  " + "\n  ".join(wrong))
    expect(talk(node.port(), NEXT).statuses == [200], "an ordinary request afterwards")


# --- what is refused


def check_refused(rows: dict) -> None:
    """Rows are bytes by what they are and the statuses that they may be answered with: once, then
    the connection ends, whatever lies behind. The origin is never sent a whole request."""
    wrong = []
    with node_and_origin() as (node, origin):
        for statuses, requests in rows.items():
            statuses = statuses if isinstance(statuses, tuple) else (statuses,)
            for what, data in requests.items():
                for text in (data, data + NEXT):
                    wrong += attempt(_refusal, what, node, text, statuses)
                wrong += _received(what, origin)
        time.sleep(0.2)
        wrong += _received("late", origin)
        expect_ordinary(node, wrong)


def _refusal(node, data: bytes, statuses: tuple) -> list[str]:
    wrong = []
    result = talk(node.port(), data)
    got = [status for status in result.statuses if status != 100]
    if len(got) != 1 or got[0] not in statuses:
        wrong.append(f"{got} for {short(data)}")
    if not result.is_closed:
        wrong.append("left open")
    if result.excess:
        wrong.append(f"then {short(result.excess)}")
    return wrong


def _received(what: str, origin: RecordingOrigin) -> list[str]:
    """Of this row, or of one not long before."""
    found = [f"the origin got {request.raw!r} {request.body[:60]!r}" for request in origin.take()]
    return [f"{what}: {one}" for one in found + origin.take_faults()]


# --- what reaches the origin


@dataclasses.dataclass
class Reaches:
    """The one request that the origin is to get."""

    method: str = "GET"
    target: str = "/p"
    host: str = "a.test"
    body: bytes = b""
    has: dict[str, str] = dataclasses.field(default_factory=dict)
    has_not: tuple = ()


def check_accepted(rows: dict) -> None:
    """Rows are (bytes, Reaches). What lies behind is answered as a request of its own, unless the
    connection ends before."""
    wrong = []
    with node_and_origin() as (node, origin):
        for what, (data, wanted) in rows.items():
            origin.take(), origin.take_faults()
            wrong += attempt(_acceptance, what, node, origin, data, wanted)
        expect_ordinary(node, wrong)


def _acceptance(node, origin: RecordingOrigin, data: bytes, wanted: Reaches) -> list[str]:
    may_close = b" HTTP/1.0\r\n" in data
    result = talk(node.port(), data + NEXT)
    requests, wrong = origin.take(), origin.take_faults()
    targets = [request.target for request in requests]
    if targets != [wanted.target, "/next"] and not (may_close and targets == [wanted.target]):
        return wrong + [f"the origin got {targets}; {result.statuses} for {short(data)}"]
    if [reply.status for reply in result.final] != [200] * len(targets):
        wrong.append(f"answered {result.statuses}")
    if not result.is_closed or result.excess:
        wrong.append(f"closed: {result.is_closed}, then {short(result.excess)}")
    return wrong + _differences(requests[0], wanted)


def _differences(request: Request, wanted: Reaches) -> list[str]:
    wrong = []
    if request.method != wanted.method:
        wrong.append(f"method {request.method}")
    if request.values("host") != [wanted.host]:
        wrong.append(f"host {request.values('host')}")
    if request.body != wanted.body:
        wrong.append(f"body {request.body!r}")
    for name, value in wanted.has.items():
        if request.values(name) != [value]:
            wrong.append(f"{name}: {request.values(name)}")
    wrong += [f"{name} has passed" for name in wanted.has_not if request.values(name)]
    return wrong
