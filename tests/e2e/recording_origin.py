"""An origin that keeps every request it gets, is strict about what one is, and may answer anything.

    with RecordingOrigin(lambda request: response(request.target)) as origin:
        ...
        origin.take(), origin.take_faults()

A connection on which something comes that is not exactly one well-formed request after the other
is noted among the faults. A request that breaks off is none: its client has given it up.
"""

import dataclasses
import re
import socket
import struct
import threading
import time

from h1_wire import Broken, Ended, Fields, Reader, parse_fields, values

REQUEST_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\*|/[!\x24-\x3b=?-\x7e]*) HTTP/1\.1"  # no " # < >
)
OF_CONNECTION = {
    "connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
}
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nCache-Control: max-age=60\r\n\r\nevil"


def response(body=b"", *fields: str, status: str = "200 OK") -> bytes:
    body = body.encode("latin-1") if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@dataclasses.dataclass
class Request:
    method: str
    target: str
    fields: Fields
    body: bytes
    raw: bytes  # its head

    def values(self, name: str) -> list[str]:
        return values(self.fields, name)

    def value(self, name: str) -> str:
        return ", ".join(self.values(name))


class Script:
    """An answer in parts, one after the other (a float is a pause), and what becomes of the
    connection: "keep", "close", "reset", or "switch": whatever comes next is answered by EVIL."""

    def __init__(self, *parts, end: str = "keep"):
        self.parts, self.end = parts, end


class RecordingOrigin:
    def __init__(self, answer):
        """`answer(request)` returns bytes or a Script."""
        self.answer = answer
        self._requests: list[Request] = []
        self._faults: list[str] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "RecordingOrigin":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # which ends accept()
        self._listener.close()

    def take(self) -> list[Request]:
        with self._lock:
            taken, self._requests = self._requests, []
        return taken

    def take_faults(self) -> list[str]:
        with self._lock:
            taken, self._faults = self._faults, []
        return taken

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        try:
            with connection:
                self.serve(connection)
        except OSError:
            pass  # the node gave up

    def serve(self, connection: socket.socket) -> None:
        """One connection, to its end."""
        reader = Reader(connection)
        try:
            while reader.kept or reader.more():
                request = self._read(reader)
                with self._lock:
                    self._requests.append(request)
                if not self._send(connection, self.answer(request)):
                    return
        except Ended:
            pass
        except Broken as fault:
            self._note(str(fault))

    def _note(self, fault: str) -> None:
        with self._lock:
            self._faults.append(fault)

    def _read(self, reader: Reader) -> Request:
        try:
            raw = reader.head()
        except Ended:
            raise Broken(f"a head without an end: {reader.kept[:300]!r}") from None
        line, *lines = raw.split(b"\r\n")
        found = REQUEST_LINE.fullmatch(line)
        if not found:
            raise Broken(f"request line {line[:80]!r}")
        fields = parse_fields(lines)
        codings, lengths = values(fields, "transfer-encoding"), values(fields, "content-length")
        if len(values(fields, "host")) != 1:
            raise Broken(f"not one Host: {raw[:300]!r}")
        if of_connection := OF_CONNECTION & {name for name, _ in fields}:
            self._note(f"{of_connection} in {raw[:300]!r}")
        if len(codings) + len(lengths) > 1 or codings not in ([], ["chunked"]):
            raise Broken(f"framing {codings} {lengths}")
        if lengths and not re.fullmatch("[0-9]{1,19}", lengths[0]):
            raise Broken(f"length {lengths}")
        body = reader.chunks() if codings else reader.exactly(int(lengths[0]) if lengths else 0)
        return Request(found[1].decode(), found[2].decode(), fields, body, raw)

    def _send(self, connection: socket.socket, answer) -> bool:
        """False: the connection is over."""
        script = answer if isinstance(answer, Script) else Script(answer)
        for part in script.parts:
            if isinstance(part, float):
                time.sleep(part)
            else:
                connection.sendall(part)
        if script.end == "switch":
            connection.recv(65536)
            connection.sendall(EVIL)
        elif script.end == "reset":
            time.sleep(0.005)  # what was sent is to be read first
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return script.end == "keep"
