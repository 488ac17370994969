#!/usr/bin/env python3
"""Real packages flow: every file of five npm packages comes through the node byte for byte, over
HTTP/1.1, h2c and HTTP/2 with TLS, and the second time from the cache. Three clients: http.client of
Python, http2 of Node.js, curl."""

import http.client
import pathlib
import subprocess
import tempfile
import urllib.parse

from client import is_hit
from harness import expect, expect_equal, require_program, run_cases
from node import Node, config_for, directory_origin
from packages import PACKAGES, unpack_all

_workspace = tempfile.TemporaryDirectory(prefix="selvedge-packages-")
WORK = pathlib.Path(_workspace.name)
ROOT = WORK / "origin"
_files: list[str] = []


def files() -> list[str]:
    if not _files:
        _files.extend(unpack_all(ROOT))
        total = sum((ROOT / path).stat().st_size for path in _files)
        print(f"{len(_files)} files of {len(PACKAGES)} packages, {total / 2**20:.1f} MiB")
        expect(len(_files) > 1000, f"only {len(_files)} files")
    return _files


def target_of(path: str) -> str:
    return "/" + urllib.parse.quote(path, safe="/@")


def fresh_node() -> Node:
    return Node(config_for(directory_origin(ROOT), cache={"size": "1GiB"}), tls=True)


def expect_outcome(path: str, round_number: int, cache_status: str) -> None:
    if round_number == 1:
        expect("stored" in cache_status, f"{path}, first time: {cache_status!r}")
    else:
        expect(is_hit(cache_status), f"{path}, second time: {cache_status!r}")


def fetch_all_with_one_connection(node: Node, round_number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", node.port(), timeout=30)
    for path in files():
        connection.request("GET", target_of(path))
        response = connection.getresponse()
        body = response.read()
        expect_equal(response.status, 200, path)
        expect(body == (ROOT / path).read_bytes(), f"{path}: other bytes")
        expect_outcome(path, round_number, response.getheader("cache-status", ""))
    connection.close()


def fetch_all_with_node_js(node: Node, round_number: int) -> None:
    require_program("node")
    listing = WORK / "paths.txt"
    listing.write_text("\n".join(files()) + "\n")
    script = pathlib.Path(__file__).with_name("fetch_all.mjs")
    run = subprocess.run(
        ["node", str(script), node.url("").rstrip("/"), str(ROOT), str(listing)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    expect_equal(run.returncode, 0, f"fetch_all.mjs: {run.stderr[-500:]}")
    lines = run.stdout.splitlines()
    expect_equal(len(lines), len(files()), "files that came")
    for line in lines:
        status, verdict, path, cache_status = line.split(" ", 3)
        expect_equal((status, verdict), ("200", "same"), path)
        expect_outcome(path, round_number, cache_status)


def fetch_all_with_curl(node: Node, round_number: int) -> None:
    """One curl fetches everything into a copy of the tree and reports a line for each file."""
    require_program("curl")
    with tempfile.TemporaryDirectory(dir=WORK) as copy:
        lines = []
        for path in files():
            lines.append(f'url = "{node.url(target_of(path), "https")}"')
            lines.append(f'output = "{copy}/{path}"')
        config = WORK / "curl.config"
        config.write_text("\n".join(lines) + "\n")
        report = "%{response_code} %{http_version} %{filename_effective} %header{cache-status}\n"
        run = subprocess.run(
            ["curl", "--silent", "--show-error", "--http2", "--insecure", "--max-time", "280"]
            + ["--parallel", "--parallel-max", "40", "--create-dirs", "--globoff"]
            + ["--write-out", report, "--config", str(config)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        expect_equal(run.returncode, 0, f"curl: {run.stderr[-500:]}")
        lines = run.stdout.splitlines()
        expect_equal(len(lines), len(files()), "files that came")
        for line in lines:
            status, version, output, cache_status = line.split(" ", 3)
            path = output.removeprefix(copy + "/")
            expect_equal((status, version), ("200", "2"), path)
            expect_outcome(path, round_number, cache_status)
            original = (ROOT / path).read_bytes()
            # curl makes no file for an empty body.
            received = pathlib.Path(output).read_bytes() if original else b""
            expect(received == original, f"{path}: other bytes")


def case_http1():
    files()
    with fresh_node() as node:
        for round_number in (1, 2):
            fetch_all_with_one_connection(node, round_number)


def case_h2c():
    files()
    with fresh_node() as node:
        for round_number in (1, 2):
            fetch_all_with_node_js(node, round_number)


def case_h2_over_tls():
    files()
    with fresh_node() as node:
        for round_number in (1, 2):
            fetch_all_with_curl(node, round_number)


run_cases(globals())
