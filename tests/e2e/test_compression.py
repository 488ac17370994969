#!/usr/bin/env python3
"""Content that the node codes, as real clients see it."""

import gzip
import pathlib
import subprocess
import tempfile
import threading

from client import Answer, RawConnection, curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, directory_origin, http_origin
from origin import Origin

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


def node_before(origin: Origin) -> Node:
    config = config_for(http_origin(origin.address))
    route = config["sites"][0]["routes"][0]
    route["default_lifetime"] = "1h"
    route["compression"] = {"enabled": True}
    return Node(config)


def ask(node: Node, path: str) -> RawConnection:
    lines = [f"GET {path} HTTP/1.1", f"Host: {node.address()}", "Accept-Encoding: gzip", "", ""]
    return RawConnection(node.port()).send("\r\n".join(lines).encode())


def content_of(answer: Answer) -> bytes:
    """Of chunks."""
    content, rest = b"", answer.body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        content, rest = content + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return content


def read_chunked(connection: RawConnection) -> bytes:
    head = connection.head()
    expect_equal(head.field("content-encoding"), "gzip", "content-encoding")
    while not connection.received.endswith(b"0\r\n\r\n"):
        expect(connection.read_more(), "closed within the content")
    return content_of(Answer(200, "1.1", {}, connection.take()))


def case_who_leaves_takes_nothing_from_the_others():
    half_is_read, may_go_on = threading.Event(), threading.Event()

    def slowly(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\n")
        exchange.send(f"Content-Length: {len(LARGE)}\r\n\r\n".encode())
        exchange.send(LARGE[: len(LARGE) // 2])
        half_is_read.set()
        expect(may_go_on.wait(20), "the clients have left")
        exchange.send(LARGE[len(LARGE) // 2 :])

    with Origin({"/a.js": slowly}) as origin, node_before(origin) as node:
        clients = [ask(node, "/a.js") for _ in range(20)]
        half_is_read.wait(20)
        for client in clients:
            expect(client.read_more(), "some has come before all is there")
        for client in clients[::2]:  # the leader of the fill among them
            client.__exit__()
        may_go_on.set()
        for client in clients[1::2]:
            expect(gzip.decompress(read_chunked(client)) == LARGE, "content of who stays")
            client.__exit__()
        wait_until(lambda: get(node.url("/a.js"), "gzip").is_hit, "the variant is stored")
        expect(gzip.decompress(get(node.url("/a.js"), "gzip").body) == LARGE, "the stored variant")
        expect_equal(origin.count("/a.js"), 1, "fetches")


def case_content_that_is_cut_off_is_nobodys():
    def cut(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\n")
        exchange.send(f"Content-Length: {len(LARGE)}\r\n\r\n".encode() + LARGE[:-1])
        exchange.closes = True

    with Origin({"/a.js": cut}) as origin, node_before(origin) as node:
        for turn in range(3):
            with ask(node, "/a.js") as client:
                if client.head().status == 200:  # else it was cut off before anything was coded
                    while client.read_more():
                        pass
                    expect(b"\r\n0\r\n\r\n" not in client.received, "it does not look whole")
            expect_equal(origin.count("/a.js"), turn + 1, "nothing of it is stored")
        made = node.metric('selvedge_coding_variants_total{coding="gzip"}')
        expect_equal(made, 0, "variants of what is not whole")


run_cases(globals())
