#!/usr/bin/env python3
"""A route moves from a directory to an HTTP server to a bucket, by reloads, while clients ask: each
request is answered, and what was stored before stays a hit."""

import contextlib
import itertools
import pathlib
import signal
import tempfile
import threading

from client import Answer, RawConnection, curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, directory_origin, http_origin
from origin import Exchange, Origin
from s3_server import ACCESS_KEY, SECRET_KEY, is_signed, refuse

BUCKET = "patterns"
CLIENTS = 4
BACK_ENDS = ("files", "app", "store")  # the names of the origins, and what each answers
FRESH = "Cache-Control: max-age=3600"


def app(exchange: Exchange) -> None:
    exchange.respond(b"app", FRESH)


def bucket(exchange: Exchange) -> None:
    """What a store with the S3 API says to a reader: nothing without a right signature."""
    if not is_signed(exchange):
        return refuse(exchange)
    expect(exchange.target.startswith(f"/{BUCKET}/"), f"{exchange.target} is not in the bucket")
    exchange.respond(b"store", FRESH, "x-amz-request-id: 1")


class SwappedNode:
    """A node before three back ends, each of which has an answer of its own to every path."""

    def __init__(self, directory: pathlib.Path, http_server: Origin, store: Origin):
        root, keys = directory / "root", directory / "keys"
        root.mkdir()
        for name in ("load.js", *(f"kept-{back_end}.js" for back_end in BACK_ENDS)):
            (root / name).write_bytes(b"files")
        keys.write_text(f"{ACCESS_KEY}\n{SECRET_KEY}\n")
        s3 = {"bucket": BUCKET, "credentials_file": str(keys)}
        in_bucket = {"name": "store", "kind": "s3", "servers": [store.address], "s3": s3}
        self._origins = {
            "files": directory_origin(root),
            "app": http_origin(http_server.address),
            "store": in_bucket,
        }
        self._count = itertools.count()
        self.node = Node(config_for(self._origins["files"]))

    def miss(self) -> Answer:
        """Over a connection of its own, so that each worker has its turn."""
        return curl(self.node.url(f"/load.js?miss={next(self._count)}"))

    def swap(self, back_end: str) -> None:
        generation = self.node.metric("selvedge_config_generation")
        self.node.write_config(config_for(self._origins[back_end]))
        self.node.signal(signal.SIGHUP)
        wait_until(
            lambda: self.node.metric("selvedge_config_generation") > generation,
            f"the configuration with {back_end} is taken",
        )
        wait_until(
            lambda: all(self.miss().body == back_end.encode() for _ in range(8)),
            f"{back_end} is asked",
        )


@contextlib.contextmanager
def swapped_node(http_server=app):
    require_program("curl")
    with (
        tempfile.TemporaryDirectory(prefix="selvedge-swap-") as directory,
        Origin(fallback=http_server) as http_origin_server,
        Origin(fallback=bucket) as store,
    ):
        swapped = SwappedNode(pathlib.Path(directory), http_origin_server, store)
        with swapped.node:
            yield swapped, http_origin_server, store


class Load:
    """Connections that are kept: each asks in turn for something new, which any back end may
    answer, and for something that is stored. What went wrong is in `failures`."""

    def __init__(self, node: Node):
        self._port = node.port()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.answers = dict.fromkeys(BACK_ENDS, 0)
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        with RawConnection(self._port) as connection:
            for number in itertools.count():
                if self._stopped.is_set():
                    return
                for path in (f"/load.js?load={client}-{number}", "/kept-files.js"):
                    if not self._take(connection, path):
                        return

    def _take(self, connection: RawConnection, path: str) -> bool:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        try:
            answer = connection.answer()
        except (AssertionError, OSError) as error:
            answer = Answer(0, "", {}, str(error).encode())
        said = answer.body.decode(errors="replace")
        is_right = said in BACK_ENDS if path.startswith("/load") else said == "files"
        with self._lock:
            if answer.status == 200 and is_right:
                self.answers[said] += path.startswith("/load")
                return True
            self.failures.append(f"{path}: {answer.status} {said!r} {answer.field('proxy-status')}")
            return False

    @property
    def _host(self) -> str:
        return f"127.0.0.1:{self._port}"

    def wait_for(self, back_end: str) -> None:
        before = self.answers[back_end]
        wait_until(
            lambda: self.failures or self.answers[back_end] >= before + 100,
            f"the load is answered by {back_end}",
            seconds=60,
        )
        expect_equal(self.failures, [], "failed requests")


def case_a_route_moves_from_directory_to_http_to_s3():
    with swapped_node() as (swapped, http_server, store):
        url = swapped.node.url
        first = curl(url("/kept-files.js"))
        expect_equal((first.status, first.body), (200, b"files"), "from the directory")
        with Load(swapped.node) as load:
            load.wait_for("files")
            for position, back_end in enumerate(BACK_ENDS[1:], start=1):
                swapped.swap(back_end)
                load.wait_for(back_end)
                for earlier in BACK_ENDS[:position]:
                    kept = curl(url(f"/kept-{earlier}.js"))
                    expect_equal(kept.body, earlier.encode(), f"{earlier} after {back_end}")
                    expect(kept.is_hit, f"{earlier} after {back_end}: {kept.cache_status}")
                fresh = curl(url(f"/kept-{back_end}.js"))
                expect_equal(fresh.body, back_end.encode(), "what was not stored")
                expect(not fresh.is_hit, f"from {back_end}: {fresh.cache_status}")
        expect_equal(load.failures, [], "failed requests")
        expect_equal(http_server.count("/kept-app.js"), 1, "fetches of what the server gave")
        expect_equal(http_server.count("/kept-files.js"), 0, "fetches of what was stored before")
        for earlier in BACK_ENDS[:2]:
            asked = store.count(f"/{BUCKET}/kept-{earlier}.js")
            expect_equal(asked, 0, f"fetches of what {earlier} gave, from the bucket")


def case_a_fetch_under_way_ends_at_the_old_back_end():
    release = threading.Event()

    def slow(exchange: Exchange) -> None:
        if exchange.target != "/slow.js":
            return app(exchange)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n%s\r\n\r\nold-" % FRESH.encode())
        release.wait(60)
        exchange.send(b"half")

    with swapped_node(slow) as (swapped, http_server, store):
        swapped.swap("app")
        with RawConnection(swapped.node.port()) as download:
            host = swapped.node.address().encode()
            download.send(b"GET /slow.js HTTP/1.1\r\nHost: %s\r\n\r\n" % host)
            wait_until(lambda: http_server.count("/slow.js") == 1, "the old back end is asked")
            swapped.swap("store")
            release.set()
            answer = download.answer()
        expect_equal((answer.status, answer.body), (200, b"old-half"), "the answer")
        after = curl(swapped.node.url("/slow.js"))
        expect(after.is_hit and after.body == b"old-half", after.cache_status)
        expect_equal(store.count(f"/{BUCKET}/slow.js"), 0, "fetches from the new back end")


run_cases(globals())
