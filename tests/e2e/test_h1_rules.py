#!/usr/bin/env python3
"""Heads of HTTP/1.1: lines, targets, hosts and fields that two readers could take for different
things are refused (RFC 9112, 2 to 5); what is accepted reaches the origin in one form, without what
was meant for this connection."""

from h1_checks import (
    LAST,
    NEXT,
    Reaches,
    check_accepted,
    check_refused,
    get,
    node_and_origin,
    post,
)
from h1_wire import talk
from harness import expect, expect_equal, run_cases

HELLO = b"Content-Length: 5"


def lines_of(*lines: bytes) -> dict:
    return {f"{line[:60]!r}": get(line=line) for line in lines}


def targets_of(*targets: bytes) -> dict:
    return lines_of(*(b"GET " + target + b" HTTP/1.1" for target in targets))


# --- what is refused


def case_fields():
    fields = [b"X: a\0b", b"X: a\nb: c", b"X: a\rb", b"X: a\x07b", b"X: \x1b[0m", b"X: a\x7f"]
    fields += [b"X: a\x0bb", b": b", b"X Y: b", b"XY", b"X\xe9: b", b"\0X: b", b"X(: b", b"X@: b"]
    fields += [b"X/Y: b", b"X\x7f: b", b"X: a\r\n b", b"X: a\r\n\tb", b"X:\r\n ", b"X: a\r\n   "]
    evil = b"GET /evil HTTP/1.1\r\nHost: b"
    fields += [b"X: a" + end + evil for end in (b"\n\n", b"\r\n\n", b"\n\r\n", b"\r\r")]
    line = b"GET /p HTTP/1.1"
    heads = [
        b"%s\r\n Host: a.test\r\n\r\n" % line,
        b"%s\r\n\tX: y\r\nHost: a.test\r\n\r\n" % line,
        b"%s\r\n \r\nHost: a.test\r\n\r\n" % line,
        b"%s\nHost: a.test\r\n\r\n" % line,
        b"%s\rHost: a.test\r\n\r\n" % line,
        b"%s\nHost: a.test\n\n" % line,
    ]
    wrong = {f"{field!r}": get(field) for field in fields} | {f"{head!r}": head for head in heads}
    check_refused({400: wrong})


def case_what_comes_before_a_request():
    """Empty lines are ignored (RFC 9112, 2.2): a few whole ones."""
    before = [b"\n\n", b"\n", b"\r", b"\r\r\n", b" ", b"\0", b"\xef\xbb\xbf", b"\r\n" * 1000]
    check_refused({400: {f"{text[:20]!r}": text + get() for text in before}})
    check_accepted({"two of them": (b"\r\n\r\n" + get(), Reaches())})


def case_request_lines():
    wrong = lines_of(
        b"GET  /p HTTP/1.1",
        b"GET /p  HTTP/1.1",
        b"GET\t/p HTTP/1.1",
        b"GET /p\tHTTP/1.1",
        b"GET /p HTTP/1.1 ",
        b"GET /p HTTP/1.1\t",
        b"GET /p",
        b"GET HTTP/1.1",
        b"GET  HTTP/1.1",
        b"GET /p p HTTP/1.1",
        b"GET /p HTTP/1.1 HTTP/1.1",
        b"G[T /p HTTP/1.1",
        b"GET: /p HTTP/1.1",
        b"G\xc9T /p HTTP/1.1",
        b"GET,POST /p HTTP/1.1",
        b"CONNECT a.test:443 HTTP/1.1",
        b"CONNECT a.test HTTP/1.1",
    )
    versions = [b"HTTP/2", b"HTTP/1", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/1.10", b"HTTP/11.1"]
    versions += [b"HTTP/1,1", b"HTTP 1.1", b"HTTP/ 1.1", b"http/1.1", b"HTTPS/1.1", b"ICY/1.1"]
    versions += [b"HTTP/-1.1", b"HTTP/1.A", b"HTTP/1."]
    wrong |= lines_of(*(b"GET /p " + version for version in versions))
    others = [b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9"]
    check_refused({400: wrong, 505: lines_of(*(b"GET /p " + version for version in others))})


def case_targets():
    paths = [b"/p" + bytes([octet]) for octet in b'\0\t\n\x0b\r"#<>\\\x7f\x80\xe9']
    paths += [b"/p\xc3\xa9", b"/p#f", b"/p\\..\\q", b"/%", b"/%4", b"/%zz", b"/p%00", b"/%0g?q"]
    queries = [b"/p?" + bytes([octet]) for octet in b'\0\t"#<>\x7f\x80']
    others = [b"p", b"?p", b"*", b"a.test:80", b"ftp://a.test/p", b"file:///etc/passwd"]
    others += [b"http:///p", b"http://", b"http:a.test/p", b"http:/a.test/p", b"http://?q"]
    others += [b"http://u@a.test/p", b"http://u:p@a.test/p", b"http://a.test:70000/p"]
    others += [b"http://a.test:x/p", b"http://a.test\\@b.test/p", b"http://a.test/p#f"]
    others += [b"http://a.test#@b.test/p", b"http://a.test/%zz", b"http://[::g]/"]
    wrong = targets_of(*paths, *queries, *others) | lines_of(b"OPTIONS *p HTTP/1.1")
    long = targets_of(b"/" + b"a" * 3000, b"/" + b"a" * 30000)
    check_refused({400: wrong, 414: long})


def case_hosts():
    values = [b"", b"a.test, b.test", b"a.test,b.test", b"a b", b"a.test/p", b"a.test?q"]
    values += [b"a.test#f", b"u@a.test", b"u:p@a.test", b"http://a.test", b"a.test:65536"]
    values += [b"a.test:99999", b"a.test:-1", b"a.test:8a", b"a.test:80:80", b"a.test\\b"]
    values += [b"[::1", b"::1", b"[::1]x", b"[::1]:x", b"[]", b"[zz]", b"[::g]", b"[1.2.3.4]"]
    values += [b"[:::::]", b"[1:2:3:4:5:6:7:8:9]", b"[12345::]", b":80", b"a.test:+80"]
    values += [b"a.test: 80", b"a\x0bb", b"a\0b", b"\xc3\xa9.test", b"a<b>", b'"a.test"']
    values += [b"a.test;x", b"a|b", b"[::1]]", b"[::1%25eth0]", b"a%2eb"]
    wrong = {f"{value!r}": get(host=b"Host: " + value + b"\r\n") for value in values}
    two = b"Host: a.test\r\nHost: b.test\r\n"
    absolute = b"GET http://a.test/p HTTP/1.1"
    wrong |= {
        "none": get(host=b""),
        "none, absolute form": get(line=absolute, host=b""),
        "two": get(host=two),
        "the same twice": get(host=b"Host: a.test\r\n" * 2),
        "two, absolute form": get(line=absolute, host=two),
        "two, in another case": get(host=b"Host: a.test\r\nhOST: b.test\r\n"),
        "two, HTTP/1.0": get(line=b"GET /p HTTP/1.0", host=two),
        "a folded one": get(host=b"Host: a.test\r\n Host: b.test\r\n"),
        "a space before the colon": get(host=b"Host : a.test\r\n"),
    }
    check_refused({400: wrong})


def case_expectations():
    check_refused(
        {
            417: {
                "an unknown one": get(b"Expect: 200-ok"),
                "a list": post(b"Expect: 100-continue, x", HELLO, body=b"hello"),
                "two words": post(b"Expect: y 100-continue", HELLO, body=b"hello"),
            }
        }
    )


def case_limits_of_a_head():
    check_refused(
        {
            431: {
                "a long field": get(b"X: " + b"a" * 20000),
                "a long name": get(b"a" * 20000 + b": x"),
                "many fields": get(*[b"X: y"] * 300),
            },
            413: {
                "content": post(b"Content-Length: 200000", body=b"x" * 10),
                "content, expecting": post(b"Content-Length: 200000", b"Expect: 100-continue"),
            },
            (400, 414, 431): {"no line end": b"G" * 30000},
        }
    )


def case_connect_and_trace():
    """They are answered here, and what follows them is a request again."""
    with node_and_origin() as (node, origin):
        for line in (b"CONNECT /p", b"CONNECT http://a.test/", b"TRACE /p"):
            result = talk(node.port(), get(line=line + b" HTTP/1.1") + NEXT)
            expect_equal(result.statuses, [405, 200], f"{line!r}, then GET")
            expect_equal([one.target for one in origin.take()], ["/next"], f"behind {line!r}")
        expect_equal(origin.take_faults(), [], "faults")


# --- what is accepted


def case_targets_and_hosts_in_one_form():
    def absolute(target: bytes, method: bytes = b"GET", *fields: bytes) -> bytes:
        return get(*fields, line=method + b" " + target + b" HTTP/1.1")

    rows = {
        "absolute form, another host": (absolute(b"http://b.test/p"), Reaches(host="b.test")),
        "absolute form, a port": (absolute(b"http://b.test:81/p"), Reaches(host="b.test:81")),
        "absolute form, upper case": (absolute(b"HTTP://B.test/p"), Reaches(host="b.test")),
        "absolute form, no path": (
            absolute(b"http://b.test"),
            Reaches(target="/", host="b.test"),
        ),
        "absolute form, https": (
            absolute(b"https://b.test/p"),
            Reaches(host="b.test", has={"x-forwarded-proto": "http"}),
        ),
        "absolute form, a forwarded host": (
            absolute(b"http://b.test/p", b"GET", b"X-Forwarded-Host: evil"),
            Reaches(host="b.test", has={"x-forwarded-host": "b.test"}),
        ),
        "OPTIONS *": (get(line=b"OPTIONS * HTTP/1.1"), Reaches("OPTIONS", "*")),
        "OPTIONS of a server": (
            absolute(b"http://b.test", b"OPTIONS"),
            Reaches("OPTIONS", "*", "b.test"),
        ),
        "HTTP/1.0": (get(line=b"GET /p HTTP/1.0"), Reaches()),
        "HTTP/1.0, kept": (
            get(b"Connection: keep-alive", line=b"GET /p HTTP/1.0"),
            Reaches(),
        ),
        "HTTP/1.0 without Host": (get(line=b"GET /p HTTP/1.0", host=b""), Reaches(host="")),
        "another method": (get(line=b"get /p HTTP/1.1"), Reaches("get")),
        "an odd method": (
            get(line=b"X-!#$%&'*+.^_`|~ /p HTTP/1.1"),
            Reaches("X-!#$%&'*+.^_`|~"),
        ),
    }
    for target in ("//p", "//evil/p", "/p;a=b", "/p{|}^`", "/p?a=%zz&b=\\&c=%00"):
        rows[target] = (get(line=f"GET {target} HTTP/1.1".encode()), Reaches(target=target))
    hosts = {
        "A.TEST": "a.test",
        "a.test:80": "a.test",
        "a.test:": "a.test",
        "a.test:81": "a.test:81",
        "[::1]:80": "[::1]",
        "[::FFFF:1.2.3.4]": "[::ffff:1.2.3.4]",
    }
    for host, one in hosts.items():
        rows[host] = (get(host=f"Host: {host}\r\n".encode()), Reaches(host=one))
    check_accepted(rows)


def case_values_of_fields():
    check_accepted(
        {
            "spaces around": (get(b"X-V: \t a \t "), Reaches(has={"x-v": "a"})),
            "Latin-1": (get(b"X-V: \xe9"), Reaches(has={"x-v": "\xe9"})),
            "nothing": (get(b"X-V:"), Reaches(has={"x-v": ""})),
            "99 of them": (get(*[b"X-%d: v" % i for i in range(98)]), Reaches()),
            "an underscore": (get(b"X_V: a"), Reaches(has={"x_v": "a"})),
            "Max-Forwards of GET": (get(b"Max-Forwards: 0"), Reaches()),
        }
    )


def case_what_is_for_this_connection_stays_here():
    def without(*names: str, **has) -> Reaches:
        has = {name.replace("_", "-"): value for name, value in has.items()}
        return Reaches(has=has, has_not=("connection", *names))

    def naming(names: bytes, *fields: bytes) -> bytes:
        return get(b"Connection: " + names, *fields)

    h2c = [b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"]
    rows = {
        "Upgrade: h2c": (
            naming(b"Upgrade, HTTP2-Settings", *h2c),
            without("upgrade", "http2-settings"),
        ),
        "Upgrade: h2c, not in Connection": (get(*h2c), without("upgrade", "http2-settings")),
        "Upgrade: websocket": (
            naming(b"Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x"),
            without("upgrade"),
        ),
        "Keep-Alive, Proxy-Connection": (
            get(b"Keep-Alive: 5", b"Proxy-Connection: keep-alive"),
            without("keep-alive", "proxy-connection"),
        ),
        "TE": (naming(b"TE", b"TE: trailers, gzip"), without("te")),
        "TE, not in Connection": (get(b"TE: trailers"), without("te")),
        "Proxy-Authorization": (
            get(b"Proxy-Authorization: Basic x"),
            without("proxy-authorization"),
        ),
        "Host is named": (naming(b"host, keep-alive"), without()),
        "X-A is named": (naming(b"x-a", b"X-A: 1", b"X-B: 2"), without("x-a", x_b="2")),
        "in another case": (naming(b"X-a", b"x-A: 1"), without("x-a")),
        "among nothing": (naming(b", x-a,,", b"X-A: 1"), without("x-a")),
        "nothing is named": (naming(b","), without()),
        "on two lines": (
            naming(b"x-a", b"Connection: X-B", b"X-A: 1", b"X-B: 2"),
            without("x-a", "x-b"),
        ),
        "Cookie is named": (naming(b"cookie", b"Cookie: a=b"), without("cookie")),
        "Authorization is named": (
            naming(b"authorization", b"Authorization: a"),
            without("authorization"),
        ),
        "X-Forwarded-For is named": (
            naming(b"x-forwarded-for", b"X-Forwarded-For: 1.2.3.4"),
            without(x_forwarded_for="127.0.0.1"),
        ),
        "Via is named": (naming(b"via, forwarded, x-forwarded-proto"), without()),
    }
    check_accepted(rows)


def case_expectations_that_are_met_here():
    a_hello = Reaches("POST", body=b"hello", has_not=("expect",))
    expects = b"Expect: 100-continue"
    old = get(expects, HELLO, line=b"POST /p HTTP/1.0") + b"hello"
    check_accepted(
        {
            "content": (post(expects, HELLO, body=b"hello"), a_hello),
            "in upper case": (post(b"Expect: 100-CONTINUE", HELLO, body=b"hello"), a_hello),
            "no content": (get(expects), Reaches(has_not=("expect",))),
            "a length of 0": (
                post(expects, b"Content-Length: 0"),
                Reaches("POST", has_not=("expect",)),
            ),
            "chunks": (
                post(expects, b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n" + LAST),
                a_hello,
            ),
            "HTTP/1.0": (old, a_hello),
        }
    )


# --- where the pieces of it end


def case_requests_that_are_split_anywhere():
    content = post(b"Transfer-Encoding: chunked", body=b'5;a="b"\r\nhello\r\n0\r\nX-T: 1\r\n\r\n')
    good = b"\r\n" + content + get() + NEXT
    bad = get() + b"GET /bad HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n" + NEXT
    wrong = []
    with node_and_origin() as (node, origin):
        for text, statuses in ((good, [200, 200, 200]), (bad, [200, 400])):
            for at in range(1, len(text)):
                result = talk(node.port(), [text[:at], text[at:]], pause=0.001)
                requests, faults = origin.take(), origin.take_faults()
                is_right = result.statuses == statuses and len(requests) == statuses.count(200)
                if faults or not is_right:
                    wrong.append(f"split at {at}: {result.statuses} {requests} {faults}")
        octets = [good[i : i + 1] for i in range(len(good))]
        result = talk(node.port(), octets)
        if result.statuses != [200, 200, 200]:
            wrong.append(f"byte by byte: {result.statuses}")
    expect(not wrong, "\n  " + "\n  ".join(wrong[:20]))


if __name__ == "__main__":
    run_cases(globals())
