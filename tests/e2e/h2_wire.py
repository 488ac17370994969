"""HTTP/2 as bytes: frames (RFC 9113) and blocks of fields (RFC 7541), right or wrong, as a test
wants them, and a decoder that bears with nothing wrong."""

import struct

from harness import expect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY = range(8)
WINDOW_UPDATE, CONTINUATION, PRIORITY_UPDATE = 8, 9, 16

ACK = END_STREAM = 0x01
END_HEADERS, PADDED, HAS_PRIORITY = 0x04, 0x08, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 2, 3, 4
MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, NO_RFC7540_PRIORITIES = 5, 6, 9

CODES = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
]



def code_name(code: int) -> str:
    return CODES[code] if code < len(CODES) else f"code {code}"


LARGEST_WINDOW = 2**31 - 1
FIRST_WINDOW = 65535
LEAST_FRAME_SIZE = 16384


# --- frames


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", length=None) -> bytes:
    """`length` says another length than that of the payload."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs: tuple[int, int], flags: int = 0) -> bytes:
    return frame(SETTINGS, flags, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def headers(stream: int, block, flags: int = END_HEADERS | END_STREAM) -> bytes:
    """The block as bytes, or as fields."""
    return frame(HEADERS, flags, stream, block if isinstance(block, bytes) else encode(block))


def continuation(stream: int, block: bytes, flags: int = END_HEADERS) -> bytes:
    return frame(CONTINUATION, flags, stream, block)


def data(stream: int, content: bytes = b"", flags: int = END_STREAM) -> bytes:
    return frame(DATA, flags, stream, content)


def padded(content: bytes, padding: int, says: int | None = None) -> bytes:
    """The payload of a PADDED frame; `says` is another pad length than the true one."""
    return bytes([padding if says is None else says]) + content + bytes(padding)


def rst_stream(stream: int, code: int = 8) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window_update(stream: int, by: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", by))


def priority(stream: int, on: int = 0, weight: int = 15) -> bytes:
    return frame(PRIORITY, 0, stream, struct.pack(">IB", on, weight))


def ping(text: bytes = b"12345678", flags: int = 0) -> bytes:
    return frame(PING, flags, 0, text)


def goaway(last: int = 0, code: int = 0, text: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code) + text)


def priority_update(stream: int, value: bytes) -> bytes:
    return frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", stream) + value)


def whole_request(stream: int, block, contents=None, trailers=None) -> bytes:
    """HEADERS, with CONTINUATION where they are needed, and DATA frames, one for each content."""
    block = block if isinstance(block, bytes) else encode(block)
    first, rest = block[:LEAST_FRAME_SIZE], block[LEAST_FRAME_SIZE:]
    ends = END_STREAM if contents is None and trailers is None else 0
    out = headers(stream, first, ends | (0 if rest else END_HEADERS))
    while rest:
        first, rest = rest[:LEAST_FRAME_SIZE], rest[LEAST_FRAME_SIZE:]
        out += continuation(stream, first, 0 if rest else END_HEADERS)
    contents = contents or []
    for i, content in enumerate(contents):
        is_last = i + 1 == len(contents) and trailers is None
        out += data(stream, content, END_STREAM if is_last else 0)
    return out if trailers is None else out + headers(stream, trailers)


def request(path: str = "/", *fields: tuple, method: str = "GET", **pseudo) -> list[tuple]:
    """Fields of a request; a pseudo-header field is left out where it is None."""
    head = {"method": method, "scheme": "http", "path": path, "authority": "localhost"} | pseudo
    return [(f":{name}", value) for name, value in head.items() if value is not None] + [*fields]


# --- HPACK (RFC 7541)

STATIC_TABLE = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    *((":status", status) for status in ("200", "204", "206", "304", "400", "404", "500")),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    *(
        (name, "")
        for name in (
            "accept-language accept-ranges accept access-control-allow-origin age allow"
            " authorization cache-control content-disposition content-encoding content-language"
            " content-length content-location content-range content-type cookie date etag expect"
            " expires from host if-match if-modified-since if-none-match if-range"
            " if-unmodified-since last-modified link location max-forwards proxy-authenticate"
            " proxy-authorization range referer refresh retry-after server set-cookie"
            " strict-transport-security transfer-encoding user-agent vary via www-authenticate"
        ).split()
    ),
]
STATIC_TABLE = [(name.encode(), value.encode()) for name, value in STATIC_TABLE]

# Bits of the code of each octet, then of EOS (Appendix B). The code is canonical.
HUFFMAN_BITS = [
    *(13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28),
    *(28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28),
    *(6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6),
    *(5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10),
    *(13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7),
    *(7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6),
    *(15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5),
    *(6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28),
    *(20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23),
    *(24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24),
    *(22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23),
    *(21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23),
    *(26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25),
    *(19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27),
    *(20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23),
    *(26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26),
    30,
]
EOS = 256


def _huffman_codes() -> dict[int, str]:
    codes, code, bits = {}, 0, 0
    for symbol in sorted(range(257), key=lambda symbol: (HUFFMAN_BITS[symbol], symbol)):
        code <<= HUFFMAN_BITS[symbol] - bits
        bits = HUFFMAN_BITS[symbol]
        codes[symbol] = f"{code:0{bits}b}"
        code += 1
    return codes


HUFFMAN_CODES = _huffman_codes()
HUFFMAN_SYMBOLS = {code: symbol for symbol, code in HUFFMAN_CODES.items()}


def huffman(text: bytes, padding: str = "1") -> bytes:
    """`padding` is repeated up to the end of the last octet."""
    return bits_to_bytes("".join(HUFFMAN_CODES[octet] for octet in text), padding)


def bits_to_bytes(bits: str, padding: str = "1") -> bytes:
    bits += padding * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def huffman_decode(text: bytes) -> bytes:
    out, code = bytearray(), ""
    for bit in "".join(f"{octet:08b}" for octet in text):
        code += bit
        if code in HUFFMAN_SYMBOLS:
            expect(HUFFMAN_SYMBOLS[code] != EOS, "EOS within a string")
            out.append(HUFFMAN_SYMBOLS[code])
            code = ""
    expect(len(code) < 8 and "0" not in code, "padding of a string")
    return bytes(out)


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes([*out, value])


def string(text, coded: bytes | None = None) -> bytes:
    """`coded` is the text in the Huffman code, right or wrong."""
    if coded is not None:
        return integer(len(coded), 7, 0x80) + coded
    text = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(text), 7) + text


def indexed(index: int) -> bytes:
    return integer(index, 7, 0x80)


def literal(name, value, *, adds: bool = False) -> bytes:
    """A field as it is; `adds` puts it into the dynamic table. A name may be an index."""
    first, bits = (0x40, 6) if adds else (0x00, 4)
    head = integer(name, bits, first) if isinstance(name, int) else bytes([first]) + string(name)
    return head + string(value)


def table_size(size: int) -> bytes:
    return integer(size, 5, 0x20)


def encode(fields) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


class Decoder:
    """What the node encodes. `limit` is what this side's SETTINGS allow, once acknowledged."""

    def __init__(self):
        self.limit = self.size = 4096
        self.least = None  # the lowest limit since the last block: an update must go as low
        self.table: list[tuple[bytes, bytes]] = []

    def allow(self, size: int) -> None:
        self.limit = size
        if size < self.size:
            self.least = size if self.least is None else min(size, self.least)

    def _integer(self, bits: int) -> int:
        most = (1 << bits) - 1
        value = self._octet() & most
        shift = 0
        while value >= most:
            octet = self._octet()
            value += (octet & 127) << shift
            shift += 7
            if octet < 128:
                break
        return value

    def _octet(self) -> int:
        self.at += 1
        return self.block[self.at - 1]

    def _string(self) -> bytes:
        is_coded = self.block[self.at] & 0x80
        size = self._integer(7)
        text = self.block[self.at : self.at + size]
        expect(len(text) == size, "a string ends with the block")
        self.at += size
        return huffman_decode(text) if is_coded else text

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        expect(0 < index <= len(STATIC_TABLE) + len(self.table), f"index {index}")
        return (STATIC_TABLE + self.table)[index - 1]

    def _shrink(self, to: int) -> None:
        while sum(len(name) + len(value) + 32 for name, value in self.table) > to:
            self.table.pop()

    def decode(self, block: bytes) -> list[tuple[bytes, bytes]]:
        self.block, self.at = block, 0
        fields = []
        while self.at < len(block):
            first = block[self.at]
            if first & 0x80:
                fields.append(self._entry(self._integer(7)))
            elif first & 0xE0 == 0x20:
                expect(not fields, "the size of the table changes within a block")
                size = self._integer(5)
                expect(size <= self.limit, f"a table of {size} where {self.limit} is allowed")
                if self.least is not None and size <= self.least:
                    self.least = None
                self.size = size
                self._shrink(size)
            else:
                bits = 6 if first & 0x40 else 4
                index = self._integer(bits)
                name = self._entry(index)[0] if index else self._string()
                fields.append((name, self._string()))
                if bits == 6:
                    self.table.insert(0, fields[-1])
                    self._shrink(self.size)
        expect(self.least is None, "the table was limited, and the encoder says nothing of it")
        return fields
