#!/usr/bin/env python3
"""Two nodes in a row, edge and shield: ages add up, Via names both, and a purge at the edge holds
even while the shield still has the old copy."""

import contextlib
import json

from client import Answer, is_hit, raw
from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, http_origin
from origin import Exchange, Origin

HOST = "patterns.example"  # both nodes store under the name that the clients use
TAG, GROUP = "red", "scripts"
PATH = "/a.css"


class Pages:
    """What the origin says: the version that is current, fresh for an hour."""

    def __init__(self, *fields: str):
        self.version = "v1"
        self.asked: list[dict] = []  # the fields of each request
        self._fields = fields

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.fields)
        tag = f'"{self.version}"'
        fields = ["Cache-Control: max-age=3600", f"ETag: {tag}"]
        fields += [f"Surrogate-Key: {TAG}", f'Cache-Groups: "{GROUP}"']
        if exchange.fields.get("if-none-match") == tag:
            head = ["HTTP/1.1 304 Not Modified", *fields, *self._fields, "", ""]
            exchange.send("\r\n".join(head).encode())
        else:
            exchange.respond(self.version.encode(), *fields, *self._fields)


def shield_node(origin: Origin) -> Node:
    trusted = {"trusted_proxies": ["127.0.0.1"]}  # the edge: it gets the tags
    config = config_for(http_origin(origin.address), node_name="shield", forwarding=trusted)
    return Node(config)


def edge_node(shield: Node) -> Node:
    origin = {"name": "shield", "kind": "shield", "servers": [shield.address()]}
    return Node(config_for(origin, node_name="edge"))


@contextlib.contextmanager
def chain(*fields: str):
    """The nodes are called edge and shield: what the origin sends with each page are `fields`."""
    pages = Pages(*fields)
    with (
        Origin(fallback=pages.answer) as origin,
        shield_node(origin) as shield,
        edge_node(shield) as edge,
    ):
        yield edge, shield, pages


def get(node: Node, path: str = PATH) -> Answer:
    # Not curl: its report cannot tell of fields that come twice, once from each node.
    answer = raw(node.port(), f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    expect_equal(answer.status, 200, f"status of {path}")
    return answer


def text_of(node: Node) -> str:
    return get(node).body.decode()


def is_own_hit(answer: Answer) -> bool:
    """Of the node that was asked, whose member of Cache-Status is the last (RFC 9211, 2)."""
    return is_hit(answer.cache_status.rpartition(",")[2])


def purge(node: Node, request: dict) -> dict:
    return json.loads(node.admin("/v1/purge", request))


def expect_new_for_good(node: Node, what: str) -> None:
    """The new copy at once, until it is stored, and when it is."""

    def is_stored() -> bool:
        answer = get(node)
        expect_equal(answer.body, b"v2", f"{what}: at the edge")
        return is_own_hit(answer)

    wait_until(is_stored, f"{what}: the new copy is a hit at the edge")


def case_age_and_via_tell_of_both():
    with chain("Age: 100") as (edge, shield, pages):
        at_shield = int(get(shield).field("age"))
        expect(at_shield >= 100, f"the shield says it is {at_shield} s old")
        missed = get(edge)
        expect(not is_own_hit(missed), missed.cache_status)
        hit = get(edge)
        expect(is_own_hit(hit), hit.cache_status)
        ages = [at_shield, *(int(answer.field("age")) for answer in (missed, hit))]
        expect_equal(ages, sorted(ages), "ages at shield, through the edge, at the edge")
        for answer in (missed, hit):
            via = [part.split()[1] for part in answer.field("via").split(",")]
            expect_equal(via, ["shield", "edge"], "Via of the answer")
            members = [part.split(";")[0].strip() for part in answer.cache_status.split(",")]
            expect_equal(members, ["shield", "edge"], "Cache-Status (RFC 9211, 2)")
        expect_equal(len(pages.asked), 1, "requests to the origin")
        get(edge, "/other.css")
        via = [part.split()[1] for part in pages.asked[-1]["via"].split(",")]
        names = [name.rpartition("-")[0] for name in via]  # each run of a node has its own name
        expect_equal(names, ["edge", "shield"], "Via of the request")


def check_purge_at_the_edge(request: dict, age: str) -> None:
    with chain(age) as (edge, shield, pages):
        expect_equal(text_of(edge), "v1", "before")
        expect(is_own_hit(get(edge)), "not stored at the edge")
        pages.version = "v2"
        expect_equal(text_of(shield), "v1", "at the shield, which has the old copy")
        expect_equal(purge(edge, request)["matched"], 1, f"{request}: matched")
        if age == "Age: 0":
            return expect_new_for_good(edge, f"{request}")
        # By its Age even what is new is from before the purge: it is given, not stored.
        for _ in range(3):
            expect_equal(text_of(edge), "v2", f"{request}, {age}: at the edge")


def check_purge_before_anything_was_stored(request: dict) -> None:
    with chain() as (edge, shield, pages):
        expect_equal(text_of(shield), "v1", "at the shield, which has the old copy")
        pages.version = "v2"
        purge(edge, request)
        expect_new_for_good(edge, f"{request}, nothing stored")


def check_purge_at_the_shield_and_then_at_the_edge(request: dict) -> None:
    with chain() as (edge, shield, pages):
        expect_equal(text_of(edge), "v1", "before")
        pages.version = "v2"
        expect_equal(purge(shield, request)["matched"], 1, f"{request}: matched at the shield")
        expect_equal(text_of(edge), "v1", f"{request}: at the edge, which has not heard of it")
        expect_equal(purge(edge, request)["matched"], 1, f"{request}: matched at the edge")
        expect_new_for_good(edge, f"{request}, at both")


def check_purges(name: dict) -> None:
    """Hard and soft ones."""
    for soft in (False, True):
        request = name | {"soft": soft}
        check_purge_at_the_edge(request, "Age: 0")
        check_purge_at_the_edge(request, "Age: 30")
        check_purge_before_anything_was_stored(request)
        check_purge_at_the_shield_and_then_at_the_edge(request)


def case_purges_by_url():
    check_purges({"urls": [f"http://{HOST}{PATH}"]})


def case_purges_by_group():
    check_purges({"groups": [f"http://{HOST} {GROUP}"]})


def case_purges_by_tag():
    check_purges({"tags": [TAG]})


def case_purges_of_a_whole_host():
    check_purges({"hosts": [HOST]})


def case_an_edge_that_was_down_keeps_nothing():
    pages = Pages()
    with Origin(fallback=pages.answer) as origin, shield_node(origin) as shield:
        with edge_node(shield) as edge:
            expect_equal(text_of(edge), "v1", "before")
        pages.version = "v2"
        purge(shield, {"tags": [TAG]})
        with edge_node(shield) as edge:
            expect_new_for_good(edge, "after a purge that the edge has missed")


run_cases(globals())
