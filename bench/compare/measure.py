"""One measurement: a running peer under load for a fixed time, and what that cost it."""

import ctypes
import dataclasses
import os
import pathlib
import subprocess
import time

import load
from peer import Peer

H1_CONNECTIONS = 64
H2_CONNECTIONS, H2_STREAMS = 8, 8


class Unfit(Exception):
    """The figure would mean nothing: a failed request, a wrong answer, a hit that was none."""


@dataclasses.dataclass
class Context:
    """What a case gets: who takes part, where everything is, how long to measure."""

    server_pin: list[str]
    client_pin: list[str]
    origin: object  # servers.NginxOrigin: address, requests()
    files: pathlib.Path  # the origin's; a case may add some
    work: pathlib.Path
    peers: list[str]  # names of peers.PEERS
    rounds: int
    seconds: int


@dataclasses.dataclass
class Outcome:
    """What a case gives: a text to print, a part of the JSON document, what went wrong."""

    text: str
    document: dict
    failures: list[str]


@dataclasses.dataclass
class Figure:
    cpu_us: float  # of the server a request
    requests_per_second: float
    p50_us: float  # at saturation
    p99_us: float


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of these processes, threads that have ended included, to the nanosecond."""
    libc = ctypes.CDLL(None, use_errno=True)
    total = 0
    for pid in pids:
        clock = ctypes.c_int()
        error = libc.clock_getcpuclockid(pid, ctypes.byref(clock))
        if error:
            raise OSError(error, f"{os.strerror(error)}: the CPU clock of process {pid}")
        total += time.clock_gettime_ns(clock.value)
    return total / 1e9


_CURL_OPTIONS = {
    "h1": ("--http1.1", "1.1"),
    "h2c": ("--http2-prior-knowledge", "2"),
    "h1tls": ("--http1.1", "1.1"),
    "h2tls": ("--http2", "2"),
}


def fetch(url: str, protocol: str) -> bytes:
    """The content of a 200 answer over just this protocol."""
    option, version = _CURL_OPTIONS[protocol]
    command = ["curl", "--silent", "--show-error", "--insecure", "--max-time", "10", option]
    command += ["--output", "-", "--write-out", "%{stderr}%{http_code} %{http_version}", url]
    run = subprocess.run(command, capture_output=True, timeout=20)
    said = run.stderr.decode()
    if run.returncode != 0 or said != f"200 {version}":
        raise Unfit(f"{url} over {protocol}: {said}")
    return run.stdout


def require_hits(peer: Peer, context: Context, protocol: str, path: str) -> None:
    """The right bytes three times over, and the second and the third not from the origin."""
    url, content = peer.url(protocol, path), (context.files / path.lstrip("/")).read_bytes()
    asked = 0
    for number in range(3):
        if number == 1:
            time.sleep(0.1)  # some store an answer a moment after it was sent
            asked = context.origin.requests()
        if fetch(url, protocol) != content:
            raise Unfit(f"{url} over {protocol}: not the content of the file")
    if context.origin.requests() != asked:
        raise Unfit(f"{url} over {protocol}: does not stay in the cache")


def _apply(context: Context, protocol: str, url: str, seconds: int, h2load) -> load.Load:
    if protocol in ("h1", "h1tls"):
        done = load.wrk(context.client_pin, url, "hot.lua", seconds, H1_CONNECTIONS)
    else:
        done = h2load(context.client_pin, url, seconds, H2_CONNECTIONS, H2_STREAMS)
    if done.errors or not done.requests:
        raise Unfit(f"{url} over {protocol}: {done.errors} of {done.requests} requests failed")
    return done


def measure_hits(peer: Peer, context: Context, protocol: str, path: str) -> Figure:
    """One object again and again, from a cache that has it."""
    require_hits(peer, context, protocol, path)
    url = peer.url(protocol, path)
    _apply(context, protocol, url, 1, load.h2load_untimed)
    pids = peer.pids()
    asked = context.origin.requests()
    cpu = cpu_seconds(pids)
    done = _apply(context, protocol, url, context.seconds, load.h2load_untimed)
    cpu = cpu_seconds(pids) - cpu
    timed = done
    if protocol in ("h2c", "h2tls"):  # its latencies from a load of their own
        timed = _apply(context, protocol, url, 1, load.h2load)
    if (more := context.origin.requests() - asked) > 0:
        raise Unfit(f"{url} over {protocol}: the origin was asked {more} times under load")
    return Figure(
        cpu_us=cpu * 1e6 / done.requests,
        requests_per_second=done.requests / done.seconds,
        p50_us=timed.p50_us,
        p99_us=timed.p99_us,
    )
