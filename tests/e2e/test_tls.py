#!/usr/bin/env python3
"""TLS: versions, ALPN, certificates by SNI, a renewed certificate without a dropped connection."""

import pathlib
import signal
import ssl
import socket
import subprocess
import tempfile

from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, development_certificate, directory_origin


def certificate_for(name: str, directory: pathlib.Path) -> dict:
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return {"certificate": str(certificate), "key": str(key)}


def connect(node: Node, name: str = "localhost", alpn=("h2", "http/1.1"), **versions):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn))
    for attribute, version in versions.items():
        setattr(context, attribute, version)
    plain = socket.create_connection(("127.0.0.1", node.port("https")), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


def name_in(connection: ssl.SSLSocket) -> str:
    """The common name of the certificate that the node showed."""
    pem = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))
    run = subprocess.run(
        ["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"],
        input=pem,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip().rpartition("CN=")[2]


def certificate_of(connection: ssl.SSLSocket) -> bytes:
    return connection.getpeercert(binary_form=True)


def answer_on(connection: ssl.SSLSocket) -> bytes:
    connection.sendall(b"GET /page.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received = b""
    while b"a page" not in received:
        data = connection.recv(65536)
        expect(data, f"closed after {received!r}")
        received += data
    return received


class Site:
    """A directory with one page, and a node with TLS before it."""

    def __init__(self, names=()):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        (self.path / "page.txt").write_text("a page")
        if names:
            certificates = [certificate_for(name, self.path) for name in names]
        else:
            certificates = development_certificate(self.path)["certificates"]
        tls = {"certificates": certificates}
        listeners = [{"name": "https", "address": "127.0.0.1:0", "tls": tls}]
        self.node = Node(config_for(directory_origin(self.path), listeners=listeners))

    def __enter__(self) -> Node:
        return self.node.__enter__()

    def __exit__(self, *exception) -> None:
        self.node.__exit__(*exception)
        self._directory.cleanup()


def case_versions_and_alpn():
    tls12, tls13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    with Site() as node:
        with connect(node, minimum_version=tls13) as connection:
            expect_equal(connection.version(), "TLSv1.3", "version")
            expect_equal(connection.selected_alpn_protocol(), "h2", "protocol")
        with connect(node, maximum_version=tls12, alpn=["http/1.1"]) as connection:
            expect_equal(connection.version(), "TLSv1.2", "version")
            expect_equal(connection.selected_alpn_protocol(), "http/1.1", "protocol")
            answer_on(connection)


def case_the_certificate_follows_the_name():
    names = ["one.example", "two.example"]
    with Site(names) as node:
        for name in names:
            with connect(node, name) as connection:
                expect_equal(name_in(connection), name, "certificate")
        with connect(node, "other.example") as connection:
            expect_equal(name_in(connection), names[0], "certificate for another name")


def case_a_renewed_certificate_is_used_and_no_connection_dropped():
    site = Site(["localhost"])
    with site as node, connect(node, alpn=["http/1.1"]) as old:
        answer_on(old)
        before = certificate_of(old)
        certificate_for("localhost", site.path)
        node.signal(signal.SIGHUP)

        def is_new() -> bool:
            with connect(node) as connection:
                return certificate_of(connection) != before

        wait_until(is_new, "new connections get the new certificate")
        answer_on(old)


def case_tickets_resume_on_any_worker():
    with Site() as node:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])

        def open_with(session=None) -> ssl.SSLSocket:
            plain = socket.create_connection(("127.0.0.1", node.port("https")), timeout=10)
            return context.wrap_socket(plain, server_hostname="localhost", session=session)

        with open_with() as first:
            answer_on(first)  # TLS 1.3 sends tickets after the handshake
            session = first.session
        # Enough connections for every worker to have had some.
        for number in range(12):
            with open_with(session) as connection:
                answer_on(connection)
                expect(connection.session_reused, f"connection {number} was not resumed")
                session = connection.session


run_cases(globals())
