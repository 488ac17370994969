#!/usr/bin/env python3
"""`selvedge explain` and GET /v1/explain: what they say of a request is what then becomes of it."""

import contextlib
import json
import time
import urllib.error
import urllib.parse

from client import curl
from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, http_origin, run_selvedge
from origin import Origin


def page(*fields: str):
    return lambda exchange: exchange.respond(b"page", *fields)


PAGES = {
    "/fresh": page("Cache-Control: max-age=60", "Age: 5", 'ETag: "v1"', "Surrogate-Key: a b"),
    "/languages": page("Cache-Control: max-age=60", "Vary: Accept-Language"),
    "/secret": page("Cache-Control: private"),
    "/short": page("Cache-Control: max-age=1", 'ETag: "v1"'),
    "/targeted": page("Cache-Control: no-store", "CDN-Cache-Control: max-age=30"),
}


@contextlib.contextmanager
def filled_node():
    """A node that was asked for every page once, in French."""
    require_program("curl")
    with Origin(PAGES) as origin, Node(config_for(http_origin(origin.address))) as node:
        for path in PAGES:
            curl(node.url(path), "h1", "-H", "Accept-Language: fr")
        yield node, origin


def explained(node, path: str, *headers: str, method: str = "GET") -> dict:
    parameters = [("url", node.url(path)), ("method", method)]
    parameters += [("header", header) for header in headers]
    query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)
    return json.loads(node.admin("/v1/explain?" + query))


def spoken(node, path: str, *arguments: str) -> str:
    run = run_selvedge("explain", "--admin", node.ready["admin"], node.url(path), *arguments)
    expect_equal(run.returncode, 0, f"explain {path}, stderr {run.stderr!r}")
    return run.stdout


def expect_words(text: str, *words: str) -> None:
    for one in words:
        expect(one in text, f"{one!r} is not in:\n{text}")


def case_a_hit():
    with filled_node() as (node, origin):
        answer = explained(node, "/fresh")
        expect_equal(answer["decision"]["would_be"], "hit", "would be")
        expect_equal(answer["decision"]["rule"], "RFC 9111, 4.2", "rule")
        expect_equal(answer["key"], node.url("/fresh"), "key")
        expect_equal(answer["origin"], "app", "origin")
        expect_equal(answer["target"], "/fresh", "target")
        (variant,) = answer["variants"]
        freshness = variant["freshness"]
        expect_equal(freshness["lifetime"], 60, "lifetime")
        expect_equal(freshness["lifetime_from"], "max-age", "what gave the lifetime")
        expect_equal(freshness["initial_age"], 5, "initial age: the Age of the answer")
        age = freshness["initial_age"] + freshness["resident_time"]
        expect_equal(variant["age"], age, "current age (RFC 9111, 4.2.3)")
        expect_equal(variant["ttl"], 60 - age, "ttl")
        expect_equal(variant["etag"], '"v1"', "etag")
        expect(variant["used"] and variant["selected"], "not the one that is used")
        expect_words(
            spoken(node, "/fresh"),
            "Would be: hit",
            "(RFC 9111, 4.2)",
            "initial age 5 + ",
            "lifetime 60 (max-age of cache-control)",
            'etag "v1"',
        )
        expect_equal(origin.count("/fresh"), 1, "requests to the origin")
        expect(curl(node.url("/fresh")).is_hit, "not a hit")


def case_a_vary_miss():
    with filled_node() as (node, _):
        answer = explained(node, "/languages", "Accept-Language: de")
        expect_equal(answer["decision"]["would_be"], "miss", "would be")
        expect_equal(answer["decision"]["rule"], "RFC 9111, 4.1", "rule")
        (variant,) = answer["variants"]
        expect(not variant["selected"] and not variant["used"], "the French page is for Germans")
        expect_equal(variant["vary"], "accept-language: fr\n", "vary")
        expect_words(
            spoken(node, "/languages", "-H", "Accept-Language: de"),
            "Would be: miss",
            "(RFC 9111, 4.1)",
            "not for this request",
            "accept-language: fr",
        )
        again = explained(node, "/languages", "Accept-Language: fr", "X-Other: 1")
        expect_equal(again["decision"]["would_be"], "hit", "would be, in French")
        status = curl(node.url("/languages"), "h1", "-H", "Accept-Language: de").cache_status
        expect("fwd=vary-miss" in status, f"no vary miss: {status}")


def case_a_pass_marker():
    with filled_node() as (node, _):
        answer = explained(node, "/secret")
        expect_equal(answer["decision"]["would_be"], "pass", "would be")
        expect(answer["variants"][0]["pass_marker"], "no pass marker")
        expect_equal(answer["variants"][0]["refused"], "private", "why")
        words = spoken(node, "/secret")
        expect_words(words, "Would be: pass", "pass marker, the one that counts", "do not wait")
        expect("fwd=" in curl(node.url("/secret")).cache_status, "not forwarded")


def case_a_stale_response():
    with filled_node() as (node, _):
        deadline = time.monotonic() + 10
        while (answer := explained(node, "/short"))["decision"]["reason"] == "fresh":
            expect(time.monotonic() < deadline, "fresh for more than its lifetime")
            time.sleep(0.05)
        decision = answer["decision"]
        expect_equal(decision["action"], "revalidate", "action: it has a validator")
        expect_equal(decision["would_be"], "revalidated", "would be")
        expect(decision["may_serve_on_error"], "stale-if-error of the route does not count")
        expect_words(
            spoken(node, "/short"),
            "Would be: revalidated",
            "(RFC 9111, 4.2.4)",
            "(RFC 9111, 4.3)",
            "lifetime 1 (max-age of cache-control) - age",
            "(RFC 5861, 4)",
        )
        allowed = explained(node, "/short", "Cache-Control: max-stale=60")
        expect_equal(allowed["decision"]["would_be"], "stale", "would be, with max-stale")


def case_the_field_that_decided_is_named():
    with filled_node() as (node, _):
        expect_words(spoken(node, "/targeted"), "max-age of cdn-cache-control; RFC 9213, 2.2")


def case_other_requests():
    with filled_node() as (node, _):
        for method, headers, would_be, rule in [
            ("GET", ["Cache-Control: no-cache"], "revalidated", "RFC 9111, 5.2.1.4"),
            ("HEAD", [], "hit", "RFC 9111, 4.2"),
            ("POST", [], "pass", "RFC 9110, 9.2.3"),
        ]:
            decision = explained(node, "/fresh", *headers, method=method)["decision"]
            expect_equal(decision["would_be"], would_be, f"{method} {headers}: would be")
            expect_equal(decision["rule"], rule, f"{method} {headers}: rule")
        nothing = explained(node, "/fresh?other", "Cache-Control: only-if-cached")
        expect_equal(nothing["decision"]["action"], "answer-504", "only-if-cached, nothing stored")
        text = spoken(node, "/fresh", "-X", "POST", "-H", "A: 1", "-H", "B: 2", "-o", "json")
        request = json.loads(text)["request"]
        expect_equal(request["headers"], ["A: 1", "B: 2"], "headers of the command line")
        expect_equal(request["method"], "POST", "method of the command line")


def case_a_soft_purge():
    with filled_node() as (node, _):
        node.admin("/v1/purge", {"tags": ["b"], "soft": True})
        answer = explained(node, "/fresh")
        expect_equal(answer["decision"]["reason"], "stale", "reason")
        expect_equal(answer["variants"][0]["standing"], "soft-purged", "standing")
        expect_words(spoken(node, "/fresh"), "softly")


def case_a_url_that_no_site_has():
    with Origin(PAGES) as origin:
        config = config_for(http_origin(origin.address))
        config["sites"][0]["hosts"] = ["www.example.com"]
        with Node(config) as node:
            run = run_selvedge("explain", "--admin", node.ready["admin"], node.url("/fresh"))
            expect_equal(run.returncode, 3, "exit code")
            expect("404" in run.stderr and "no site or route" in run.stderr, run.stderr)
            expect_equal(curl(node.url("/fresh")).status, 404, "what a client gets")


def case_bad_questions_are_problems():
    with filled_node() as (node, _):
        for query, detail in [
            ("", "the parameter url is missing"),
            ("?url=/fresh", "url is not an absolute http or https URL: /fresh"),
            ("?url=http%3A%2F%2Fh%2F&header=none", "not a header such as"),
            ("?url=http%3A%2F%2Fh%2F&metod=GET", "did you mean 'method'"),
        ]:
            try:
                node.admin("/v1/explain" + query)
            except urllib.error.HTTPError as error:
                expect_equal(error.code, 400, query)
                said = json.loads(error.read())["detail"]
                expect(detail in said, f"{query}: {said!r}")
            else:
                raise AssertionError(f"{query}: no error")


def case_help_has_examples():
    run = run_selvedge("explain", "--help")
    expect_equal(run.returncode, 0, "exit code")
    expect_words(run.stdout, "Examples:", "selvedge explain https://", "-H")
    expect_equal(run_selvedge("explain").returncode, 1, "exit code without a URL")


run_cases(globals())
