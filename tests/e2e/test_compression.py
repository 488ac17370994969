#!/usr/bin/env python3
"""Content that the node codes, as real clients see it."""

import gzip
import pathlib
import subprocess
import tempfile

from client import Answer, curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, directory_origin

SCRIPT = "".join(f"export const token{i} = '{i * 7919 % 1000}';\n" for i in range(4000)).encode()
LARGE = SCRIPT * 40  # more than one block of content, and several jobs' worth


def node_for(root: str, **compression) -> Node:
    folder = pathlib.Path(root)
    (folder / "app.js").write_bytes(SCRIPT)
    (folder / "large.js").write_bytes(LARGE)
    (folder / "a.png").write_bytes(SCRIPT)
    config = config_for(directory_origin(root))
    route = config["sites"][0]["routes"][0]
    route["default_lifetime"] = "1h"
    route["compression"] = {"enabled": True, **compression}
    return Node(config)


def get(url: str, coding: str, *more: str) -> Answer:
    """With the content as it came."""
    return curl(url, "h1", "-H", f"accept-encoding: {coding}", *more)


def decoded(coding: str, content: bytes) -> bytes:
    if coding == "gzip":
        return gzip.decompress(content)
    program = {"br": "brotli", "zstd": "zstd"}[coding]
    require_program(program)
    return subprocess.run([program, "-dc"], input=content, capture_output=True, check=True).stdout


def case_every_coding_is_what_other_programs_read():
    with tempfile.TemporaryDirectory() as root, node_for(root) as node:
        for path, content in (("/app.js", SCRIPT), ("/large.js", LARGE)):
            for coding in ("gzip", "br", "zstd"):
                for _ in range(2):  # while it is made, and from the store
                    answer = get(node.url(path), coding)
                    expect_equal(answer.field("content-encoding"), coding, "content-encoding")
                    expect_equal(answer.field("vary"), "accept-encoding", "vary")
                    expect(len(answer.body) < len(content) / 3, f"{len(answer.body)} bytes")
                    expect(decoded(coding, answer.body) == content, f"{path} in {coding}")
                expect(answer.is_hit, answer.cache_status)
        variants = node.metric('selvedge_coding_variants_total{coding="br"}')
        expect_equal(variants, 2, "variants of br that were made")


def case_curl_decodes_it():
    with tempfile.TemporaryDirectory() as root, node_for(root) as node:
        for protocol in ("h1", "h2c"):
            expect(curl(node.url("/app.js"), protocol, "--compressed").body == SCRIPT, protocol)
        picture = get(node.url("/a.png"), "gzip, br")
        expect(not picture.field("content-encoding"), "a picture is as it is")
        expect(picture.body == SCRIPT, "content of the picture")


def case_a_range_of_a_variant():
    with tempfile.TemporaryDirectory() as root, node_for(root) as node:
        whole = get(node.url("/app.js"), "gzip").body
        wait_until(lambda: get(node.url("/app.js"), "gzip").is_hit, "the variant is stored")
        part = get(node.url("/app.js"), "gzip", "-r", "100-199")
        expect_equal(part.status, 206, "status")
        expect_equal(part.body, whole[100:200], "part")


run_cases(globals())
