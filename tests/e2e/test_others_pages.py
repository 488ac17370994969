#!/usr/bin/env python3
"""Pages that are made for who asks stay with who asked, though their origin does not say for whom
they are: what must be validated is never shared, neither while it is fetched nor when it is stale.
"""

import contextlib
import itertools
import time
from concurrent import futures

from client import RawConnection, raw
from harness import expect, expect_equal, run_cases
from node import Node, config_for, http_origin
from recording_origin import RecordingOrigin, response

UNSAID = {
    "entity tag only": [],
    "no-cache": ["Cache-Control: no-cache"],
    "max-age=0": ["Cache-Control: max-age=0"],
    "max-age=0, must-revalidate": ["Cache-Control: max-age=0, must-revalidate"],
    "Expires: 0": ["Expires: 0"],
    "Expires in the past": ["Expires: Thu, 01 Jan 1970 00:00:00 GMT"],
    "Pragma": ["Pragma: no-cache"],
    "private": ["Cache-Control: private"],
    "no-store": ["Cache-Control: no-store"],
    "Set-Cookie": ["Cache-Control: max-age=60", "Set-Cookie: s=1"],
    "Vary: Cookie": ["Cache-Control: no-cache", "Vary: Cookie"],
}
KINDS = list(UNSAID)


def page_of_user(request) -> bytes:
    """The path is the number of a kind."""
    kind = KINDS[int(request.target.split("/")[1])]
    if request.target.endswith("/slow"):
        time.sleep(0.1)
    if request.values("x-provoke"):
        return response("error", status="500 Internal Server Error")
    who = request.value("cookie")
    return response(who, f'ETag: "{who}"', *UNSAID[kind])


@contextlib.contextmanager
def node_for(answer, **route):
    with RecordingOrigin(answer) as origin:
        with Node(config_for(http_origin(origin.address), workers=1, route=route)) as node:
            yield node


def ask(node, target: str, *fields: str):
    lines = [f"GET {target} HTTP/1.1", "Host: a.example", *fields, "Connection: close", "", ""]
    return raw(node.port(), "\r\n".join(lines).encode())


def case_users_who_ask_at_once_get_their_own_pages():
    users = [f"u={number}" for number in range(6)]
    found = []
    with node_for(page_of_user) as node, futures.ThreadPoolExecutor(len(users)) as pool:
        for number, what in enumerate(KINDS):
            answers = pool.map(lambda user: ask(node, f"/{number}/slow", f"Cookie: {user}"), users)
            got = [answer.body.decode() for answer in answers]
            if got != users:
                found.append(f"{what}: {got}")
    expect(not found, "\n  " + "\n  ".join(found))


TAKING = [
    ["Cache-Control: max-stale"],
    ["Cache-Control: only-if-cached"],
    ["Cache-Control: only-if-cached, max-stale"],
    ["X-Provoke: 1"],
    ["X-Provoke: 1", "Cache-Control: stale-if-error=9999"],
    ["If-None-Match: *"],
]


def case_users_do_not_get_the_page_before():
    """Though a client, a failing origin or the configuration would have it."""
    found = []
    lenient = {"stale_if_error": "1h", "stale_while_revalidate": "1h"}
    for route in ({}, lenient):
        with node_for(page_of_user, **route) as node:
            tries = itertools.product(enumerate(KINDS), enumerate(TAKING))
            for (kind, what), (number, taking) in tries:
                path = f"/{kind}/{number}"
                ask(node, path, "Cookie: u=1")
                answer = ask(node, path, "Cookie: u=2", *taking)
                if answer.body == b"u=1":
                    found.append(f"{what}, {taking}, {route}: {answer.cache_status}")
    expect(not found, "\n  " + "\n  ".join(found))


def case_pages_that_may_be_stale_are_shared():
    """Where the response itself says so."""
    stale = ["Cache-Control: max-age=0, stale-while-revalidate=60, stale-if-error=60"]

    def answer(request):
        if request.values("x-provoke"):
            return response("error", status="500 Internal Server Error")
        return response(request.value("cookie"), 'ETag: "1"', *stale)

    with node_for(answer) as node:
        for number, taking in enumerate((["Cache-Control: max-stale"], ["X-Provoke: 1"])):
            ask(node, f"/{number}", "Cookie: u=1")
            expect_equal(ask(node, f"/{number}", *taking).body, b"u=1", f"{taking}")


def case_hints_are_not_those_of_a_page_to_be_validated():
    def answer(request):
        who = request.value("cookie")
        link = f"Link: </of/{who}>; rel=preload"
        return response(who, f'ETag: "{who}"', "Cache-Control: no-cache", link)

    with node_for(answer) as node:
        ask(node, "/", "Cookie: u=1")
        with RawConnection(node.port()) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: a.example\r\nCookie: u=2\r\n\r\n")
            expect("/of/u=1" not in connection.head().field("link"), "a link of another's page")


if __name__ == "__main__":
    run_cases(globals())
