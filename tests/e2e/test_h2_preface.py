#!/usr/bin/env python3
"""A connection of HTTP/2 begins with the preface and SETTINGS (RFC 9113, 3.4), or it is ended; what
ALPN has agreed on holds (3.2)."""

import socket
import ssl
import struct

import h2_wire as h2
from h2_checks import CONNECTION, any_node, seen
from h2_client import Http2
from h2_wire import ACK, data, frame, headers, ping, request, settings, window_update
from harness import expect, expect_equal, run_cases
from node import Node


PROTOCOL_ERROR = struct.pack(">I", 1)


def first_answer(node: Node, listener: str, text: bytes, protocol: str = "h2") -> bytes:
    """What the node says to these first bytes, up to the end."""
    with socket.create_connection(("127.0.0.1", node.port(listener)), timeout=5) as connection:
        if listener == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols([protocol])
            connection = context.wrap_socket(connection)
        connection.sendall(text)
        got = b""
        try:
            while part := connection.recv(65536):
                got += part
        except TimeoutError:
            got += b" and stays open"
        except (ConnectionResetError, ssl.SSLError):
            pass
        connection.close()
        return got


def case_a_preface_that_is_none():
    """Without TLS, what does not begin like the preface may be HTTP/1.1; behind ALPN nothing may be
    other than what was agreed on."""
    wrong = []
    bad = {
        "nonsense": b"INVALID PREFACE\r\n\r\n" * 2,
        "the end of it is wrong": h2.PREFACE[:-6] + b"XX\r\n\r\n" + settings(),
        "half of it, then a frame": h2.PREFACE[:16] + settings(),
        "a request of HTTP/1.1": b"GET /files/index.html HTTP/1.1\r\nHost: localhost\r\n\r\n",
    }
    with any_node(tls=True) as node:
        for what, text in bad.items():
            listeners = ["https", "http"] if text.startswith(b"PRI") else ["https"]
            for listener in listeners:
                got = first_answer(node, listener, text)
                if b"HTTP/1.1" in got or (got and not got.endswith(PROTOCOL_ERROR)):
                    wrong.append(f"{what}, {listener}: {got!r}")
        got = first_answer(node, "https", h2.PREFACE + settings(), "http/1.1")
        if not got.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")):
            wrong.append(f"HTTP/2 where ALPN chose http/1.1: {got[:30]!r}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


def case_the_preface():
    """SETTINGS come first, in whatever pieces."""
    firsts = {
        "PING": ping(),
        "HEADERS": headers(1, request()),
        "an ACK of SETTINGS": settings(flags=ACK),
        "WINDOW_UPDATE": window_update(0, 1),
        "DATA": data(1),
        "an unknown frame": frame(0xBB),
    }
    wrong = []
    with any_node(tls=True) as node:
        for what, first in firsts.items():
            with Http2(node.port(), starts=False) as client:
                got = seen(client.send(h2.PREFACE + first), 1, False, syncs=False)
                if got != CONNECTION:
                    wrong.append(f"{what} first: {got}")
        for size in (1, 7):
            with Http2(node.port(), starts=False) as client:
                text = h2.PREFACE + settings() + headers(1, request("/files/index.html"))
                for i in range(0, len(text), size):
                    client.send(text[i : i + size])
                if client.response(1).status != 200:
                    wrong.append(f"in pieces of {size}: {client.response(1)}")
        with Http2(node.port("https"), tls=True) as client:
            expect_equal(client.get(scheme="https").status, 200, "over TLS")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    run_cases(globals())
