#!/usr/bin/env python3
"""Where a request of HTTP/1.1 ends has one reading (RFC 9112, 6 and 7): what could have two is
refused, the connection with it, and never reaches the origin as a whole."""

from h1_checks import (
    CHUNKED,
    LAST,
    NEXT,
    Reaches,
    check_accepted,
    check_refused,
    chunked,
    get,
    node_and_origin,
    post,
)
from h1_wire import talk
from harness import expect, run_cases

HELLO = b"5\r\nhello\r\n" + LAST
CODING = b"Transfer-Encoding: "
LENGTH = b"Content-Length: "


def coded(line: bytes) -> bytes:
    return post(line, body=HELLO)


def case_transfer_codings():
    """Chunked alone is known; others before it may be known to somebody else."""
    both = {
        "length, then chunked": post(LENGTH + b"5", CHUNKED, body=LAST),
        "chunked, then length": post(CHUNKED, LENGTH + b"5", body=LAST),
        "a length of 0": post(LENGTH + b"0", CHUNKED, body=LAST),
        "in upper case": post(b"TRANSFER-ENCODING: CHUNKED", b"content-length: 5", body=LAST),
        "of GET": get(LENGTH + b"5", CHUNKED) + LAST,
    }
    lists = {
        f"two lines: {first}, {second}": post(CODING + first, CODING + second, body=LAST)
        for first, second in [
            (b"chunked", b"chunked"),
            (b"chunked", b"identity"),
            (b"identity", b"chunked"),
            (b"chunked", b"x"),
            (b"x", b"chunked"),
        ]
    }
    values = [b"", b"gzip", b"identity", b"xchunked", b"chunkedx", b"chunk", b'"chunked"']
    values += [b"'chunked'", b"chunked;q=1", b"chunked; foo", b"chunked, chunked"]
    values += [b"chunked, identity", b"chunked, gzip", b"gzip, chunked, chunked"]
    values += [b"\x0bchunked", b"chunked\x0b", b"\x0cchunked", b"chunked\0", b"chu\0nked"]
    values += [b"\rchunked", b"\xa0chunked", b"chunked\x7f"]
    values += [b"\r\n chunked", b"chunked\r\n ", b"chunked\r\n , identity", b"\n chunked"]
    values += [b"gzip; a=b, chunked"]
    lists |= {f"value {value!r}": coded(CODING + value) for value in values}
    names = [b"Transfer-Encoding :", b"Transfer-Encoding\t:", b" Transfer-Encoding:"]
    names += [b"\tTransfer-Encoding:", b"Transfer\0-Encoding:", b"X: y\nTransfer-Encoding:"]
    names += [b"X: y\rTransfer-Encoding:", b"X: y\r\r\nTransfer-Encoding:", b"Transfer-Encoding"]
    names += [b'"Transfer-Encoding":', b"[Transfer-Encoding]:"]
    lists |= {f"name {name!r}": coded(name + b" chunked") for name in names}
    old = b"POST /p HTTP/1.0"
    of_old = {
        "HTTP/1.0": get(CHUNKED, line=old) + LAST,
        "HTTP/1.0, kept": get(CHUNKED, b"Connection: keep-alive", line=old) + LAST,
    }
    before = [b"gzip, chunked", b"identity, chunked", b"x,chunked", b"gzip, deflate , CHUNKED"]
    empty_elements = {value: coded(CODING + value) for value in (b", chunked", b"chunked,")}
    check_refused(
        {
            400: both | lists | of_old,
            501: {f"value {value!r}": coded(CODING + value) for value in before},
            (400, 501): empty_elements,
        }
    )


def case_lengths():
    values = [b"+5", b"-5", b"-0", b"+0", b"0x5", b"5 5", b"5,6", b"5, 5", b"5,5,5", b"5;"]
    values += [b"5;q=1", b"5.0", b"1e1", b"", b"''", b'"5"', b"5_0", b"0_5", b"5\x0b", b"\x0b5"]
    values += [b"5\0", b"\xa05", b"\xef\xbc\x95", b"5a", b"a5", b"five", b"5,", b",5", b","]
    values += [b"5\r\n 0", b"\r\n 5", b"5 \r\n "]
    values += [b"99999999999999999999", b"18446744073709551616", b"18446744073709551621"]
    pairs = [(b"5", b"5"), (b"5", b"6"), (b"0", b"5"), (b"5", b"0"), (b"5", b"05"), (b"5", b"")]
    wrong = {f"{value!r}": post(LENGTH + value, body=b"hello") for value in values}
    for one, other in pairs:
        wrong[f"{one!r} and {other!r}"] = post(LENGTH + one, LENGTH + other, body=b"hello")
    wrong["a space before the colon"] = post(b"Content-Length : 5", body=b"hello")
    check_refused(
        {
            400: wrong,
            413: {"over the limit": post(LENGTH + b"9223372036854775807", body=b"hello")},
            (400, 413): {"2^64-1": post(LENGTH + b"18446744073709551615", body=b"hello")},
        }
    )


def hello(size: bytes) -> bytes:
    """Chunked content; `size` stands in the place of b"5\\r\\n"."""
    return chunked(size + b"hello\r\n" + LAST)


def ending(end: bytes) -> bytes:
    """Chunked content; `end` stands in the place of b"0\\r\\n\\r\\n"."""
    return chunked(b"5\r\nhello\r\n" + end)


def case_sizes_of_chunks():
    sizes = [b"", b"0x5", b"+5", b"-5", b" 5", b"\t5", b"0_5", b"5h", b"g", b"5,5", b"5\0"]
    sizes += [b"5\x0b", b"5\r", b"5\xa0", b"10000000000000000", b"10000000000000005"]
    wrong = {f"{size!r}": hello(size + b"\r\n") for size in sizes}
    wrong |= {
        "LF behind it": hello(b"5\n"),
        "CR behind it": hello(b"5\r"),
        "LF behind the data": chunked(b"5\r\nhello\n" + LAST),
        "CR behind the data": chunked(b"5\r\nhello\r" + LAST),
        "nothing behind the data": chunked(b"5\r\nhello" + LAST),
        "XX behind the data": chunked(b"5\r\nhelloXX" + LAST),
        "longer data": chunked(b"5\r\nhello!\r\n" + LAST),
        "shorter data": chunked(b"6\r\nhello\r\n" + LAST),
        "LF behind the last": ending(b"0\n\n"),
        "LF alone behind the last": ending(b"0\r\n\n"),
        "CR ends trailers": ending(b"0\r\n\r\r\n\r\n"),
        "LF everywhere": chunked(b"5\nhello\n0\n\n"),
        "many zeros": hello(b"0" * 20000 + b"5\r\n"),
    }
    many_zeros = {"many zeros in the last": ending(b"0" * 20000 + b"\r\n\r\n")}
    # At once, or when the content does not come.
    huge = {"2^64-1": hello(b"ffffffffffffffff\r\n")}
    piece = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    check_refused(
        {
            400: wrong,
            (400, 431): many_zeros,
            (400, 408, 413): huge,
            413: {"too much in all": chunked(piece * 5 + LAST)},
        }
    )


def case_extensions_of_chunks():
    extensions = [b"a\nb", b"a\rb", b"a\0b", b'a="\n"', b'a="\r"', b'a="\0"', b'a="\x7f"']
    extensions += [b'a="\\\n"', b'a="b', b'a="\r\nhello\r\n0\r\n\r\n"', b"", b"a=", b"\xff"]
    wrong = {f"{one!r}": hello(b"5;" + one + b"\r\n") for one in extensions}
    wrong |= {
        "an open quote, and LF": hello(b'5;a="b\n'),
        "LF before the semicolon": hello(b"5\n;a=b\r\n"),
        "LF in the last": ending(b"0;a\nb\r\n\r\n"),
        "quoted LF in the last": ending(b'0;a="\n"\r\n\r\n'),
        "a long one": hello(b"5;" + b"a" * 20000 + b"\r\n"),
        "many": chunked((b"1;" + b"a" * 40 + b"\r\na\r\n") * 1000 + LAST),
    }
    check_refused({400: wrong})


def case_trailers():
    trailers = [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"abc", b"A: b\0", b"A : b"]
    trailers += [b"GET /x HTTP/1.1\r\nHost: a", b"A: b\nC: d", b"A: b\r\n c", b" A: b"]
    wrong = {f"{one!r}": ending(b"0\r\n" + one + b"\r\n\r\n") for one in trailers}
    check_refused(
        {
            400: wrong,
            431: {
                "many": ending(b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
                "a great many": ending(b"0\r\n" + b"A: b\r\n" * 20000 + b"\r\n"),
                "a long one": ending(b"0\r\nA: " + b"b" * 40000 + b"\r\n\r\n"),
            },
        }
    )


def case_content_that_has_one_reading():
    a_hello = Reaches("POST", body=b"hello")
    nothing = Reaches("POST")
    no_trailers = Reaches("POST", body=b"hello", has_not=("x-t", "authorization", "trailer"))
    rows = {
        "in upper case": (coded(b"TRANSFER-ENCODING: CHUNKED"), a_hello),
        "tabs around": (coded(b"Transfer-Encoding:\tchunked\t"), a_hello),
        "no space": (coded(b"Transfer-Encoding:chunked"), a_hello),
        "leading zeros": (post(LENGTH + b"0005", body=b"hello"), a_hello),
        "spaces around": (post(LENGTH + b"\t 5 \t", body=b"hello"), a_hello),
        "a length of 0": (post(LENGTH + b"0"), nothing),
        "no length": (post(), nothing),
        "no chunk": (chunked(LAST), nothing),
        "a size in upper case": (
            chunked(b"A\r\nhellohello\r\n" + LAST),
            Reaches("POST", body=b"hellohello"),
        ),
        "sizes with zeros": (chunked(b"00005\r\nhello\r\n000\r\n\r\n"), a_hello),
        "an extension": (hello(b"5;a=b\r\n"), a_hello),
        "a quoted extension": (hello(b'5;a="b;\\"c"\r\n'), a_hello),
        "an extension with spaces": (hello(b"5 ; a = b\r\n"), a_hello),
        "an extension of the last": (ending(b"0;a=b\r\n\r\n"), a_hello),
        "a trailer": (ending(b"0\r\nX-T: 1\r\n\r\n"), no_trailers),
        "trailers for another": (
            ending(b"0\r\nHost: evil\r\nAuthorization: x\r\n\r\n"),
            no_trailers,
        ),
        "a Trailer field": (
            post(CHUNKED, b"Trailer: x-t", body=b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"),
            no_trailers,
        ),
        "data that ends like content": (
            chunked(b"5\r\n0\r\n\r\n\r\n" + LAST),
            Reaches("POST", body=b"0\r\n\r\n"),
        ),
        "GET with a length": (get(LENGTH + b"5") + b"hello", Reaches(body=b"hello")),
        "GET with chunks": (get(CHUNKED) + HELLO, Reaches(body=b"hello")),
        "GET with a request": (get(LENGTH + b"%d" % len(NEXT)) + NEXT, Reaches(body=NEXT)),
        "another coding by another name": (
            post(b"Transfer_Encoding: chunked", LENGTH + b"5", body=b"hello"),
            Reaches("POST", body=b"hello", has_not=("transfer_encoding",)),
        ),
        "another length by another name": (
            post(b"Content_Length: 9", LENGTH + b"5", body=b"hello"),
            Reaches("POST", body=b"hello", has_not=("content_length",)),
        ),
        "Connection names the length": (
            post(LENGTH + b"5", b"Connection: content-length", body=b"hello"),
            a_hello,
        ),
        "Connection names the coding": (
            post(CHUNKED, b"Connection: transfer-encoding", body=HELLO),
            a_hello,
        ),
    }
    for method in ("DELETE", "OPTIONS"):
        line = f"{method} /p HTTP/1.1".encode()
        rows[method] = (get(LENGTH + b"5", line=line) + b"hello", Reaches(method, body=b"hello"))
    check_accepted(rows)


def case_methods_of_every_length():
    """The head for the origin has room for all of it: what it lacks, content would complete."""
    evil = b"X-Injected: yes\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n"
    wrong = []
    with node_and_origin() as (node, origin):
        for size in (1, 16, 34, 35, 64, 256, 480, 512, 608, 1024, 1900, 5000):
            line = b"M" * size + b" /p HTTP/1.1"
            data = get(LENGTH + b"%d" % len(evil), b"Connection: close", line=line) + evil
            result = talk(node.port(), data)
            requests, faults = origin.take(), origin.take_faults()
            seen = [(one.method, one.target, one.body) for one in requests]
            if size <= 34:
                is_right = result.statuses == [200] and seen == [("M" * size, "/p", evil)]
            else:
                is_right = result.statuses == [501] and result.is_closed and not seen
            if faults or not is_right:
                wrong.append(f"{size}: {result.statuses} {seen} {faults}")
    expect(not wrong, "\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    run_cases(globals())
