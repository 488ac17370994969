"""Clients: curl for one request with any protocol, raw sockets for what curl would not send."""

import dataclasses
import json
import socket
import subprocess

from harness import expect

# Flags of curl by the names the tests use.
PROTOCOLS = {
    "h1": ["--http1.1"],
    "h2c": ["--http2-prior-knowledge"],
    "h2": ["--http2", "--insecure"],
}
HTTP_VERSIONS = {"h1": "1.1", "h2c": "2", "h2": "2"}


def listener_of(protocol: str) -> str:
    return "https" if protocol == "h2" else "http"


@dataclasses.dataclass
class Answer:
    status: int
    version: str
    fields: dict[str, list[str]]  # lower-case names
    body: bytes

    def field(self, name: str) -> str:
        return ", ".join(self.fields.get(name.lower(), []))

    @property
    def cache_status(self) -> str:
        return self.field("cache-status")

    @property
    def is_hit(self) -> bool:
        return is_hit(self.cache_status)


def is_hit(cache_status: str) -> bool:
    """RFC 9211, 2.1: the parameter `hit` of the member of the node."""
    return "hit" in [part.strip() for part in cache_status.split(";")[1:]]


def curl(url: str, protocol: str = "h1", *arguments: str, timeout: int = 20) -> Answer:
    # The report comes after the body, behind a mark that no body of a test holds.
    mark = "\n--- report of curl ---\n"
    report_format = mark + "%{response_code} %{http_version}\n%{header_json}"
    run = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", str(timeout), *PROTOCOLS[protocol]]
        + [*arguments, "--write-out", report_format, url],
        capture_output=True,
        timeout=timeout + 5,
    )
    expect(run.returncode == 0, f"curl {url} ({protocol}): {run.stderr.decode().strip()}")
    body, _, report = run.stdout.rpartition(mark.encode())
    line, _, fields = report.decode().partition("\n")
    status, version = line.split()
    return Answer(int(status), version, json.loads(fields), body)


class RawConnection:
    """A socket that sends exactly the bytes it is given and reads HTTP/1.1 answers."""

    def __init__(self, port: int, timeout: float = 20):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.received = b""

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def send(self, data: bytes) -> "RawConnection":
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the node may answer and close before it has read everything
        return self

    def read_more(self) -> bool:
        """False at the end of the stream."""
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.received += data
        return bool(data)

    def take(self) -> bytes:
        """What was received and not yet taken, as it is."""
        data, self.received = self.received, b""
        return data

    def head(self) -> Answer:
        """The next head alone: an interim response (1xx), or what answer() begins with."""
        while b"\r\n\r\n" not in self.received:
            expect(self.read_more(), f"closed without an answer, after {self.received!r}")
        head, _, rest = self.received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields: dict[str, list[str]] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields.setdefault(name.lower(), []).append(value.strip())
        version, status = lines[0].split(" ", 2)[:2]
        self.received = rest
        return Answer(int(status), version.removeprefix("HTTP/"), fields, b"")

    def answer(self) -> Answer:
        """The next answer; one without Content-Length lasts until the connection is closed."""
        answer = self.head()
        if "content-length" in answer.fields:
            length = int(answer.fields["content-length"][0])
            while len(self.received) < length:
                expect(self.read_more(), "closed within a body")
        else:
            while self.read_more():
                pass
            length = len(self.received)
        answer.body, self.received = self.received[:length], self.received[length:]
        return answer

    def is_closed(self) -> bool:
        """Reads to the end of the stream; False when the timeout comes first."""
        try:
            while self.read_more():
                pass
        except TimeoutError:
            return False
        return True


def raw(port: int, data: bytes, timeout: float = 20) -> Answer:
    with RawConnection(port, timeout) as connection:
        return connection.send(data).answer()
