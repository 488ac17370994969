#!/usr/bin/env python3
"""Signals are nginx's: HUP reload, USR1 reopen logs, QUIT drain, TERM and INT stop fast."""

import json
import pathlib
import signal
import socket
import tempfile
import threading
import time

from client import RawConnection, curl
from harness import expect, expect_equal, run_cases, wait_until
from node import Node, config_for, directory_origin, http_origin
from origin import Origin

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass  # it was in the queue of a listener that closed at this moment
    return False


def slow_origin(release: threading.Event, size: int) -> Origin:
    """Half of the body at once, the other half after `release`."""

    def answer(exchange):
        half = b"x" * (size // 2)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + half)
        release.wait(60)
        exchange.send(half)

    return Origin({"/slow": answer})


def case_hup_takes_a_new_configuration():
    with tempfile.TemporaryDirectory() as old, tempfile.TemporaryDirectory() as new:
        (pathlib.Path(old) / "page.txt").write_text("old")
        (pathlib.Path(new) / "page.txt").write_text("new")
        with Node(config_for(directory_origin(old), route={"cache": False})) as node:
            expect_equal(curl(node.url("/page.txt")).body, b"old", "before")
            port, listeners = node.port(), node.config["listeners"]
            changed = config_for(directory_origin(new, "moved"), route={"cache": False})
            node.write_config(changed | {"listeners": listeners})
            node.signal(signal.SIGHUP)
            wait_until(lambda: curl(node.url("/page.txt")).body == b"new", "the new root is used")
            expect_equal(node.metric("selvedge_config_last_reload_successful"), 1, "metric")
            expect_equal(node.port(), port, "the port")


def case_hup_keeps_the_old_configuration_when_the_new_one_is_bad():
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "page.txt").write_text("kept")
        with Node(config_for(directory_origin(root))) as node:
            node.config_file.write_text(node.config_file.read_text() + "no_such_key: 1\n")
            node.signal(signal.SIGHUP)
            wait_until(
                lambda: node.metric("selvedge_config_last_reload_successful") == 0,
                "the failed reload is counted",
            )
            expect("no_such_key" in node.stderr(), "stderr does not name the bad key")
            expect_equal(curl(node.url("/page.txt")).body, b"kept", "after a bad reload")


def case_usr1_reopens_the_logs():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "page.txt").write_text("x")
        log, rotated = root / "access.log", root / "access.log.1"
        logs = {"access": str(log), "access_format": "json"}
        with Node(config_for(directory_origin(root), logs=logs)) as node:
            curl(node.url("/page.txt?first"))
            wait_until(lambda: "first" in log.read_text(), "the first record is written")
            log.rename(rotated)
            node.signal(signal.SIGUSR1)
            wait_until(log.exists, "the log is opened again")
            curl(node.url("/page.txt?second"))
            wait_until(lambda: "second" in log.read_text(), "the second record is in the new file")
            expect("second" not in rotated.read_text(), "the second record is in the old file")
            for line in log.read_text().splitlines():
                json.loads(line)


def case_quit_lets_a_slow_download_end():
    release = threading.Event()
    size = 200_000
    with slow_origin(release, size) as origin:
        with Node(config_for(http_origin(origin.address))) as node:
            with RawConnection(node.port()) as download:
                download.send(GET % b"/slow")
                download.read_more()
                node.signal(signal.SIGQUIT)
                wait_until(lambda: is_refused(node.port()), "new connections are refused")
                expect(node.process.poll() is None, "the node ended before the download")
                release.set()
                answer = download.answer()
                expect_equal(len(answer.body), size, "bytes of the download")
            expect_equal(node.process.wait(timeout=20), 0, "exit code")


def case_quit_gives_up_at_the_deadline():
    release = threading.Event()
    with slow_origin(release, 200_000) as origin:
        config = config_for(http_origin(origin.address), drain={"deadline": "500ms"})
        with Node(config) as node, RawConnection(node.port()) as download:
            download.send(GET % b"/slow")
            download.read_more()
            begin = time.monotonic()
            node.signal(signal.SIGQUIT)
            expect_equal(node.process.wait(timeout=20), 0, "exit code")
            took = time.monotonic() - begin
            expect(0.4 < took < 10, f"a deadline of 0.5 s took {took:.1f} s")
        release.set()


def case_quit_without_work_ends_at_once():
    with tempfile.TemporaryDirectory() as root:
        with Node(config_for(directory_origin(root))) as node:
            with RawConnection(node.port()) as idle:
                idle.send(GET % b"/absent").answer()
                begin = time.monotonic()
                node.signal(signal.SIGQUIT)
                expect_equal(node.process.wait(timeout=20), 0, "exit code")
                took = time.monotonic() - begin
                expect(took < 10, f"an idle connection held the drain for {took:.1f} s")
                expect(idle.is_closed(), "the idle connection is open")


def stops_fast(number: signal.Signals):
    release = threading.Event()
    with slow_origin(release, 200_000) as origin:
        config = config_for(http_origin(origin.address))
        with Node(config) as node, RawConnection(node.port()) as download:
            download.send(GET % b"/slow")
            download.read_more()
            begin = time.monotonic()
            node.signal(number)
            expect_equal(node.process.wait(timeout=20), 0, "exit code")
            took = time.monotonic() - begin
            expect(took < 5, f"{number.name} took {took:.1f} s")
        release.set()


def case_term_does_not_wait():
    stops_fast(signal.SIGTERM)


def case_int_does_not_wait():
    stops_fast(signal.SIGINT)


run_cases(globals())
