"""HTTP/1.1 read by the strictest grammar (RFC 9112), for both ends of the wire, and a client that
sends any bytes and says what came back.

    talk(node.port(), b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n").statuses
"""

import dataclasses
import re
import socket
import time

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [\t\x20-\x7e]*")
CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
LONGEST_HEAD = 200_000

Fields = list[tuple[str, str]]  # names in lower case


class Broken(Exception):
    """The bytes are not what the grammar allows."""


class Ended(Exception):
    """The stream ended within a message."""


def values(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key == name.lower()]


def parse_fields(lines: list[bytes]) -> Fields:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name) or not VALUE.match(value):
            raise Broken(f"field line {line[:80]!r}")
        fields.append((name.decode().lower(), value.strip(b" \t").decode("latin-1")))
    return fields


class Reader:
    def __init__(self, connection: socket.socket):
        self._connection = connection
        self.kept = b""  # read, and not yet taken
        self.has_ended = False

    def more(self) -> bool:
        try:
            data = self._connection.recv(65536)
        except ConnectionError:
            data = b""
        self.kept += data
        self.has_ended = self.has_ended or not data
        return bool(data)

    def _to(self, mark: bytes) -> bytes:
        while mark not in self.kept:
            if len(self.kept) > LONGEST_HEAD:
                raise Broken(f"no end of {self.kept[:80]!r}")
            if not self.more():
                raise Ended()
        found, _, self.kept = self.kept.partition(mark)
        return found

    def head(self) -> bytes:
        """The first line and the fields, without the empty line."""
        return self._to(b"\r\n\r\n")

    def exactly(self, size: int) -> bytes:
        while len(self.kept) < size:
            if not self.more():
                raise Ended()
        data, self.kept = self.kept[:size], self.kept[size:]
        return data

    def to_end(self) -> bytes:
        while self.more():
            pass
        data, self.kept = self.kept, b""
        return data

    def chunks(self) -> bytes:
        body = b""
        while True:
            line = self._to(b"\r\n")
            if not CHUNK_SIZE.fullmatch(line):
                raise Broken(f"chunk size {line[:40]!r}")
            size = int(line, 16)
            if size == 0:
                while line := self._to(b"\r\n"):
                    parse_fields([line])
                return body
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Broken("no CRLF behind a chunk")


@dataclasses.dataclass
class Reply:
    status: int
    fields: Fields
    body: bytes = b""
    is_whole: bool = False

    def values(self, name: str) -> list[str]:
        return values(self.fields, name)


@dataclasses.dataclass
class Talk:
    """What came back on one connection."""

    replies: list[Reply]  # with interim ones
    is_closed: bool  # by the node
    excess: bytes  # that is no reply
    seconds: float

    @property
    def statuses(self) -> list[int]:
        return [reply.status for reply in self.replies]

    @property
    def final(self) -> list[Reply]:
        return [reply for reply in self.replies if reply.status >= 200]


def _read_reply(reader: Reader, method: str) -> Reply:
    line, *lines = reader.head().split(b"\r\n")
    found = STATUS_LINE.fullmatch(line)
    if not found:
        raise Broken(f"status line {line[:80]!r}")
    reply = Reply(int(found[1]), parse_fields(lines))
    try:
        if method == "HEAD" or reply.status < 200 or reply.status in (204, 304):
            pass
        elif "chunked" in reply.values("transfer-encoding"):
            reply.body = reader.chunks()
        elif reply.values("content-length"):
            reply.body = reader.exactly(int(reply.values("content-length")[0]))
        else:
            reply.body = reader.to_end()
        reply.is_whole = True
    except Ended:
        reply.body, reader.kept = reader.kept, b""
    return reply


def talk(
    port: int, pieces, *, method="GET", pause=0.0, half_close=False, quiet=0.25, patience=10.0
) -> Talk:
    """Sends the pieces, a pause behind each, and reads replies: until the node closes, or until
    nothing comes within `patience` and, behind the first final one, within `quiet`."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in [pieces] if isinstance(pieces, bytes) else pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break  # it has answered and closed
            if pause:
                time.sleep(pause)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        reader, replies = Reader(connection), []
        try:
            while reader.kept or reader.more():
                replies.append(_read_reply(reader, method))
                if not replies[-1].is_whole:
                    break
                if replies[-1].status >= 200:
                    connection.settimeout(quiet)
        except (TimeoutError, Ended):
            pass
        return Talk(replies, reader.has_ended, reader.kept, time.monotonic() - begin)
