#!/usr/bin/env python3
"""10,000 requests at once for one slow object: the origin is asked once, everybody is answered."""

import re
import subprocess
import threading
import time

from client import curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, http_origin
from origin import Origin

REQUESTS = 10_000
CONNECTIONS = 100


def slow_object(release: threading.Event):
    def answer(exchange):
        release.wait(60)
        exchange.respond(b"x" * 4096, "Cache-Control: max-age=60")

    return answer


def case_ten_thousand_requests_one_fetch():
    require_program("h2load", "curl")
    release = threading.Event()
    with Origin({"/slow": slow_object(release)}) as origin:
        with Node(config_for(http_origin(origin.address, first_byte_timeout="60s"))) as node:
            # Every request is on its way before the origin answers: 100 connections x 100 streams.
            load = subprocess.Popen(
                ["h2load", "-n", str(REQUESTS), "-c", str(CONNECTIONS)]
                + ["-m", str(REQUESTS // CONNECTIONS), "-T", "60", node.url("/slow")],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                wait_until(lambda: origin.count("/slow") > 0, "the origin is asked")
                # Other requests go on being answered while ten thousand wait.
                for _ in range(20):
                    begin = time.monotonic()
                    expect_equal(curl(node.url("/other")).status, 404, "another request")
                    expect(time.monotonic() - begin < 2, "another request had to wait")
                release.set()
                output, _ = load.communicate(timeout=90)
            finally:
                release.set()
                load.kill()
                load.wait()
            done = re.search(r"status codes: (\d+) 2xx", output)
            expect(done and int(done[1]) == REQUESTS, output)
            expect_equal(origin.count("/slow"), 1, "requests to the origin")


run_cases(globals())
