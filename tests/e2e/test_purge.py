#!/usr/bin/env python3
"""Purges with the real program: by URL, tag, prefix, host and everything, hard and soft, asked for
by the admin API and by the PURGE requests that plug-ins of content management systems send."""

import contextlib
import json
import threading

from client import curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, http_origin
from origin import Origin

PAGES = {
    "/a": "Surrogate-Key: red front",
    "/a/b": "Cache-Tag: red,blue",
    "/a/b/c": "xkey: blue",
    "/ab": 'Cache-Groups: "scripts"',
}


def page(*fields: str):
    """Answers that are fresh for a minute and say "unchanged" to a validation."""

    def answer(exchange):
        if exchange.fields.get("if-none-match") == '"v1"':
            exchange.send(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
        else:
            exchange.respond(b"page", "Cache-Control: max-age=60", 'ETag: "v1"', *fields)

    return answer


@contextlib.contextmanager
def filled_node(**sections):
    """A node that holds every page."""
    require_program("curl")
    answers = {path: page(field) for path, field in PAGES.items()}
    with Origin(answers) as origin:
        with Node(config_for(http_origin(origin.address), **sections)) as node:
            for path in PAGES:
                curl(node.url(path))
            expect_equal(hits(node), list(PAGES), "hits before any purge")
            yield node, origin


def hits(node, *paths: str) -> list[str]:
    """The pages that need no origin now. A page that is no hit is one afterwards."""
    return [path for path in paths or PAGES if curl(node.url(path)).is_hit]


def purge(node, **request) -> dict:
    return json.loads(node.admin("/v1/purge", request))


def send_purge(node, path: str, *fields: str):
    arguments = [argument for field in fields for argument in ("-H", field)]
    return curl(node.url(path), "h1", "-X", "PURGE", *arguments)


def case_everything_that_has_a_name_can_be_purged():
    with filled_node() as (node, _):
        host = node.address()
        for request, matched, left in [
            ({"urls": [node.url("/a")]}, 1, ["/a/b", "/a/b/c", "/ab"]),
            ({"urls": [f"http://{host}/x/../a/%62"]}, 1, ["/a", "/a/b/c", "/ab"]),
            ({"tags": ["red"]}, 2, ["/a/b/c", "/ab"]),
            ({"tags": ["blue", "front"]}, 3, ["/ab"]),
            ({"tags": ["re"]}, 0, ["/a", "/a/b", "/a/b/c", "/ab"]),
            ({"groups": [f"http://{host} scripts"]}, 1, ["/a", "/a/b", "/a/b/c"]),
            ({"prefixes": [f"{host}/a"]}, 3, ["/ab"]),
            ({"prefixes": [f"http://{host}/a/b/"]}, 1, ["/a", "/a/b", "/ab"]),
            ({"hosts": [host]}, 4, []),
            ({"hosts": ["elsewhere.example"]}, 0, ["/a", "/a/b", "/a/b/c", "/ab"]),
            ({"everything": True}, 4, []),
        ]:
            receipt = purge(node, **request)
            expect_equal(receipt["matched"], matched, f"{request}: matched")
            expect_equal(hits(node), left, f"{request}: hits afterwards")


def case_a_soft_purge_validates_what_is_held():
    with filled_node() as (node, origin):
        for request in [
            {"urls": [node.url("/a")]},
            {"tags": ["front"]},
            {"prefixes": [node.address() + "/a"]},
            {"everything": True},
        ]:
            before = origin.count("/a")
            expect(purge(node, soft=True, **request)["soft"], f"{request}: not soft")
            after = curl(node.url("/a"))
            expect(not after.is_hit, f"{request}: still a hit: {after.cache_status}")
            expect_equal(after.body, b"page", f"{request}: content of the stored response")
            expect_equal(origin.count("/a"), before + 1, f"{request}: requests to the origin")
            expect(curl(node.url("/a")).is_hit, f"{request}: no hit after the validation")


def case_receipts_can_be_asked_for_later():
    with filled_node() as (node, _):
        first = purge(node, tags=["red"])
        second = purge(node, tags=["blue"], soft=True)
        expect(second["epoch"] > first["epoch"], "epochs do not rise")
        for receipt in (first, second):
            expect(receipt["done"], "not done")
            again = json.loads(node.admin(f"/v1/purge/{receipt['id']}"))
            expect_equal(again, receipt, "the receipt")


def case_a_purge_wins_over_the_fetch_it_meets():
    require_program("curl")
    release = threading.Event()

    def slow(exchange):
        release.wait(20)
        exchange.respond(b"old", "Cache-Control: max-age=60", "Surrogate-Key: red")

    with Origin({"/slow": slow}) as origin, Node(config_for(http_origin(origin.address))) as node:
        for request in ({"urls": [node.url("/slow")]}, {"tags": ["red"]}, {"everything": True}):
            release.clear()
            before = origin.count("/slow")
            client = threading.Thread(target=curl, args=(node.url("/slow"),))
            client.start()
            wait_until(lambda: origin.count("/slow") > before, "the fetch begins")
            purge(node, **request)
            release.set()
            client.join()
            after = curl(node.url("/slow"))
            expect(not after.is_hit, f"{request}: what was fetched before it is used")
            purge(node, everything=True)


def case_purge_requests_are_obeyed_from_the_allow_list():
    with filled_node(purge={"allow": ["127.0.0.0/8"]}) as (node, origin):
        asked = sum(origin.count(path) for path in PAGES)
        for path, fields, left in [
            ("/a", [], ["/a/b", "/a/b/c", "/ab"]),
            ("/", ["Surrogate-Key: red"], ["/a/b/c", "/ab"]),
            ("/a", ["xkey-purge: blue"], ["/a", "/ab"]),
            ("/a/.*", ["X-Purge-Method: regex"], ["/a", "/ab"]),
            ("/.*", ["X-Purge-Method: regex"], []),
            ("/ab", ["Fastly-Soft-Purge: 1"], ["/a", "/a/b", "/a/b/c"]),
        ]:
            answer = send_purge(node, path, *fields)
            expect_equal(answer.status, 200, f"PURGE {path} {fields}")
            missing = len(PAGES) - len(left)
            expect_equal(json.loads(answer.body)["matched"], missing, f"{fields}: matched")
            expect_equal(hits(node), left, f"PURGE {path} {fields}: hits afterwards")
            asked += missing
        seen = sum(origin.count(path) for path in PAGES)
        expect_equal(seen, asked, "requests to the origin, of which no PURGE")


def case_purge_requests_are_refused_from_elsewhere():
    with filled_node(purge={"allow": ["10.0.0.0/8"]}) as (node, _):
        expect_equal(send_purge(node, "/a").status, 403, "status")
        expect(curl(node.url("/a")).is_hit, "purged all the same")


def case_without_an_allow_list_purge_is_for_the_origin():
    with filled_node() as (node, origin):
        before = origin.count("/a")
        expect_equal(send_purge(node, "/a").body, b"page", "the origin's answer")
        expect_equal(origin.count("/a"), before + 1, "requests to the origin")


def case_purges_are_counted_by_name():
    with filled_node(purge={"allow": ["127.0.0.1"]}) as (node, _):
        tags = node.metric("selvedge_purge_tags")
        expect(tags >= 4, f"{tags} tags")
        purge(node, tags=["red", "none"], urls=[node.url("/ab")])
        send_purge(node, "/", "xkey: blue")
        for kind, count in {"tag": 3, "url": 1, "host": 0, "everything": 0}.items():
            name = f'selvedge_purge_requests_total{{kind="{kind}"}}'
            expect_equal(node.metric(name), count, name)
        expect_equal(node.metric("selvedge_purge_matched_total"), 5, "matched")
        expect(node.metric("selvedge_purge_epoch") >= 3, "epoch")


run_cases(globals())
