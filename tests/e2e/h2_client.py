"""A client of HTTP/2 that sends exactly the frames a test wants, and holds what the node says to
the rules: whatever breaks one raises an AssertionError.

    with Http2(node.port()) as client:
        client.send(headers(1, request("/")))
        client.response(1).status
"""

import dataclasses
import socket
import ssl
import struct

from h2_wire import (
    ACK,
    CONTINUATION,
    DATA,
    ENABLE_PUSH,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    GOAWAY,
    HAS_PRIORITY,
    HEADER_TABLE_SIZE,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    LEAST_FRAME_SIZE,
    PADDED,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Decoder,
    code_name,
    headers,
    ping,
    request,
    settings,
    window_update,
)
from harness import expect


@dataclasses.dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


@dataclasses.dataclass
class Response:
    status: int = 0
    fields: list = dataclasses.field(default_factory=list)
    trailers: list = dataclasses.field(default_factory=list)
    body: bytes = b""
    interim: list = dataclasses.field(default_factory=list)  # statuses
    has_head: bool = False
    has_ended: bool = False
    reset: str = ""  # the code of RST_STREAM

    def field(self, name: str) -> str:
        return ", ".join(v.decode("latin-1") for n, v in self.fields if n == name.encode())


class Http2:
    """One connection of a client. It keeps the rules by itself as far as start() and ACKs go."""

    def __init__(
        self, port: int, *, tls=False, starts=True, timeout=10, options=(), receive_buffer=0
    ):
        """`options` are the pairs of the first SETTINGS. Without `starts` a test sends it all."""
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(timeout)
        self._socket.connect(("127.0.0.1", port))
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
            expect(self._socket.selected_alpn_protocol() == "h2", "ALPN chose no h2")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.responses: dict[int, Response] = {}
        self.frames: list[Frame] = []  # as they came, all of them
        self.peer_settings: dict[int, int] = {}
        self.decoder = Decoder()
        self.goaway: str | None = None  # its code
        self.goaway_last = None
        self.is_closed = False
        self.was_reset = False  # by TCP
        self.may_send = FIRST_WINDOW  # of the connection, by WINDOW_UPDATE
        self.room = FIRST_WINDOW  # for what the node may send
        self.first_room = FIRST_WINDOW
        self.rooms: dict[int, int] = {}
        self._acks: list[dict[int, int]] = []  # settings under way
        self._block: tuple[int, int, bytes] | None = None
        self.acks_settings = True
        self.counts_acks = starts  # False: a test sends SETTINGS beside send_settings()
        self._pings = 0
        self.next_stream = 1
        if starts:
            self.start(*options)

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def start(self, *options) -> None:
        self.send(PREFACE)
        self.send_settings(*options)
        self.read_until(lambda: self.peer_settings or self.is_closed)

    def send(self, *parts: bytes) -> "Http2":
        """Exactly these bytes. A node that has closed does not want them: no error."""
        try:
            self._socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.was_reset = True
        return self

    def send_some(self, octets: memoryview) -> int:
        """Without waiting: how many of them went."""
        before = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            return self._socket.send(octets)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            self.is_closed = self.was_reset = True
            return 0
        finally:
            self._socket.settimeout(before)

    def send_settings(self, *pairs, flags: int = 0) -> "Http2":
        self._acks.append(dict(pairs))
        # A larger window may be used before the ACK is here; a smaller one binds behind it.
        return self.send(settings(*pairs, flags=flags))

    def give(self, stream: int, by: int) -> "Http2":
        """WINDOW_UPDATE that is kept account of."""
        if stream == 0:
            self.room += by
        else:
            self.rooms[stream] = self.rooms.get(stream, self.first_room) + by
        return self.send(window_update(stream, by))

    def open_stream(self) -> int:
        self.next_stream += 2
        return self.next_stream - 2

    # --- reading

    def read_until(self, condition, timeout: float | None = None) -> bool:
        """False when the timeout came first."""
        before = self._socket.gettimeout()
        try:
            if timeout is not None:
                self._socket.settimeout(timeout)
            while not condition():
                if self.is_closed:
                    return False
                self._read_frame()
            return True
        except (TimeoutError, BlockingIOError):
            return False
        finally:
            self._socket.settimeout(before)

    def read_all(self, timeout: float = 10) -> bool:
        """Up to the end of the stream; False when the node does not close."""
        self.read_until(lambda: False, timeout)
        return self.is_closed

    def _fill(self, size: int) -> bool:
        while len(self._received) < size:
            try:
                got = self._socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                got, self.was_reset = b"", True
            if not got:
                self.is_closed = True
                return False
            self._received += got
        return True

    def _read_frame(self) -> None:
        if not self._fill(9):
            return
        length = int.from_bytes(self._received[:3], "big")
        expect(length <= LEAST_FRAME_SIZE, f"a frame of {length} bytes: {self._received[:40]!r}")
        if not self._fill(9 + length):
            return
        kind, flags, stream = struct.unpack(">BBI", self._received[3:9])
        got = Frame(kind, flags, stream, self._received[9 : 9 + length])
        self._received = self._received[9 + length :]
        self.frames.append(got)
        expect(self.peer_settings or kind == SETTINGS, f"the first frame is {got}")
        in_block = self._block is not None
        expect(in_block == (kind == CONTINUATION), f"within a field block: {got}")
        self._take(got)

    def _take(self, got: Frame) -> None:
        if got.kind == SETTINGS:
            self._take_settings(got)
        elif got.kind == PING:
            expect(len(got.payload) == 8 and got.stream == 0 and got.flags & ACK, f"{got}")
        elif got.kind == GOAWAY:
            expect(got.stream == 0, f"{got}")
            last, code = struct.unpack(">II", got.payload[:8])
            is_lower = self.goaway_last is None or last <= self.goaway_last
            expect(is_lower, "a GOAWAY with a higher id")
            self.goaway, self.goaway_last = code_name(code), last
        elif got.kind == WINDOW_UPDATE:
            by = int.from_bytes(got.payload, "big")
            expect(len(got.payload) == 4 and 0 < by <= LARGEST_WINDOW, f"{got}")
            if got.stream == 0:
                self.may_send += by
        elif got.kind == RST_STREAM:
            expect(len(got.payload) == 4 and got.stream % 2 == 1, f"{got}")
            self._response(got).reset = code_name(int.from_bytes(got.payload, "big"))
        elif got.kind == HEADERS:
            expect(got.flags & (PADDED | HAS_PRIORITY) == 0, f"not expected here: {got}")
            self._take_block(got.stream, got.flags, got.payload, got.flags)
        elif got.kind == CONTINUATION:
            stream, flags, block = self._block
            expect(stream == got.stream, f"of stream {stream}: {got}")
            self._take_block(stream, flags, block + got.payload, got.flags)
        elif got.kind == DATA:
            self._take_data(got)
        else:
            raise AssertionError(f"a frame that a server does not send: {got}")

    def _response(self, got: Frame) -> Response:
        response = self.responses.setdefault(got.stream, Response())
        expect(got.stream % 2 == 1, f"on no stream of a client: {got}")
        expect(not response.reset, f"behind RST_STREAM: {got}")
        return response

    def _take_settings(self, got: Frame) -> None:
        expect(got.stream == 0 and len(got.payload) % 6 == 0, f"{got}")
        if got.flags & ACK:
            is_awaited = self._acks or not self.counts_acks
            expect(not got.payload and is_awaited, "an ACK of no SETTINGS")
            applied = self._acks.pop(0) if self._acks else {}
            if HEADER_TABLE_SIZE in applied:
                self.decoder.allow(applied[HEADER_TABLE_SIZE])
            if INITIAL_WINDOW_SIZE in applied:
                by = applied[INITIAL_WINDOW_SIZE] - self.first_room
                self.first_room += by
                self.rooms = {stream: room + by for stream, room in self.rooms.items()}
            return
        for i in range(0, len(got.payload), 6):
            name, value = struct.unpack(">HI", got.payload[i : i + 6])
            self.peer_settings[name] = value
        self.peer_settings.setdefault(0, 0)  # that there was one
        expect(self.peer_settings.get(ENABLE_PUSH, 0) == 0, "ENABLE_PUSH of a server")
        if self.acks_settings:
            self.send(settings(flags=ACK))

    def _take_block(self, stream: int, flags: int, block: bytes, last_flags: int) -> None:
        self._block = (stream, flags, block)
        if not last_flags & END_HEADERS:
            return
        self._block = None
        response = self._response(Frame(HEADERS, flags, stream, block))
        expect(not response.has_ended, f"stream {stream}: a head behind END_STREAM")
        fields = self.decoder.decode(block)
        for name, value in fields:
            expect(name == name.lower(), f"a name in upper case: {name!r}")
            expect(not any(c in value for c in b"\r\n\0"), f"{name!r}: {value!r}")
            expect(value.strip(b" \t") == value, f"{name!r}: {value!r}")
        hop_by_hop = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
        expect(not hop_by_hop & {name for name, _ in fields}, f"of a connection: {fields}")
        pseudo = [name for name, _ in fields if name.startswith(b":")]
        self.rooms.setdefault(stream, self.first_room)
        if response.has_head:
            expect(flags & END_STREAM and not pseudo, f"trailers: {fields}")
            response.trailers = fields
        else:
            expect(pseudo == [b":status"] and fields[0][0] == b":status", f"{fields}")
            status = int(fields[0][1])
            if status < 200:
                expect(not flags & END_STREAM, "END_STREAM of an interim response")
                response.interim.append(status)
                return
            response.status, response.fields, response.has_head = status, fields, True
        response.has_ended = bool(flags & END_STREAM)

    def _take_data(self, got: Frame) -> None:
        response = self._response(got)
        expect(response.has_head and not response.has_ended, f"out of order: {got}")
        self.room -= len(got.payload)
        self.rooms[got.stream] -= len(got.payload)
        if got.payload:
            expect(self.room >= 0, "more than the window of the connection")
            expect(self.rooms[got.stream] >= 0, f"stream {got.stream}: more than its window")
        response.body += got.payload
        response.has_ended = bool(got.flags & END_STREAM)

    def is_over(self) -> bool:
        return self.goaway not in (None, "NO_ERROR")

    # --- what a test asks

    def sync(self, timeout: float = 10) -> bool:
        """Everything sent before has been looked at. False: the connection is over, or hangs."""
        self._pings += 1
        text = struct.pack(">Q", self._pings | 1 << 63)
        self.send(ping(text))
        is_ack = lambda f: f.kind == PING and f.payload == text  # noqa: E731
        first = len(self.frames)
        has_ack = lambda: any(map(is_ack, self.frames[first:]))  # noqa: E731
        self.read_until(lambda: self.goaway is not None or has_ack(), timeout)
        return self.goaway is None and has_ack()

    def response(self, stream: int, timeout: float = 10) -> Response:
        """As far as it came."""
        answer = self.responses.setdefault(stream, Response())
        self.read_until(lambda: answer.has_ended or answer.reset or self.is_over(), timeout)
        return answer

    def get(self, path: str = "/files/index.html", *fields, **options) -> Response:
        stream = self.open_stream()
        self.send(headers(stream, request(path, *fields, **options)))
        return self.response(stream)
