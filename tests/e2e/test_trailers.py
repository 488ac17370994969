#!/usr/bin/env python3
"""Trailers of a chunked answer reach HTTP/1.1 and HTTP/2 clients."""

import contextlib
import socket
import subprocess

from harness import expect, require_program, run_cases
from node import Node, config_for, http_origin
from origin import Origin


def with_trailers(exchange):
    exchange.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Digest: abc\r\nContent-Type: text/evil\r\n\r\n"
    )


@contextlib.contextmanager
def node_before_trailers():
    with Origin({"/a": with_trailers}) as origin:
        with Node(config_for(http_origin(origin.address))) as node:
            yield node


def case_http1():
    with node_before_trailers() as node:
        with socket.create_connection(("127.0.0.1", node.port()), timeout=10) as client:
            client.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
    expect(answer.endswith(b"0\r\nx-digest: abc\r\n\r\n"), answer.decode("latin-1"))


def case_http2():
    require_program("nghttp")
    with node_before_trailers() as node:
        run = subprocess.run(
            ["nghttp", "-nv", node.url("/a")],
            capture_output=True,
            text=True,
            timeout=20,
        )
    content, _, trailers = run.stdout.partition("recv DATA frame")
    expect("x-digest: abc" in trailers, run.stdout)
    expect("x-digest" not in content and "text/evil" not in run.stdout, run.stdout)


run_cases(globals())
