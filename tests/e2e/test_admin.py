#!/usr/bin/env python3
"""The admin API: health, metrics, what the cache knows of a URL, purging, bad requests."""

import contextlib
import json
import shutil
import subprocess
import urllib.error
import urllib.parse

from client import curl
from harness import expect, expect_equal, require_program, run_cases, skip
from node import Node, config_for, http_origin
from origin import Origin


@contextlib.contextmanager
def node_and_origin():
    page = {"/page": lambda exchange: exchange.respond(b"page", "Cache-Control: max-age=60")}
    with Origin(page) as origin, Node(config_for(http_origin(origin.address))) as node:
        yield node, origin


def case_health():
    with node_and_origin() as (node, _):
        node.admin("/healthz")  # urlopen raises for anything but a 2xx
        node.admin("/readyz")


def case_metrics_count():
    require_program("curl")
    with node_and_origin() as (node, origin):
        for _ in range(5):
            curl(node.url("/page"))
        expect_equal(node.metric("selvedge_http_requests_total"), 5, "requests")
        expect_equal(node.metric("selvedge_cache_hits_total"), 4, "hits")
        expect_equal(node.metric("selvedge_cache_misses_total"), 1, "misses")
        expect_equal(node.metric("selvedge_cache_objects"), 1, "objects")
        expect(node.metric("selvedge_cache_bytes") > 4, "bytes held")
        expect_equal(node.metric("selvedge_origin_requests_total"), 1, "origin requests")
        expect_equal(origin.count("/page"), 1, "requests that the origin saw")


def case_metrics_pass_promtool():
    if shutil.which("promtool") is None:
        skip("promtool is not installed")
    with node_and_origin() as (node, _):
        run = subprocess.run(
            ["promtool", "check", "metrics"],
            input=node.admin("/metrics"),
            capture_output=True,
            text=True,
            timeout=20,
        )
        expect_equal(run.returncode, 0, run.stdout + run.stderr)


def case_object_and_purge():
    require_program("curl")
    with node_and_origin() as (node, origin):
        url = node.url("/page")
        curl(url)
        query = "/v1/cache/object?url=" + urllib.parse.quote(url, safe="")
        expect(json.loads(node.admin(query)), "nothing is known of a stored object")
        expect(curl(url).is_hit, "not a hit before the purge")
        node.admin("/v1/purge", {"urls": [url]})
        after = curl(url)
        expect(not after.is_hit, f"still a hit after the purge: {after.cache_status}")
        expect_equal(origin.count("/page"), 2, "requests to the origin")


def case_bad_requests_are_problems():
    with node_and_origin() as (node, _):
        for path, body, status, detail in [
            ("/v1/nothing", None, 404, "no such path"),
            ("/v1/purge", None, 405, "method"),
            ("/v1/purge", {"urls": "not a list"}, 400, "'urls' must be a list of texts"),
            ("/v1/purge", {"tags": ["a", 1]}, 400, "'tags' must be a list of texts"),
            ("/v1/purge", {"soft": 1}, 400, "'soft' must be true or false"),
            ("/v1/purge", {"tag": ["a"]}, 400, "unknown key 'tag' (did you mean 'tags'?)"),
            ("/v1/purge", {"urls": ["/page"]}, 400, "not an absolute http or https URL: /page"),
            ("/v1/purge", {"soft": True}, 400, "nothing is named"),
            ("/v1/purge", [], 400, "expected a JSON object"),
            ("/v1/purge/1", None, 404, "not among the last 1024 purges"),
            ("/v1/cache/object", None, 400, "the parameter url is missing"),
        ]:
            try:
                node.admin(path, body)
            except urllib.error.HTTPError as error:
                expect_equal(error.code, status, path)
                said = json.loads(error.read())["detail"]
                expect(detail in said, f"{path} {body}: {said!r}")
                kind = error.headers["Content-Type"].partition(";")[0]
                expect_equal(kind, "application/problem+json", f"type of {path} (RFC 9457)")
            else:
                raise AssertionError(f"{path}: no error")


run_cases(globals())
