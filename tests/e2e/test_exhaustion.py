#!/usr/bin/env python3
"""Nothing is left: descriptors, places, the disk. The node says so, serves who is there, and is
well again when the others have gone."""

import os
import pathlib
import tempfile
import time

from client import RawConnection, curl
from harness import (
    expect,
    expect_equal,
    is_sanitized,
    require_program,
    run_cases,
    skip,
    wait_until,
)  # fmt: skip
from node import Node, config_for, directory_origin

CONTENT = b"body { color: #123 }\n" * 50
GET = b"GET /a.css HTTP/1.1\r\nHost: localhost\r\n\r\n"


def folder(root: str) -> dict:
    (pathlib.Path(root) / "a.css").write_bytes(CONTENT)
    return directory_origin(root)


def case_no_descriptors_left():
    require_program("prlimit")
    if is_sanitized():
        skip("UBSan looks at memory through a pipe, and takes none for a bad object")
    with tempfile.TemporaryDirectory() as root:
        limit = ["prlimit", "--nofile=100:100"]
        with Node(config_for(folder(root)), prefix=limit) as node:
            expect("the limit of open files is 100" in node.stderr(), "it is told at the start")
            early = RawConnection(node.port())
            expect_equal(early.send(GET).answer().body, CONTENT, "content")
            crowd = [RawConnection(node.port()) for _ in range(150)]
            wait_until(lambda: len(os.listdir(f"/proc/{node.pid}/fd")) >= 99, "all are taken")
            expect_equal(early.send(GET).answer().body, CONTENT, "content for who is there")
            used = cpu_seconds(node.pid)
            time.sleep(1)  # measures that the node does not spin
            expect(cpu_seconds(node.pid) - used < 0.5, "it waits for descriptors without spinning")
            for connection in crowd:
                connection.__exit__()
            wait_until(lambda: len(os.listdir(f"/proc/{node.pid}/fd")) < 60, "they are free again")
            expect_equal(curl(node.url("/a.css")).body, CONTENT, "content for who comes then")
            early.__exit__()


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def case_the_disk_of_the_access_log_is_full():
    if not os.path.exists("/dev/full"):
        return
    with tempfile.TemporaryDirectory() as root:
        logs = {"access": "/dev/full", "access_format": "json"}
        with Node(config_for(folder(root), logs=logs)) as node:
            for _ in range(20):
                expect_equal(curl(node.url("/a.css")).body, CONTENT, "content")
            wait_until(lambda: node.metric("selvedge_access_log_lost_total") >= 20, "it is counted")
            expect_equal(node.metric("selvedge_access_log_written_total"), 0, "written lines")
            expect_equal(node.stderr().count("No space left on device"), 1, "times it is told")


def case_one_client_takes_many_connections():
    with tempfile.TemporaryDirectory() as root:
        limits = {"connections": 200, "connections_per_client": 50}
        with Node(config_for(folder(root), limits=limits)) as node:
            crowd = [RawConnection(node.port()) for _ in range(60)]
            refused = "selvedge_connections_refused_total"
            wait_until(lambda: node.metric(refused + '{limit="client"}') >= 10, "ten are refused")
            expect_equal(node.metric(refused + '{limit="node"}'), 0, "refused for the node")
            for connection in crowd:
                connection.__exit__()
            wait_until(lambda: is_served(node), "its places are free again")


def is_served(node: Node) -> bool:
    try:
        return curl(node.url("/a.css")).body == CONTENT
    except AssertionError:
        return False


run_cases(globals())
