#!/usr/bin/env python3
"""A field block that breaks HPACK (RFC 7541) ends the connection; a request that is malformed (RFC
9113, 8) is never answered: its stream is reset with PROTOCOL_ERROR, and the connection goes on."""

import h2_wire as h2
from h2_checks import (
    CLOSED,
    COMPRESSION,
    OK,
    STREAM,
    any_node,
    asks,
    block,
    check,
    on,
    opened,
    posts,
    reset_by_node,
    sends,
)
from h2_client import Http2, Response
from h2_wire import (
    END_HEADERS,
    END_STREAM,
    PADDED,
    continuation,
    data,
    encode,
    headers,
    huffman,
    indexed,
    literal,
    padded,
    request,
    string,
    table_size,
)
from harness import expect, expect_equal, run_cases

HEAD = request("/echo")
GOOD = encode(HEAD)


# --- RFC 7541


def coded(bits: bytes) -> bytes:
    """A field whose value is these octets of the Huffman code."""
    return b"\x00" + string("x") + string("", bits)


def entry(value: str) -> bytes:
    return literal("x", value, adds=True)


def case_field_blocks():
    a, eos = h2.HUFFMAN_CODES[ord("a")], h2.HUFFMAN_CODES[h2.EOS]
    too_long = b"\x7f" + b"\xff" * 9 + b"\x7f"
    tables = {
        "index 0": block(GOOD, b"\x80"),
        "an index beyond both tables": block(GOOD, indexed(62)),
        "a far index": block(GOOD, indexed(70000)),
        "a name's index beyond both tables": block(GOOD, literal(62, "x")),
        "an index of what was evicted": block(GOOD, entry("y"), entry("a" * 4060), indexed(63)),
        "an entry larger than the table": block(GOOD, entry("y"), entry("a" * 5000), indexed(62)),
        "a size behind a field": block(GOOD, table_size(100)),
        "a size between fields": block(GOOD, table_size(100), literal("x", "y")),
        "a size of 4097": block(table_size(4097), GOOD),
        "a size of 2^32": block(table_size(2**32), GOOD),
        "a size of 0, and an entry": block(table_size(0), GOOD, entry("y"), indexed(62)),
    }
    integers = {
        "an integer that overflows": block(GOOD, b"\xff" * 11 + b"\x01"),
        "a length that overflows": block(GOOD, b"\x00" + too_long),
        "an integer that does not end": block(GOOD, b"\xff\x80"),
        "a string that does not end": block(GOOD, b"\x00\x0aabc"),
        "a name without a value": block(GOOD, b"\x00" + string("abc")),
    }
    codes = {
        "padding of 8 bits": block(GOOD, coded(huffman(b"abc") + b"\xff")),
        "padding of zeros": block(GOOD, coded(huffman(b"a", "0"))),
        "padding with a zero in it": block(GOOD, coded(h2.bits_to_bytes(a + "101"))),
        "EOS in a string": block(GOOD, coded(h2.bits_to_bytes(eos + a))),
        "EOS alone": block(GOOD, coded(h2.bits_to_bytes(eos))),
        "a whole octet of padding": block(GOOD, coded(b"\xff")),
    }
    places = {
        "in a part of a block": sends(headers(1, GOOD, END_STREAM), continuation(1, b"\x80")),
        "half a field at the end": sends(
            headers(1, GOOD + b"\x00\x05ab", END_STREAM), continuation(1, b"")
        ),
        "in trailers": on(opened, lambda s: headers(s, b"\x80")),
        "of a stream that was reset": on(reset_by_node, lambda s: headers(s, b"\x80")),
    }
    visible = bytes(range(0x21, 0x7F))
    fine = {
        "a size of 4096": block(table_size(4096), GOOD),
        "two sizes": block(table_size(0), table_size(4096), GOOD),
        "Huffman": block(GOOD, b"\x00", string("", huffman(b"x-a")), string("", huffman(visible))),
        "an empty string in Huffman": block(GOOD, b"\x00" + string("x") + string("", b"")),
        "a field never to be indexed": block(GOOD, b"\x10" + string("x") + string("y")),
        "an empty block of trailers": on(opened, lambda s: headers(s, b"")),
    }
    zeros = block(GOOD, b"\x0f\x80\x80\x80\x00" + string("x"))
    table = {
        COMPRESSION: tables | integers | codes | places,
        OK: fine,
        STREAM: {"an empty block": block()},
        f"{OK}|{COMPRESSION}": {"an integer with zeros in front": zeros},
    }
    with any_node() as node:
        check(node, table)


def case_the_table_of_a_connection():
    with any_node() as node:
        # One for all blocks: also of streams that are malformed.
        with Http2(node.port()) as client:
            shared = literal("x-shared", "shared", adds=True)
            stream = client.open_stream()
            client.send(headers(stream, shared + literal("Upper", "1") + GOOD))
            expect_equal(client.response(stream).reset, "PROTOCOL_ERROR", "a malformed request")
            stream = client.open_stream()
            client.send(headers(stream, GOOD + indexed(62)))
            answer = client.response(stream)
            expect(b"x-shared: shared" in answer.body, f"{answer}")
        # What the node encodes keeps to what the client allows: its decoder sees to that.
        with Http2(node.port(), options=[(h2.HEADER_TABLE_SIZE, 0)]) as client:
            for size in (0, 4096, 100, 65536, 0):
                client.send_settings((h2.HEADER_TABLE_SIZE, size))
                client.sync()
                for _ in range(3):
                    expect_equal(client.get().status, 200, f"with a table of {size}")
            client.send_settings((h2.HEADER_TABLE_SIZE, 0))
            client.send_settings((h2.HEADER_TABLE_SIZE, 4096))
            client.sync()
            expect_equal(client.get("/echo").status, 200, "a table that was small for a moment")


# --- RFC 9113, 8


def extra(*fields):
    return block(encode(HEAD + list(fields)))


def case_pseudo_header_fields():
    malformed = {
        "regular fields alone": block(literal("x", "y")),
        "no :authority, no Host": asks(authority=None),
        "an unknown one": extra((":unknown", "1")),
        ":protocol": extra((":protocol", "websocket")),
        "a name that is a colon": extra((":", "1")),
        ":status in a request": extra((":status", "200")),
        ":Method": block(encode([(":Method", "GET")] + HEAD[1:])),
        "one behind a regular one": block(encode(HEAD[:-1] + [("x", "y")] + HEAD[-1:])),
        "CONNECT with :path": asks(method="CONNECT", scheme=None),
        "CONNECT with :scheme": asks(method="CONNECT", path=None),
        "CONNECT to nobody": asks(method="CONNECT", path=None, scheme=None, authority=None),
        "CONNECT with a Host alone": asks(
            ("host", "localhost:1"), method="CONNECT", path=None, scheme=None, authority=None
        ),
    }
    for name, value in HEAD:
        malformed[f"two of {name}"] = extra((name, value))
        malformed[f"an empty {name}"] = asks(**{name[1:]: ""})
        for place in (":method", ":scheme", ":path"):
            malformed[f"no {place}"] = asks(**{place[1:]: None})
    values = {
        "path": ["echo", "http://localhost/echo", "?q", "*", "*x", "/a b", "/\0", "/\r\nx: y"]
        + ["/#x", "/\x7f", "/\xe9", '/"', "/<", "/a\\..\\b", "/%", "/%zz", "/%0", "/%00"]
        + ["/ HTTP/1.1\r\nx: y"],
        "method": ["GE T", "GET:", "GET/x", "G\xc9T", "GET / HTTP/1.1\r\nx: y"],
        "scheme": ["1http", "-", "ht tp", "http:", "http://x/?", "https,http", "http\r\n"],
        "authority": ["user@localhost", "user:pw@localhost", "localhost/x", "local host", "a,b"]
        + ["localhost\r\nx: y", "localhost:abc", "localhost:80:80", "localhost:65536", "[::1"]
        + ["a?x", "a#x", "a\\b", "a%0d", "[::g]", "[1.2.3.4]", ":80", "http://a"],
    }
    # Wrong by the grammar of URIs, they are answered, so that who follows a bad link sees why.
    refused = {}
    for name, bad in values.items():
        for value in bad:
            into = refused if name in ("path", "authority") else malformed
            into[f":{name} {value!r}"] = asks(**{name: value})
    refused |= {
        "Host differs": asks(("host", "other")),
        "Host with another port": asks(("host", "localhost:8080")),
        "two Hosts": asks(("host", "localhost"), ("host", "localhost")),
        "Host with userinfo": asks(("host", "user@localhost"), authority=None),
    }
    connect = {"method": "CONNECT", "path": None, "scheme": None}
    table = {
        STREAM: malformed,
        f"400|{STREAM}": refused,
        "400": {f":scheme {scheme}": asks(scheme=scheme) for scheme in ("ftp", "javascript", "h2")},
        OK: {
            ":scheme HTTP": asks(scheme="HTTP"),
            "a query with what a path has not": asks(path="/echo?a=%zz&b=\\"),
        },
        "405": {"CONNECT": asks(authority="localhost:443", **connect)},
        f"405|{STREAM}": {"CONNECT without a port": asks(**connect)},
        "501": {"a method of 35 letters": asks(method="M" * 35)},
    }
    with any_node() as node:
        check(node, table)


def case_fields():
    of_connection = [
        ("connection", "close"),
        ("connection", "x-name"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
        ("te", "trailers;q=1"),
        ("te", ""),
    ]
    names = ["X-Name", "Content-Length", "x-namE", ""]
    names += [f"x{c}y" for c in '\0\t\n\r :\x7f\x80\xff"(),/;<=>?@[\\]{}']
    values = [" ", " a", "\ta", "a ", "a\t"] + [f"a{c}b" for c in "\0\n\r\x01\x1f\x7f"]
    malformed = {f"{name}: {value}": asks((name, value)) for name, value in of_connection}
    malformed |= {f"a name {name!r}": asks((name, "1")) for name in names}
    malformed |= {f"a value {value!r}": asks(("x", value)) for value in values}
    malformed["CR LF in a known field"] = asks(("user-agent", "a\r\nx: y"))
    table = {
        STREAM: malformed,
        OK: {f"a value {value!r}": asks(("x", value)) for value in ("", "a \tb", "\xe4")},
        f"{OK}|{STREAM}": {"te, twice": asks(("te", "trailers"), ("te", "trailers"))},
    }
    with any_node() as node:
        check(node, table)


def sized(length: str, *contents, trailers=None):
    return posts(("content-length", length), contents=contents, trailers=trailers)


def case_the_length_of_content():
    """8.1.1."""
    xy = [("x", "y")]
    five = ("content-length", "5")
    malformed = {
        "of a request that ends": asks(five, method="POST"),
        "less": sized("5", b"1234"),
        "more": sized("5", b"123456"),
        "more, in frames": sized("5", b"123", b"456"),
        "more, not ended": on(
            lambda client: opened(client, ("content-length", "1")), lambda s: data(s, b"123", 0)
        ),
        "nothing": sized("5", b""),
        "something, and 0": sized("0", b"1"),
        "padding is no content": sized("8", (PADDED, padded(b"12345", 2))),
        "less, and trailers": sized("5", b"1234", trailers=xy),
        "more, and trailers": sized("5", b"123456", trailers=xy),
        "trailers alone": sized("5", trailers=xy),
        "two": posts(five, ("content-length", "6"), contents=[b"12345"]),
        "the same twice": posts(five, five, contents=[b"12345"]),
    }
    for value in ("+5", "-5", "5x", "0x5", "5, 6", "5, 5", "", "5 5", "99999999999999999999"):
        malformed[f"length {value!r}"] = sized(value, b"12345")
    none = asks(("content-length", "0"), method="POST")
    with any_node() as node:
        check(node, {STREAM: malformed, OK: {"0, and nothing": none}})


def case_trailers():
    """8.1."""
    malformed = {
        "without END_STREAM": on(opened, lambda s: headers(s, [("x", "y")], END_HEADERS)),
        "a second head": on(opened, lambda s: headers(s, HEAD, END_HEADERS)),
        "a second head that ends": on(opened, lambda s: headers(s, HEAD)),
        "a pseudo-header field at the end": posts(
            contents=[b"a"], trailers=[("x", "y"), (":method", "GET")]
        ),
    }
    bad = [
        (":path", "/"),
        (":status", "200"),
        (":x", "/"),
        ("X-Name", "1"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
        ("x", "a\0b"),
        ("x", "a\nb"),
        ("x y", "1"),
        ("x\r\ny", "1"),
        ("", "1"),
        ("x", "a "),
    ]
    for name, value in bad:
        malformed[f"{name!r}: {value!r}"] = posts(contents=[b"a"], trailers=[(name, value)])
    behind = on(
        lambda client: opened(client, path="/hold"),
        lambda s: headers(s, [("x", "y")]),
        lambda s: data(s, b"a"),
    )
    table = {STREAM: malformed, f"GOAWAY STREAM_CLOSED|{CLOSED}": {"content behind them": behind}}
    with any_node() as node:
        check(node, table)


def case_what_reaches_the_origin():
    with any_node() as node, Http2(node.port()) as client:
        crumbs = [("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f")]
        body = client.get("/echo", *crumbs).body.decode()
        expect("cookie: a=b; c=d; e=f" in body, f"8.2.3: {body}")
        body = client.get("/echo", ("te", "trailers"), ("x-name", "v")).body.decode()
        expect("x-name: v" in body and "\nte:" not in body, body)
        body = client.get("/echo", authority="www.example:1234").body.decode()
        expect("\nhost: www.example:1234" in body, body)
        stream = opened(client, ("expect", "100-continue"), ("content-length", "3"))
        client.read_until(lambda: client.responses.get(stream, Response()).interim)
        client.send(data(stream, b"abc"))
        answer = client.response(stream)
        expect(answer.status == 200 and answer.interim == [100], f"8.1: {answer}")


if __name__ == "__main__":
    run_cases(globals())
