#!/usr/bin/env python3
"""Servers of an origin that speak TLS and HTTP/2: which protocol is chosen, and whom the node
trusts. The server is a node too."""

import contextlib
import json
import pathlib
import tempfile

from client import raw
from harness import expect_equal, run_cases
from node import Node, config_for, directory_origin

PAGE = b"a page of the server\n"


@contextlib.contextmanager
def server():
    """Over TLS with a certificate of its own for localhost, and in cleartext."""
    logs = {"access": "-", "access_format": "json"}
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "page.txt").write_bytes(PAGE)
        config = config_for(directory_origin(root), logs=logs, node_name="server")
        with Node(config, tls=True) as node:
            yield node


def edge_of(server: Node, tls: dict | None, **options) -> Node:
    listener = "http" if tls is None else "https"
    origin = {"name": "app", "servers": [f"localhost:{server.port(listener)}"]} | options
    if tls is not None:
        origin["tls"] = {"enabled": True} | tls
    return Node(config_for(origin, node_name="edge"))


def get(edge: Node):
    return raw(edge.port(), b"GET /page.txt HTTP/1.1\r\nHost: pages.example\r\n\r\n")


def trusted(server: Node) -> dict:
    return {"ca_file": str(server.directory / "certificate.pem")}


def versions(server: Node) -> list[str]:
    """Of HTTP, in the order of the requests, once the server has written them down."""
    server.stop()
    lines = (pathlib.Path(server.directory) / "stdout").read_text().splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [record["network.protocol.version"] for record in records]


def check(tls: dict | None, expected: str, **options) -> None:
    with server() as back:
        known = None if tls is None else trusted(back) | tls
        with edge_of(back, known, **options) as edge:
            answer = get(edge)
            expect_equal((answer.status, answer.body), (200, PAGE), "answer")
        expect_equal(versions(back), [expected], "HTTP version")


def case_over_tls_the_server_chooses_http2() -> None:
    check({}, "2")


def case_http1_over_tls() -> None:
    check({}, "1.1", protocol="http_1")


def case_http2_in_cleartext_with_prior_knowledge() -> None:
    check(None, "2", protocol="h2")


def case_cleartext_is_http1() -> None:
    check(None, "1.1")


def check_refused(tls: dict, needs_ca: bool = True) -> None:
    with server() as back:
        known = (trusted(back) if needs_ca else {}) | tls
        with edge_of(back, known) as edge:
            answer = get(edge)
            expect_equal(answer.status, 502, "status")
            why = answer.field("proxy-status")
            expect_equal(why, "edge; error=tls_certificate_error", "Proxy-Status")


def case_a_certificate_of_nobody_that_is_trusted() -> None:
    check_refused({}, needs_ca=False)


def case_a_certificate_of_another_name() -> None:
    check_refused({"name": "other.example"})


def case_without_verification_it_is_taken() -> None:
    check({"name": "other.example", "verify": False}, "2")


if __name__ == "__main__":
    run_cases(globals())
