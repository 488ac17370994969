#!/usr/bin/env python3
"""A bucket as an origin: s3rver (a real S3 server from the npm registry) answers what the node
signs and sends, in path style and with the bucket in front of the host."""

import contextlib
import pathlib
import tempfile
import urllib.parse

from client import Answer, curl
from harness import expect, expect_equal, run_cases
from node import Node, config_for
from origin import Origin
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server, signature

BUCKET = "patterns"
FRESH = {"cache_control": "max-age=600"}


@contextlib.contextmanager
def key_file(text: str = f"{ACCESS_KEY}\n{SECRET_KEY}\n"):
    with tempfile.TemporaryDirectory(prefix="selvedge-s3-") as directory:
        file = pathlib.Path(directory) / "keys"
        file.write_text(text)
        yield file


def s3_origin(address: str, keys: pathlib.Path, s3: dict | None = None, **options) -> dict:
    section = {"bucket": BUCKET, "path_style": True, "credentials_file": str(keys)} | (s3 or {})
    return {"name": "store", "kind": "s3", "servers": [address], "s3": section, **options}


@contextlib.contextmanager
def node_before_bucket():
    with S3Server(BUCKET) as store, key_file() as keys:
        with Node(config_for(s3_origin(store.address, keys))) as node:
            yield node, store


def expect_no_words_of_store(answer: Answer, what: str) -> None:
    """Its messages name buckets, keys and what was signed."""
    text = answer.body.decode()
    for word in ("<", BUCKET, ACCESS_KEY, "Signature"):
        expect(word not in text, f"{what}: {text!r}")
    shown = [name for name in answer.fields if name.startswith("x-amz-")]
    expect_equal(shown, [], f"{what}: fields of the store")


def case_objects_come_and_are_stored():
    with node_before_bucket() as (node, store):
        body = bytes(range(256)) * 4096
        store.put("ui/1.0.0/a.js", body, content_type="text/javascript", **FRESH)
        first = curl(node.url("/ui/1.0.0/a.js"))
        expect_equal(first.status, 200, "status")
        expect_equal(first.field("content-type"), "text/javascript", "Content-Type")
        expect(first.body == body, "other bytes")
        expect(first.field("etag") != "", "no ETag")
        expect_no_words_of_store(curl(node.url("/ui/1.0.0/missing.js")), "404")
        second = curl(node.url("/ui/1.0.0/a.js"), "h2c")
        expect(second.is_hit and second.body == body, second.cache_status)


def case_names_with_any_letters():
    names = ["a b.txt", "a+b.txt", "ärger/日本.txt", "a%20b", "100%.txt", "(x)!*'.txt", "@acme/ui"]
    names += ["a=b&c.txt", "question?mark", "hash#mark", "~user", "semi;colon,comma:$"]
    with node_before_bucket() as (node, store):
        for name in names:
            store.put(name, name.encode())
        for name in names:
            answer = curl(node.url("/" + urllib.parse.quote(name)))
            expect_equal((answer.status, answer.body), (200, name.encode()), name)
        # A plus that is not encoded is a plus, as in any path (RFC 3986, 3.3).
        expect_equal(curl(node.url("/a+b.txt")).body, b"a+b.txt", "a+b.txt")


def case_a_path_that_ends_in_a_slash_is_an_index():
    with node_before_bucket() as (node, store):
        store.put("index.html", b"top")
        store.put("docs/index.html", b"docs")
        for path, body in (("/", b"top"), ("/docs/", b"docs"), ("/?list-type=2", b"top")):
            answer = curl(node.url(path))
            expect_equal((answer.status, answer.body), (200, body), path)


def case_head():
    with node_before_bucket() as (node, store):
        store.put("a.js", b"0123456789")
        answer = curl(node.url("/a.js"), "h1", "--head")
        expect_equal(answer.status, 200, "status")
        expect_equal(answer.field("content-length"), "10", "Content-Length")
        missing = curl(node.url("/missing"), "h1", "--head")
        expect_equal(missing.status, 404, "status of what is missing")


def case_ranges():
    with node_before_bucket() as (node, store):
        body = bytes(range(256)) * 1024
        store.put("a.bin", body, **FRESH)
        for round_number in (1, 2):
            part = curl(node.url("/a.bin"), "h1", "--range", "1000-1999")
            expect_equal(part.status, 206, f"status, round {round_number}")
            expect(part.body == body[1000:2000], f"other bytes, round {round_number}")
        expect_equal(curl(node.url("/a.bin"), "h1", "--range", "999999-").status, 416, "beyond")


def case_not_found():
    with node_before_bucket() as (node, _):
        answer = curl(node.url("/missing.js"))
        expect_equal(answer.status, 404, "status")
        expect(answer.field("content-type").startswith("text/plain"), "Content-Type")
        expect_no_words_of_store(answer, "404")


def case_objects_are_confirmed():
    with node_before_bucket() as (node, store):
        store.put("a.js", b"first", cache_control="no-cache")
        etag = curl(node.url("/a.js")).field("etag")
        again = curl(node.url("/a.js"))
        expect_equal((again.status, again.body), (200, b"first"), "confirmed")
        expect("fwd-status=304" in again.cache_status, again.cache_status)
        mine = curl(node.url("/a.js"), "h1", "--header", f"If-None-Match: {etag}")
        expect_equal(mine.status, 304, "a client that has it")
        store.put("a.js", b"second", cache_control="no-cache")
        expect_equal(curl(node.url("/a.js")).body, b"second", "changed")


def case_wrong_keys_are_refused():
    with S3Server(BUCKET) as store:
        store.put("a.js", b"x")
        for text in (f"{ACCESS_KEY}\nanother-secret\n", f"NOBODY\n{SECRET_KEY}\n"):
            with key_file(text) as keys:
                with Node(config_for(s3_origin(store.address, keys))) as node:
                    answer = curl(node.url("/a.js"))
                    expect_equal(answer.status, 403, text)
                    expect_no_words_of_store(answer, text)
                    output = node.stdout() + node.stderr()
                    expect("another-secret" not in output, "the secret is in a log")


def case_only_objects_can_be_reached():
    with node_before_bucket() as (node, store):
        store.put("a.js", b"content")
        for query in ("acl", "tagging", "uploads", "response-content-type=text/html"):
            answer = curl(node.url(f"/a.js?{query}"))
            expect_equal((answer.status, answer.body), (200, b"content"), query)
            expect("text/html" not in answer.field("content-type"), query)
        for path in ("/%2e%2e/patterns/a.js", "/..%2fa.js", "/a.js%00"):
            answer = curl(node.url(path), "h1", "--path-as-is")
            expect(answer.status in (400, 404), f"{path}: {answer.status}")
        for method in ("PUT", "DELETE", "POST"):
            answer = curl(node.url("/a.js"), "h1", "--request", method, "--data", "x")
            expect_equal(answer.status, 405, method)
            expect_equal(answer.field("allow"), "GET, HEAD", method)
        expect_equal(curl(node.url("/a.js")).body, b"content", "it is still there")


def case_fields_of_clients_stay_here():
    """A client's own credentials would be a second way to say who asks: s3rver answers 400."""
    with node_before_bucket() as (node, store):
        store.put("a.js", b"content")
        fields = ["Authorization: Basic YTpi", "X-Amz-Date: 20000101T000000Z", "Cookie: a=b"]
        arguments = [word for field in fields for word in ("--header", field)]
        answer = curl(node.url("/a.js"), "h1", *arguments)
        expect_equal((answer.status, answer.body), (200, b"content"), "answer")


def case_the_bucket_in_front_of_the_host():
    with S3Server(BUCKET) as store, key_file() as keys:
        store.put("a b/c.js", b"content")
        origin = s3_origin(store.address, keys, {"path_style": False}, host="s3.amazonaws.com")
        with Node(config_for(origin)) as node:
            answer = curl(node.url("/a%20b/c.js"))
            expect_equal((answer.status, answer.body), (200, b"content"), "answer")
            expect_equal(curl(node.url("/missing")).status, 404, "status of what is missing")


def case_what_is_signed_is_what_is_sent():
    asked = []

    def store(exchange):
        asked.append(exchange)
        exchange.respond(b"content", "x-amz-request-id: 1")

    with Origin({"/a%20b.js": store}) as origin, key_file("KEY\nSECRET\nTOKEN\n") as keys:
        s3 = {"path_style": False, "region": "eu-central-1"}
        options = s3_origin(origin.address, keys, s3, host="store.example")
        with Node(config_for(options)) as node:
            expect_equal(curl(node.url("/a%20b.js?acl")).status, 200, "status")
    fields = asked[0].fields
    expect_equal(fields["host"], f"{BUCKET}.store.example", "Host")
    expect_equal(fields["x-amz-security-token"], "TOKEN", "session token")
    names = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
    signed = {name: fields[name] for name in names}
    date = fields["x-amz-date"][:8]
    value = signature("SECRET", "GET", "/a%20b.js", signed, date, "eu-central-1")
    expect_equal(
        fields["authorization"],
        f"AWS4-HMAC-SHA256 Credential=KEY/{date}/eu-central-1/s3/aws4_request,"
        f"SignedHeaders={';'.join(names)},Signature={value}",
        "Authorization",
    )


def case_keys_of_the_environment_or_none():
    asked = []

    def store(exchange):
        asked.append(exchange.fields)
        exchange.respond(b"content")

    with Origin({"/patterns/a.js": store}) as origin:
        config = config_for(s3_origin(origin.address, pathlib.Path()))
        del config["origins"][0]["s3"]["credentials_file"]
        with Node(config, prefix=["env", "-u", "AWS_ACCESS_KEY_ID"]) as node:
            expect_equal(curl(node.url("/a.js")).status, 200, "status without keys")
        expect("authorization" not in asked[-1], "signed without keys")
        environment = ["env", "AWS_ACCESS_KEY_ID=KEY", "AWS_SECRET_ACCESS_KEY=SECRET"]
        with Node(config, prefix=environment) as node:
            expect_equal(curl(node.url("/a.js")).status, 200, "status with keys")
        expect("Credential=KEY/" in asked[-1]["authorization"], "not signed")


run_cases(globals())
