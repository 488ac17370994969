#!/usr/bin/env python3
"""What a newcomer sees: `selvedge demo` serves both bundles over every protocol."""

import json
import re
import subprocess

from client import HTTP_VERSIONS, curl, listener_of
from harness import SOURCE, expect, expect_equal, require_program, run_cases
from node import Node

BUNDLES = SOURCE / "config" / "demo"


def demo() -> Node:
    return Node(arguments=["demo", "--bundles", str(BUNDLES)])


def case_every_protocol_answers_and_the_second_time_from_the_cache():
    require_program("curl")
    # One file a protocol: the cache would answer the next protocol's first request too.
    files = {
        "h1": "/acme-ui/2.3.1/button.js",
        "h2c": "/acme-ui/2.3.1/card.css",
        "h2": "/acme-tokens/1.5.0/tokens.css",
    }
    with demo() as node:
        for protocol, path in files.items():
            url = node.url(path, listener_of(protocol))
            first, second = curl(url, protocol), curl(url, protocol)
            for answer in (first, second):
                expect_equal(answer.status, 200, f"{protocol} status")
                expect_equal(answer.version, HTTP_VERSIONS[protocol], f"{protocol} version")
                expect_equal(answer.body, (BUNDLES / path[1:]).read_bytes(), f"{protocol} body")
                expect(answer.field("via"), f"{protocol}: no Via")
            expect("fwd=" in first.cache_status, f"{protocol} first: {first.cache_status}")
            expect("stored" in first.cache_status, f"{protocol} first: {first.cache_status}")
            expect(second.is_hit, f"{protocol} second: {second.cache_status}")
            expect(second.field("age").isdigit(), f"{protocol}: Age {second.field('age')!r}")


def case_the_printed_curl_lines_work_when_pasted():
    require_program("curl")
    with demo() as node:
        printed = node.stdout() + node.stderr()
        lines = re.findall(r"^\W*(curl .+)$", printed, re.MULTILINE)
        expect(len(lines) >= 3, f"fewer than three curl lines in:\n{printed}")
        for line in lines:
            run = subprocess.run(["bash", "-c", line], capture_output=True, timeout=20)
            expect_equal(run.returncode, 0, line)


def case_versioned_files_are_immutable_and_others_are_not():
    require_program("curl")
    with demo() as node:
        versioned = curl(node.url("/acme-ui/2.3.1/bundle.json"))
        index = curl(node.url("/acme-ui/index.json"))
        expect("immutable" in versioned.field("cache-control"), versioned.field("cache-control"))
        expect_equal(index.field("cache-control"), "public, max-age=60", "of an index")
        expect_equal(json.loads(index.body)["channels"]["latest"], "2.3.1", "latest")
        expect_equal(versioned.field("content-type").split(";")[0], "application/json", "type")


def case_nothing_outside_the_bundles_is_served():
    require_program("curl")
    outside = ["/../../README.md", "/%2e%2e/%2e%2e/README.md", "/acme-ui/..%2f..%2f../README.md"]
    hidden = ["/.hidden", "/acme-ui/.git/config"]
    with demo() as node:
        for path in outside + hidden:
            answer = curl(node.url(path), "h1", "--path-as-is")
            expect(answer.status in (400, 403, 404), f"{path}: {answer.status}")


def case_the_admin_address_answers():
    with demo() as node:
        expect(node.ready["admin"], "the demo has no admin address")
        expect(node.admin("/healthz"), "/healthz is empty")
        expect("selvedge_build_info" in node.admin("/metrics"), "no selvedge_build_info")
        json.loads(node.admin("/v1/status"))


run_cases(globals())
