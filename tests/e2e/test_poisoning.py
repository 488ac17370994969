#!/usr/bin/env python3
"""What one client sends decides nothing of what others get: all that reaches the origin and is not
part of the cache key is the same for everybody, and errors that one provokes are its own.

Each case tries a table of attacks and names all that succeed."""

import contextlib
import itertools

from client import RawConnection, raw
from harness import expect, expect_equal, run_cases
from node import Node, config_for, http_origin
from recording_origin import RecordingOrigin, response

EVIL = "evil.example"
LASTING = "Cache-Control: max-age=600"
OLD = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"
numbers = itertools.count()


def fresh_path() -> str:
    return f"/p{next(numbers)}"


@contextlib.contextmanager
def node_for(answer, **sections):
    with RecordingOrigin(answer) as origin:
        with Node(config_for(http_origin(origin.address), **sections)) as node:
            yield node, origin


def ask(node, target: str, *fields: str, method="GET", host="a.example", content=b""):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields, "Connection: close", "", ""]
    return raw(node.port(), "\r\n".join(lines).encode("latin-1") + content)


def reflect(*fields: str):
    """Answers that show all they were asked with, but for what differs by connection."""

    def answer(request):
        lines = [f"{request.method} {request.target}"]
        lines += [f"{name}: {value}" for name, value in request.fields if name != "via"]
        text = "\n".join([*lines, request.body.decode("latin-1")])
        whole = response(text, *(fields or (LASTING,)))
        return whole if request.method != "HEAD" else whole[: -len(text)]

    return answer


def expect_none(found: list) -> None:
    expect(not found, f"{len(found)} succeed\n  " + "\n  ".join(found))


# --- what is forwarded and not part of the key

ABOUT_CLIENTS = """CF-Connecting-IP Client-IP Fastly-Client-IP Forwarded Front-End-Https
HTTP2-Settings Proxy True-Client-IP X-Client-IP X-Cluster-Client-IP X-Forwarded X-Forwarded-By
X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Forwarded-Protocol
X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-Ssl X-Real-IP X-Scheme X-Url-Scheme
X_Forwarded_For X_Forwarded_Host X_Forwarded_Proto X_Real_IP""".split()
# What frameworks take the URL, the host or the method from.
OVERRIDES = """Surrogate-Capability X-Forwarded-Path X-Forwarded-Prefix X-Forwarded-Uri
X-HTTP-Host-Override X-HTTP-Method X-HTTP-Method-Override X-Host X-Method-Override X-Original-Host
X-Original-Method X-Original-URI X-Original-URL X-Override-URL X-Proxy-Host X-Rewrite-URL
X_Original_URL X_HTTP_Method_Override X_Host""".split()
OF_CONNECTION = ["Content_Length", "Transfer_Encoding", "Proxy_Connection", "Keep_Alive"]


def case_claims_of_clients_never_reach_the_origin():
    """Whether the route caches or not."""
    found = []
    for caches in (True, False):
        with node_for(reflect(), route={"cache": caches}) as (node, _):
            for name, method in itertools.product(ABOUT_CLIENTS + OF_CONNECTION, ("GET", "POST")):
                sent = ask(node, fresh_path(), f"{name}: {EVIL}", method=method).body.decode()
                if EVIL in sent:
                    found.append(f"{name} of {method}, cache {caches}")
    expect_none(found)


def case_overriding_fields_are_keyed_or_stay_here():
    found = []
    with node_for(reflect()) as (node, origin):
        for name in OVERRIDES:
            path = fresh_path()
            if EVIL.encode() in ask(node, path, f"{name}: {EVIL}").body + ask(node, path).body:
                found.append(name)
            origin.take()
            with RawConnection(node.port()) as connection:
                head = f"HEAD {fresh_path()} HTTP/1.1\r\nHost: a\r\n{name}: {EVIL}\r\n\r\n"
                connection.send(head.encode()).head()
            if any(EVIL.encode() in request.raw for request in origin.take()):
                found.append(f"{name} of HEAD")
    for name in OVERRIDES:
        if "_" in name:
            continue
        with node_for(reflect(), route={"key": {"headers": [name]}}) as (node, _):
            if EVIL.encode() not in ask(node, "/", f"{name}: {EVIL}").body:
                found.append(f"{name} is in the key, and does not pass")
            if EVIL.encode() in ask(node, "/").body:
                found.append(f"{name}, though it is in the key")
    expect_none(found)


def case_what_is_not_stored_may_be_overridden():
    with node_for(reflect()) as (node, _):
        sent = ask(node, "/p", "X-HTTP-Method-Override: DELETE", method="POST").body
        expect(b"x-http-method-override: DELETE" in sent, f"POST: {sent!r}")
    with node_for(reflect(), route={"cache": False}) as (node, _):
        sent = ask(node, "/p", "X-Original-URL: /q").body
        expect(b"x-original-url: /q" in sent, f"a route that does not cache: {sent!r}")


def case_spellings_of_a_host_are_keyed_or_made_one():
    hosts = ["A.EXAMPLE", "a.Example", "a.example:80", "a.example:", "A.example:80", "a.example."]
    hosts += ["a.example:443", "a.example:080"]
    found = []
    with node_for(reflect()) as (node, _):
        for host in hosts:
            for target, sent in (("{}", host), (f"http://{host}{{}}", "a.example")):
                path = fresh_path()
                ask(node, target.format(path), host=sent)
                body = ask(node, path).body.decode()
                if f"host: {host}\n" in body:
                    found.append(f"{target} {sent}: {body!r}")
    expect_none(found)


def case_what_trusted_proxies_say_is_keyed():
    values = {"X-Forwarded-Host": [EVIL], "X-Forwarded-Proto": ["https", EVIL, "https, http"]}
    found = []
    for kind in ("x_forwarded", "both"):
        trusted = {"trusted_proxies": ["127.0.0.0/8"], "fields": kind}
        with node_for(reflect(), forwarding=trusted) as (node, _):
            for name, value in [(name, one) for name, all_ in values.items() for one in all_]:
                path = fresh_path()
                own = ask(node, path, f"{name}: {value}").body.decode()
                if f"{name.lower()}: {value}" not in own:
                    continue  # it has not passed
                if f"{name.lower()}: {value}" in ask(node, path).body.decode():
                    found.append(f"{kind}: {name}: {value}")
    expect_none(found)


# --- errors that one client provokes

STATUSES = """301 302 308 400 403 404 405 406 410 411 412 413 414 415 416 417 421 429 431 500 501
502 503""".split()
ABOUT_A_REQUEST = [one for one in STATUSES if one[0] in "45" and one not in ("403", "404", "410")]


def provoking(status: str, *fields: str):
    def answer(request):
        if request.values("x-provoke"):
            return response("error\n", *fields, status=f"{status} X")
        return response("good\n", LASTING, "Vary: Accept-Encoding", 'ETag: "1"')

    return answer


def case_errors_about_a_request_get_no_lifetime_here():
    found = []
    with node_for(None, route={"default_lifetime": "60s"}) as (node, origin):
        for status, fields in itertools.product(ABOUT_A_REQUEST, ([], [OLD])):
            origin.answer = provoking(status, *fields)
            path = fresh_path()
            ask(node, path, "X-Provoke: 1")
            answer = ask(node, path)
            if answer.status != 200:
                found.append(f"{status} {fields}: {answer.cache_status}")
    expect_none(found)


def case_answers_that_are_provoked_do_not_end_what_is_fresh():
    ways = ["Cache-Control: no-cache", "Cache-Control: max-age=0", "Pragma: no-cache"]
    ways += ["Accept-Encoding: another"]
    private = ["Cache-Control: private", "Cache-Control: no-store", "Set-Cookie: a=b"]
    tries = [(status, []) for status in STATUSES] + [("200", [field]) for field in private]
    found = []
    with node_for(None) as (node, origin):
        for (status, fields), how in itertools.product(tries, ways):
            origin.answer = provoking(status, *fields)
            path = fresh_path()
            ask(node, path)
            ask(node, path, "X-Provoke: 1", how)
            answer = ask(node, path)
            if not answer.is_hit:
                found.append(f"{status} {fields} by {how}: {answer.status} {answer.cache_status}")
    expect_none(found)


# --- methods, content, conditions and ranges


def case_content_and_methods_do_not_decide_for_get():
    tries = [
        ("GET", ["Content-Length: 4"], b"evil"),
        ("GET", ["Transfer-Encoding: chunked"], b"4\r\nevil\r\n0\r\n\r\n"),
        ("HEADX", [], b""),
        ("get", [], b""),
        ("QUERY", [], b""),
        ("POST", ["X-HTTP-Method-Override: GET"], b""),
    ]
    found = []
    with node_for(reflect()) as (node, _):
        for method, fields, content in tries:
            path = fresh_path()
            ask(node, path, *fields, method=method, content=content)
            body = ask(node, path).body
            if not body.startswith(b"GET ") or b"evil" in body:
                found.append(f"{method} {fields}: {body!r}")
    expect_none(found)


CONDITIONS = [
    ['If-None-Match: "1"'],
    ["If-None-Match: *"],
    ['If-Match: "2"'],
    ["If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT"],
    ["If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT"],
    ["Range: bytes=0-1"],
    ["Range: bytes=-2"],
    ["Range: bytes=0-1,1-2"],
    ["Range: bytes=0-1", 'If-Range: "1"'],
    ["Range: bytes=0-1", "Range: bytes=2-3"],
    ["Range: bytes=" + "0-," * 999 + "0-"],
    ["Range: bytes=0-99999999999999999999"],
    ["Range: bytes=1-0"],
]


def case_conditions_and_ranges_are_the_clients_own():
    def answer(request):
        if request.values("if-none-match") or request.values("if-modified-since"):
            return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nCache-Control: max-age=600\r\n\r\n'
        if request.values("if-match") or request.values("if-unmodified-since"):
            return response("failed", LASTING, status="412 Precondition Failed")
        if request.values("range"):
            part = [LASTING, 'ETag: "1"', "Content-Range: bytes 0-1/4"]
            return response("01", *part, status="206 Partial Content")
        return response("0123", LASTING, 'ETag: "1"')

    found = []
    with node_for(answer) as (node, _):
        for fields in CONDITIONS:
            path = fresh_path()
            ask(node, path, *fields)
            got = ask(node, path)
            if (got.status, got.body) != (200, b"0123"):
                found.append(f"{fields}: {got.status} {got.body!r}")
    expect_none(found)


def case_a_part_that_nobody_asked_for_is_no_answer():
    def answer(request):
        if request.values("range"):
            part = [LASTING, 'ETag: "1"', "Content-Range: bytes 0-1/2"]
            return response("ab", *part, status="206 Partial Content")
        return response("0123456789", LASTING, 'ETag: "1"')

    with node_for(answer, route={"range_miss": "forward"}) as (node, _):
        expect_equal(ask(node, "/", "Range: bytes=4-5").status, 502, "another part")
        expect_equal(ask(node, "/").body, b"0123456789", "the whole")


# --- query

QUERIES = [
    (
        {"query": "deny", "parameters": ["utm_*"]},
        ["utm_x=evil", "utm_x=1;y=evil", "%75tm_x=evil", "utm_x=evil&utm_x=2", "utm%5fx=evil"],
    ),
    (
        {"query": "allow", "parameters": ["a"]},
        ["b=evil", "b=1;a=evil", "A=evil", "a[]=evil"],
    ),
    ({"query": "drop"}, ["evil", "a=evil", ";evil", "?evil"]),
    ({"sort_query": True}, ["b=1&a=evil", "a=2&a=evil", "a=evil&a=2"]),
]


def case_what_the_key_drops_the_origin_does_not_see():
    found = []
    for key, queries in QUERIES:
        with node_for(reflect(), route={"key": key}) as (node, _):
            for query, other in itertools.product(queries, ("", "?", "?a=1", "?a=2")):
                path = fresh_path()
                ask(node, f"{path}?{query}")
                if b"evil" in ask(node, path + other).body:
                    found.append(f"{key}: {query} decides for {other!r}")
    expect_none(found)


# --- variants

WEIGHTS = [
    ("Accept-Encoding", "gzip;q=0x", "gzip"),
    ("Accept-Encoding", "gzip, gzip;q=0", "gzip"),
    ("Accept-Encoding", "gzip;q=", "gzip"),
    ("Accept-Encoding", "gzip;q=2", "gzip"),
    ("Accept-Language", f"en;q={EVIL}", "en"),
    ("Accept-Language", "en;q=1.9", "en"),
    ("Accept-Language", "en, en;q=0", "en"),
]


def case_what_is_no_weight_is_a_variant_of_its_own():
    found = []
    with node_for(None) as (node, origin):
        for name, evil, good in WEIGHTS:
            origin.answer = reflect(LASTING, f"Vary: {name}")
            path = fresh_path()
            ask(node, path, f"{name}: {evil}")
            if ask(node, path, f"{name}: {good}").is_hit:
                found.append(f"{name}: {evil} decides for {good}")
    expect_none(found)


if __name__ == "__main__":
    run_cases(globals())
