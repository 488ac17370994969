#!/usr/bin/env python3
"""SIGUSR2 starts the program again on the same sockets; the old process answers what it has begun
and ends. Clients notice nothing."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

from client import RawConnection, curl
from harness import expect, expect_equal, run_cases, skip, wait_until
from node import Node, config_for, directory_origin, http_origin
from origin import Origin
from steady_clients import SteadyClients

CONTENT = b"export const version = 1;\n" * 100


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def state_of(pid: int) -> str:
    """Its letter in /proc; a zombie is nobody any more. "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def has_ended(pid: int) -> bool:
    return state_of(pid) in ("", "Z")


class UpgradedNode(contextlib.AbstractContextManager):
    """A node whose place another process takes; both are ended with it."""

    def __init__(self, config: dict, **options):
        self.node = Node(config, **options)
        self._successors: list[int] = []

    def __enter__(self) -> "UpgradedNode":
        self.node.__enter__()
        return self

    def __exit__(self, *failure) -> None:
        for pid in self._successors:
            if not has_ended(pid):
                os.kill(pid, signal.SIGTERM)
                wait_until(lambda pid=pid: has_ended(pid), f"process {pid} has ended")
        self.node.__exit__(*failure)

    def ready(self) -> dict:
        return json.loads((self.node.directory / "ready.json").read_text())

    def upgrade(self) -> int:
        """The pid of the process that serves then."""
        before = self.ready()["pid"]
        os.kill(before, signal.SIGUSR2)
        wait_until(lambda: self.ready()["pid"] != before, "another process serves", seconds=30)
        pid = self.ready()["pid"]
        self._successors.append(pid)
        wait_until(lambda: has_ended(before), "the process before has ended", seconds=30)
        return pid


class Supervisor(contextlib.AbstractContextManager):
    """What systemd is to a service: it is told at NOTIFY_SOCKET (sd_notify(3))."""

    _FILLER = "filler"

    def __init__(self, folder: str):
        self.path = f"{folder}/notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self._told: list[str] = []

    def __exit__(self, *_) -> None:
        self._socket.close()

    def told(self) -> list[str]:
        """Everything until now, in order."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._told.append(self._socket.recv(4096).decode())
        return [one for one in self._told if one != self._FILLER]

    def be_busy(self) -> None:
        """Who has something to say waits, until told() is called again."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    other.sendto(self._FILLER.encode(), self.path)


def folder_with_content(root: str) -> dict:
    (pathlib.Path(root) / "a.js").write_bytes(CONTENT)
    return directory_origin(root)


def case_no_request_fails():
    with tempfile.TemporaryDirectory() as root:
        config = config_for(folder_with_content(root))
        with UpgradedNode(config, tls=True) as upgraded:
            node = upgraded.node
            with SteadyClients(node.port(), "/a.js", CONTENT) as clients:
                for _ in range(3):
                    pid = upgraded.upgrade()
                    answer = curl(node.url("/a.js", "https"), "h2")
                    expect_equal(answer.body, CONTENT, "content over TLS")
            clients.check(least=500)
            expect_equal(upgraded.ready()["listeners"], node.ready["listeners"], "addresses")
            expect_equal(upgraded.ready()["admin"], node.ready["admin"], "address of the admin API")
            expect_equal(node.process.wait(timeout=20), 0, "exit code of the first process")
            expect("selvedge_build_info" in node.admin("/metrics"), "the admin API answers")
            expect(is_there(pid), "the last process serves on")


def case_who_has_just_connected_is_served():
    """On a node where nothing else is under way, so that nothing holds the old process."""
    with tempfile.TemporaryDirectory() as root:
        with UpgradedNode(config_for(folder_with_content(root))) as upgraded:
            node = upgraded.node
            silent = [RawConnection(node.port()) for _ in range(8)]
            before = upgraded.ready()["pid"]
            os.kill(before, signal.SIGUSR2)
            wait_until(lambda: upgraded.ready()["pid"] != before, "another process serves")
            upgraded._successors.append(upgraded.ready()["pid"])
            for connection in silent:
                connection.send(b"GET /a.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
                expect_equal(connection.answer().body, CONTENT, "content")
                connection.__exit__()
            wait_until(lambda: has_ended(before), "the process before has ended", seconds=30)


def case_other_numbers_of_workers():
    """Every socket has a worker and every worker a socket, whatever their numbers are."""
    with tempfile.TemporaryDirectory() as root:
        config = config_for(folder_with_content(root))
        with UpgradedNode(config) as upgraded:
            for workers in (1, 3, 2):
                upgraded.node.write_config(config | {"workers": workers})
                upgraded.upgrade()
                for _ in range(30):  # the kernel chooses among the sockets
                    answer = curl(upgraded.node.url("/a.js"))
                    expect_equal(answer.body, CONTENT, f"content with {workers} workers")


def case_what_has_begun_is_ended():
    release = threading.Event()
    content = b"x" * 200_000

    def slow(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
        exchange.send(content[:1000])
        release.wait(60)
        exchange.send(content[1000:])

    with Origin({"/slow": slow}) as origin:
        with UpgradedNode(config_for(http_origin(origin.address))) as upgraded:
            node = upgraded.node
            with RawConnection(node.port()) as download:
                download.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
                download.read_more()
                os.kill(node.pid, signal.SIGUSR2)
                wait_until(lambda: upgraded.ready()["pid"] != node.pid, "another process serves")
                upgraded._successors.append(upgraded.ready()["pid"])
                expect(not has_ended(node.pid), "the old process waits for the download")
                release.set()
                expect_equal(len(download.answer().body), len(content), "bytes of the download")
            wait_until(lambda: has_ended(node.pid), "the old process has ended")


def case_a_successor_that_cannot_start_changes_nothing():
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(folder_with_content(root))) as node:
            good = node.config_file.read_text()
            node.config_file.write_text("listeners: 5\n")
            with SteadyClients(node.port(), "/a.js", CONTENT, count=2) as clients:
                node.signal(signal.SIGUSR2)
                wait_until(lambda: "upgrade failed" in node.stderr(), "it is told")
            clients.check(least=10)
            expect("it ended with exit code 1" in node.stderr(), "why is told")
            expect("node.yaml:1:" in node.stderr(), "the successor said what is wrong")
            node.config_file.write_text(good)
            expect_equal(node.process.poll(), None, "the old process serves on")
            expect_equal(curl(node.url("/a.js")).body, CONTENT, "content")


def case_a_supervisor_knows_the_successor_before_the_predecessor_ends():
    """Else it would see its service end. What the successor has to say is held up meanwhile."""
    with tempfile.TemporaryDirectory() as root, Supervisor(root) as supervisor:
        environment = ["env", f"NOTIFY_SOCKET={supervisor.path}"]
        config = config_for(folder_with_content(root))
        with UpgradedNode(config, prefix=environment) as upgraded:
            node = upgraded.node
            messages = [f"READY=1\nMAINPID={node.pid}"]
            wait_until(lambda: supervisor.told() == messages, "the first process is known")
            supervisor.be_busy()
            node.signal(signal.SIGUSR2)
            wait_until(lambda: upgraded.ready()["pid"] != node.pid, "another process serves")
            successor = upgraded.ready()["pid"]
            upgraded._successors.append(successor)
            wait_until(lambda: state_of(successor) == "S", "the successor waits to be heard")
            log, is_over = node.stderr(), has_ended(node.pid)
            messages.append(f"READY=1\nMAINPID={successor}")
            wait_until(lambda: supervisor.told() == messages, "the successor is known")
            expect("in place of the process before" not in log, "the first was told before that")
            expect(not is_over, "the first had ended before that")
            wait_until(lambda: has_ended(node.pid), "the first process has ended", seconds=30)
            expect_equal(supervisor.told(), messages, "messages: the service does not stop")


@contextlib.contextmanager
def successor_that_starts_for_ever(node: Node):
    """Its pid. It reads a configuration that nobody writes."""
    node.config_file.unlink()
    os.mkfifo(node.config_file)
    node.signal(signal.SIGUSR2)
    started = wait_until(
        lambda: re.search(r"upgrade: process (\d+) starts", node.stderr()), "another process starts"
    )
    pid = int(started[1])
    try:
        yield pid
    finally:
        if not has_ended(pid):
            os.kill(pid, signal.SIGKILL)


def case_who_drains_ends_the_successor_that_starts():
    """At once, not with itself: else it could come to serve, though an end is asked for."""
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(folder_with_content(root))) as node:
            with RawConnection(node.port()) as client:
                client.send(b"GET /a.js HTTP/1.1\r\nHost: localhost\r\n\r\n").answer()
                client.send(b"GET /a.js HTTP/1.1\r\n")  # the drain waits for the rest
                with successor_that_starts_for_ever(node) as successor:
                    node.signal(signal.SIGQUIT)
                    wait_until(lambda: has_ended(successor), "the successor has ended")
                    expect(not has_ended(node.pid), "the drain has ended")
                answer = client.send(b"Host: localhost\r\n\r\n").answer()
                expect_equal(answer.body, CONTENT, "content")
            expect_equal(node.process.wait(timeout=20), 0, "exit code")


def case_who_stops_ends_the_successor_that_starts():
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(folder_with_content(root))) as node:
            with successor_that_starts_for_ever(node) as successor:
                node.signal(signal.SIGTERM)
                expect_equal(node.process.wait(timeout=20), 0, "exit code")
                wait_until(lambda: has_ended(successor), "the successor has ended")


def case_the_first_process_of_a_container_stays():
    """With process 1 all others end, the successor too."""
    alone = ["unshare", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0 or subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        skip("it takes root, and a kernel that lets it, to be process 1")
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(folder_with_content(root)), prefix=alone) as node:
            expect_equal(node.ready["pid"], 1, "the pid in its own eyes")
            children = pathlib.Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text()
            pid = int(children)  # in ours; the parent takes no signals
            os.kill(pid, signal.SIGUSR2)
            wait_until(lambda: "upgrade refused: process 1" in node.stderr(), "it is told")
            expect("starts" not in node.stderr(), "nothing is started")
            expect_equal(curl(node.url("/a.js")).body, CONTENT, "content")
            os.kill(pid, signal.SIGTERM)
            expect_equal(node.process.wait(timeout=20), 0, "exit code")


def case_what_it_starts_has_nothing_else():
    """Connections, files and the cache stay with the old process alone."""
    with tempfile.TemporaryDirectory() as root:
        with UpgradedNode(config_for(folder_with_content(root))) as upgraded:
            before = set(os.listdir(f"/proc/{upgraded.node.pid}/fd"))
            idle = [RawConnection(upgraded.node.port()) for _ in range(20)]
            pid = upgraded.upgrade()
            fresh = set(os.listdir(f"/proc/{pid}/fd"))
            message = f"{len(before)} descriptors before, {len(fresh)} now"
            expect(len(fresh) <= len(before) + 2, message)
            variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            expect(b"SELVEDGE_SOCKETS" in variables, "it was started with the sockets")
            for connection in idle:
                connection.__exit__()


run_cases(globals())
