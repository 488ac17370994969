#!/usr/bin/env python3
"""Who a TLS connection is: by the client's certificate, by the ticket that it comes back with."""

import contextlib
import hashlib
import pathlib
import socket
import ssl
import subprocess
import tempfile

from client import curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, development_certificate, http_origin
from origin import Origin

API_KEY = "premium-key"
STORED = "Cache-Control: max-age=600"


def authority(where: pathlib.Path, name: str) -> tuple[str, str]:
    """Its certificate and its key."""
    files = str(where / f"{name}.pem"), str(where / f"{name}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", files[1], "-out", files[0]],
        check=True,
        capture_output=True,
    )
    return files


def issue(where: pathlib.Path, by: tuple[str, str], name: str) -> list[str]:
    """curl's arguments for a client with a certificate of that name."""
    certificate, key = str(where / f"{name}.crt"), str(where / f"{name}.key")
    request = subprocess.run(
        ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-subj", f"/CN={name}", "-keyout", key],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        ["openssl", "x509", "-req", "-days", "2", "-CA", by[0], "-CAkey", by[1]]
        + ["-out", certificate],
        input=request.stdout,
        check=True,
        capture_output=True,
    )
    return ["--cert", certificate, "--key", key]


@contextlib.contextmanager
def tiered_node(directory: pathlib.Path, **tls):
    listener = {"name": "https", "address": "127.0.0.1:0"}
    listener["tls"] = development_certificate(directory) | tls
    key = hashlib.sha256(API_KEY.encode()).hexdigest()
    identify = {
        "default_tier": "free",
        "certificates": [{"name": "client.example", "tier": "premium", "tenant": "acme"}],
        "api_keys": [{"sha256": key, "tier": "premium", "tenant": "acme"}],
    }
    policy = {
        "tiers": [
            {"name": "premium", "priority": "premium"},
            {"name": "free", "priority": "free"},
        ],
        "identify": identify,
        "rules": [{"name": "no", "when": {"tiers": ["free"]}, "then": {"shed": {"status": 503}}}],
    }
    with Origin(fallback=lambda exchange: exchange.respond(b"here", STORED)) as origin:
        config = config_for(http_origin(origin.address), listeners=[listener], policy=policy)
        with Node(config) as node:
            yield node


def case_a_client_s_certificate_says_who_it_is():
    require_program("curl")
    require_program("openssl")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        ours, other = authority(directory, "ours"), authority(directory, "other")
        with tiered_node(directory, client_ca=ours[0]) as node:
            url = node.url("/a", "https")

            def status(*arguments: str) -> int:
                return curl(url, "h2", *arguments).status

            expect_equal(status(), 503, "without a certificate")
            expect_equal(status(*issue(directory, ours, "client.example")), 200, "with one")
            expect_equal(status(*issue(directory, ours, "stranger.example")), 503, "another name")
            foreign = ["curl", "--silent", "--insecure", "--max-time", "10"]
            foreign += [*issue(directory, other, "client.example"), url]
            run = subprocess.run(foreign, capture_output=True, timeout=20)
            expect(run.returncode != 0, "a certificate of another authority is believed")


def case_a_required_certificate_is_required():
    require_program("curl")
    require_program("openssl")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        ours = authority(directory, "ours")
        required = {"client_ca": ours[0], "client_certificate_required": True}
        with tiered_node(directory, **required) as node:
            url = node.url("/a", "https")
            with_one = curl(url, "h2", *issue(directory, ours, "client.example"))
            expect_equal(with_one.status, 200, "with one")
            without = ["curl", "--silent", "--insecure", "--max-time", "10", url]
            run = subprocess.run(without, capture_output=True, timeout=20)
            expect(run.returncode != 0, "a client without a certificate is let in")


def ask(node: Node, context: ssl.SSLContext, session=None, key: str | None = None):
    """The status, the session to resume, and whether this one was resumed."""
    plain = socket.create_connection(("127.0.0.1", node.port("https")), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
        header = f"X-Api-Key: {key}\r\n" if key else ""
        connection.sendall(f"GET /a HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            data = connection.recv(65536)
            expect(data, f"closed after {received!r}")
            received += data
        status = int(received.split()[1])
        return status, connection.session, connection.session_reused


def case_a_ticket_speeds_up_and_authorizes_nothing():
    """It remembers whose turn the connection waits for, not that somebody may have something."""
    require_program("openssl")
    with tempfile.TemporaryDirectory() as name, tiered_node(pathlib.Path(name)) as node:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        status, session, is_resumed = ask(node, context, key=API_KEY)
        expect_equal((status, is_resumed), (200, False), "with the key")

        def handshakes(kind: str) -> float:
            return node.metric(f'selvedge_handshakes_total{{kind="{kind}"}}')

        wait_until(lambda: handshakes("full") == 1, "the handshake is counted")
        status, _, is_resumed = ask(node, context, session)
        expect_equal((status, is_resumed), (503, True), "resumed, without the key")
        wait_until(lambda: handshakes("resumed") == 1, "the resumed handshake is counted")


run_cases(globals())
