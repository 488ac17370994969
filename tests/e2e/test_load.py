#!/usr/bin/env python3
"""Short loads by wrk and h2load: every answer is a 2xx and no connection breaks."""

import pathlib
import re
import subprocess
import tempfile

from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, directory_origin


def node_with_objects(root: str) -> Node:
    for name, size in {"1k.bin": 1024, "100k.bin": 100 * 1024, "empty.txt": 0}.items():
        (pathlib.Path(root) / name).write_bytes(b"s" * size)
    return Node(config_for(directory_origin(root)), tls=True)


def run(*command: str) -> str:
    load = subprocess.run(command, capture_output=True, text=True, timeout=90)
    expect_equal(load.returncode, 0, f"{command}: {load.stdout}{load.stderr}")
    return load.stdout


def case_wrk_over_http1():
    require_program("wrk")
    with tempfile.TemporaryDirectory() as root, node_with_objects(root) as node:
        for path in ("/1k.bin", "/100k.bin", "/empty.txt"):
            for listener in ("http", "https"):
                url = node.url(path, listener)
                output = run("wrk", "-t1", "-c50", "-d2s", url)
                expect("Socket errors" not in output, output)
                expect("Non-2xx" not in output, output)
                requests = int(re.search(r"(\d+) requests in", output)[1])
                expect(requests > 100, f"only {requests} requests: {output}")


def case_h2load_over_http2():
    require_program("h2load")
    with tempfile.TemporaryDirectory() as root, node_with_objects(root) as node:
        for path, count in {"/1k.bin": 20_000, "/100k.bin": 2_000, "/empty.txt": 5_000}.items():
            for listener in ("http", "https"):
                url = node.url(path, listener)
                output = run("h2load", "-n", str(count), "-c", "10", "-m", "50", "-T", "60", url)
                done = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", output)
                expect(done and int(done[1]) == count, output)
                expect("0 failed, 0 errored, 0 timeout" in output, output)


def case_many_connections_that_come_and_go():
    require_program("h2load")
    with tempfile.TemporaryDirectory() as root, node_with_objects(root) as node:
        for _ in range(10):
            url = node.url("/1k.bin", "https")
            output = run("h2load", "-n", "200", "-c", "50", "-T", "30", url)
            expect("status codes: 200 2xx" in output, output)


run_cases(globals())
