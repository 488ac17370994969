#!/usr/bin/env python3
"""Origins whose answers are cut off, damaged, or against the grammar of HTTP/1.1, at every byte:
what is stored is whole and right, and nothing of it becomes a part of another answer."""

import contextlib

from h1_checks import CHUNKED, LAST, attempt, get, node_and_origin
from h1_wire import Talk, talk
from harness import expect, run_cases
from recording_origin import EVIL, Script, response

BODY = b"0123456789abcdef"
OTHER = b"fresh and whole"
KEEP = b"Cache-Control: max-age=600\r\n"
CHUNKS = b"a\r\n" + BODY[:10] + b"\r\n6;x=y\r\n" + BODY[10:] + b"\r\n0\r\nX-T: v\r\n\r\n"


def answer(*fields: bytes, body: bytes = b"", line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return line + b"\r\n" + KEEP + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


FRAMED = {
    "length": answer(b"Content-Length: 16", body=BODY),
    "gzip": answer(b"Content-Encoding: gzip", b"Content-Length: 16", body=BODY),
    "chunked": answer(CHUNKED, body=CHUNKS),
}
TO_THE_END = {
    "1.1": answer(b"Connection: close", body=BODY),
    "1.0": answer(line=b"HTTP/1.0 200 OK", body=BODY),
}


@contextlib.contextmanager
def lying():
    """Sends what `scripts` has for a path, once, then an answer that is in order."""
    scripts: dict[str, Script] = {}

    def reply(request):
        return scripts.pop(request.target, None) or response(OTHER, "Cache-Control: max-age=600")

    with node_and_origin(reply) as (node, origin):
        yield node.port(), scripts, origin


def ask(port: int, path: str) -> Talk:
    return talk(port, get(b"Connection: close", line=f"GET {path} HTTP/1.1".encode()))


def summary(result: Talk) -> tuple:
    """The status, or "cut", and the content."""
    if len(result.final) != 1 or result.excess:
        return (f"{result.statuses}, then {result.excess!r}", b"")
    reply = result.final[0]
    return (reply.status if reply.is_whole else "cut", reply.body)


# --- at every byte


def findings_of(answers: dict, end: str) -> list:
    found = []
    with lying() as (port, scripts, _):
        for kind, good in answers.items():
            for size in range(1, len(good)):
                path = f"/{kind}/{size}"
                scripts[path] = Script(good[:size], end=end)
                first, again = summary(ask(port, path)), summary(ask(port, path))
                if first[0] not in (502, "cut") or again != (200, OTHER):
                    found.append(f"{kind} at {size}, {end}: {first}, then {again}")
    return found


def case_what_is_cut_off_is_not_stored():
    found = findings_of(FRAMED, "close") + findings_of(FRAMED, "reset")
    found += findings_of(TO_THE_END, "reset")  # behind FIN it cannot be seen (RFC 9112, 8)
    expect(not found, "\n  " + "\n  ".join(found))


DAMAGE = [bytes([octet]) for octet in b"\0\r\n :\t\x80\x7f90fF-,;+x"] + [b"", b"\r\n", b"\n\n"]


def case_damaged_chunks_are_not_stored():
    """Of the lines between the contents: a damaged content byte is nobody's to see."""
    good = FRAMED["chunked"]
    begin = len(good) - len(CHUNKS)
    contents = [good.index(BODY[:10]) + i for i in range(10)]
    contents += [good.rindex(BODY[10:]) + i for i in range(6)]
    found = []
    with lying() as (port, scripts, _):
        for at in range(begin, len(good)):
            for number, damage in enumerate(DAMAGE if at not in contents else [b""]):
                path = f"/{at}/{number}"
                scripts[path] = Script(good[:at] + damage + good[at + 1 :], end="close")
                first, again = summary(ask(port, path)), summary(ask(port, path))
                if again[1] not in (BODY, OTHER):
                    found.append(f"{damage!r} at {at - begin}: {first}, then {again}")
    expect(not found, "\n  " + "\n  ".join(found))


# --- what is not in order


def check(rows: dict, statuses: tuple, body: bytes | None, is_stored: bool | None) -> None:
    """Rows are Scripts, or bytes. None: either way. Who asks next is not answered by them."""
    wrong = []
    with lying() as (port, scripts, origin):
        for number, (what, script) in enumerate(rows.items()):
            path = f"/{number}"
            scripts[path] = script if isinstance(script, Script) else Script(script)
            wrong += attempt(_finding, what, port, origin, path, statuses, body, is_stored)
    expect(not wrong, f"{len(wrong)}:\n  " + "\n  ".join(wrong))


def _finding(port, origin, path, statuses, body, is_stored) -> list[str]:
    wrong = []
    result = ask(port, path)
    first, others = summary(result), [summary(ask(port, f"/sane{path}{i}")) for i in range(2)]
    if first[0] not in statuses or (body is not None and first[1] != body):
        wrong.append(f"{first}")
    if result.seconds > 4:  # long before a timeout of the origin
        wrong.append(f"only after {result.seconds:.1f} s")
    if others != [(200, OTHER)] * 2:
        wrong.append(f"others get {others}")
    of_connection = ("keep-alive", "proxy-connection", "upgrade", "te", "x-a")
    passed = [name for name in of_connection for reply in result.final if reply.values(name)]
    if passed:
        wrong.append(f"{passed} have passed")
    origin.take()
    again = summary(ask(port, path))
    was_stored = not origin.take()
    if is_stored is not None and was_stored != is_stored:
        wrong.append(f"stored: {was_stored}")
    if again != (first if was_stored else (200, OTHER)):
        wrong.append(f"then {again}")
    return wrong + origin.take_faults()


FIVE = b"Content-Length: 5"
HELLO = answer(FIVE, body=b"hello")
CODED = b"5\r\nhello\r\n" + LAST


def hello(*fields: bytes, line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return answer(*fields, body=b"hello", line=line)


def case_framing_that_is_ambiguous():
    lengths = [b"5, 5", b"5, 6", b"+5", b"-5", b"0x5", b"5 5", b"", b"18446744073709551621"]
    codings = [b"chunked, chunked", b"gzip, chunked", b"identity", b"xchunked", b"\x0bchunked"]
    codings += [b"\r\n chunked", b"chunked;q=1"]
    rows = {f"length {one!r}": Script(hello(b"Content-Length: " + one)) for one in lengths}
    for coding in codings:
        rows[f"coding {coding!r}"] = answer(b"Transfer-Encoding: " + coding, body=CODED)
    rows |= {
        "a length and chunked": answer(FIVE, CHUNKED, body=CODED),
        "chunked and a length": answer(CHUNKED, FIVE, body=CODED),
        "two lengths": hello(FIVE, b"Content-Length: 6"),
        "the same length twice": hello(FIVE, FIVE),
        "two lines of chunked": answer(CHUNKED, CHUNKED, body=CODED),
        "identity and a length": hello(b"Transfer-Encoding: identity", FIVE),
        "chunked in HTTP/1.0": answer(CHUNKED, body=CODED, line=b"HTTP/1.0 200 OK"),
        "a space before the colon": answer(b"Transfer-Encoding : chunked", body=CODED),
        "the same of a length": hello(b"Content-Length : 5"),
    }
    check(rows, (502,), None, False)


def case_heads_that_are_malformed():
    status = b"HTTP/1.1 %s\r\n"
    lines = [status[:-2] % code for code in (b"99 X", b"099 X", b"000 X", b"1000 X", b"abc X")]
    lines += [b"HTTP/1.1  200 X", b"HTTP/1.1 200 a\0", b"HTTP/2.0 200 OK", b"HTTP/0.9 200 OK"]
    lines += [b"HTTP/1.2 200 OK", b"ICY 200 OK"]
    fields = [b"X: a\rb", b"X: a\0b", b"X: a\x7fb", b"X: a\r\n b", b"X : a", b"XXX", b"A: b\nC: d"]
    rows = {f"{line!r}": hello(FIVE, line=line) for line in lines}
    rows |= {f"{field!r}": hello(field, FIVE) for field in fields}
    rows |= {
        "a blank before the first field": HELLO.replace(b"Cache", b" Cache", 1),
        "LF for CRLF": HELLO.replace(b"\r\n", b"\n"),
        "no head": Script(b"hello", end="close"),
        "a long head": hello(b"X: " + b"a" * 300_000, FIVE),
        "many fields": hello(*[b"X: a"] * 3000, FIVE),
    }
    check(rows, (502,), None, False)
    # Where the connection was used before, the origin is asked again.
    nothing = {f"nothing, {end}": Script(end=end) for end in ("close", "reset")}
    check(nothing, (502, 200), None, None)


def case_answers_that_nobody_asked_for():
    part = b"HTTP/1.1 206 Partial Content"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    rows = {
        "304": answer(line=b"HTTP/1.1 304 Not Modified"),
        "304 with content": hello(FIVE, line=b"HTTP/1.1 304 Not Modified"),
        "206": hello(FIVE, b"Content-Range: bytes 0-4/10", line=part),
        "206 without a range": hello(FIVE, line=part),
        "206 of a bad range": hello(FIVE, b"Content-Range: bytes 4-0/10", line=part),
        "206 of everything": hello(FIVE, b"Content-Range: bytes 0-4/5", line=part),
        "101": switch + EVIL,
        "101 alone": Script(switch, end="switch"),
        "103 without an end": hint * 100 + HELLO,
        "103 without an end, slowly": Script(*[hint, 0.01] * 40, end="switch"),
    }
    check(rows, (502,), None, False)


def case_chunks_that_are_malformed():
    sizes = [b"", b"0x5", b"-5", b" 5", b"10000000000000005", b'5;a="\r', b'5;a="\n"', b"5;a\nb"]
    bodies = {f"size {size!r}": size + b"\r\nhello\r\n" + LAST for size in sizes}
    bodies |= {
        "LF behind a size": b"5\nhello\r\n" + LAST,
        "LF behind the data": b"5\r\nhello\n" + LAST,
        "nothing behind the data": b"5\r\nhello" + LAST,
        "longer data": b"5\r\nhello!\r\n" + LAST,
        "LF everywhere": b"5\nhello\n0\n\n",
        "a trailer of no form": b"5\r\nhello\r\n0\r\nabc\r\n\r\n",
        "many trailers": b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * 50000 + b"\r\n",
        "many zeros": b"0" * 300_000 + b"5\r\nhello\r\n" + LAST,
    }
    rows = {what: answer(CHUNKED, body=body) for what, body in bodies.items()}
    check(rows, (502, "cut"), None, False)


def case_what_is_only_odd():
    """It is answered, and may be stored."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    old = b"HTTP/1.0 200 OK"
    rows = {
        "in order": HELLO,
        "a length in 100": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + HELLO,
        "102, 103": b"HTTP/1.1 102 Processing\r\n\r\n" + hints + HELLO,
        "199": b"HTTP/1.1 199 Odd\r\n\r\n" + HELLO,
        "no reason": hello(FIVE, line=b"HTTP/1.1 200 "),
        "a reason in UTF-8": hello(FIVE, line=b"HTTP/1.1 200 \xc3\xa9"),
        "HTTP/1.0": Script(hello(FIVE, line=old), end="close"),
        "to the end": Script(hello(), end="close"),
        "excess with it": HELLO + EVIL,
        "CRLF behind it": HELLO + b"\r\n",
        "fields of the connection": hello(
            FIVE, b"Connection: x-a", b"X-A: 1", b"Keep-Alive: 5", b"Proxy-Connection: x"
        ),
        "Upgrade": hello(FIVE, b"Upgrade: h2c", b"Connection: upgrade"),
        "a negative Age": hello(FIVE, b"Age: -5"),
        "a bad Date": hello(FIVE, b"Date: yesterday"),
    }
    check(rows, (200,), b"hello", True)
    date = b"Date: %s 1970 00:00:00 GMT"
    check(
        {
            "a huge Age": hello(FIVE, b"Age: 99999999999999999999999"),
            "two Ages": hello(FIVE, b"Age: 5, 6"),
            "two Dates": hello(FIVE, date % b"Thu, 01 Jan", date % b"Fri, 02 Jan"),
            "Set-Cookie": hello(FIVE, b"Set-Cookie: a=b"),
            "Trailer": answer(
                CHUNKED,
                b"Trailer: Set-Cookie",
                body=b"5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\nX-T: 1\r\n\r\n",
            ),
        },
        (200,),
        b"hello",
        None,
    )
    no_content = b"HTTP/1.1 204 No Content"
    rows = {
        "204 with chunks": answer(CHUNKED, body=LAST, line=no_content),
        "204 with content": hello(FIVE, line=no_content),
    }
    check(rows, (204,), b"", None)


if __name__ == "__main__":
    run_cases(globals())
