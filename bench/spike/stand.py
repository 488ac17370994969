"""What a scenario stands on: the node with tiers, its origin, and what they can do."""

import dataclasses
import hashlib
import json
import os
import subprocess
import urllib.request

import traffic
from measure import Unfit, cpu_seconds, fetch
from peer import certificate, free_port
from traffic import Context

from harness import wait_until
from node import Node, http_origin

# Bytes. With its header it fits a segment of loopback (64 KiB): what is left over for a second one
# would wait for the client's delayed acknowledgement where a server leaves Nagle's algorithm on.
OBJECT = 56 << 10
MEMORY_CAP = 512 << 20  # of overload.memory
OFFER = 400_000  # requests a second that are more than any server's capacity
PREMIUM_KEY, FREE_KEYS = "premium-key", [f"free-key-{number}" for number in range(16)]


class Origin:
    """client/slow_origin.cpp. It shares its core with the generator, which never sleeps: where it
    may, it goes before it, so that it is the origin's delay that is measured."""

    def __init__(self, context: Context, size: int = OBJECT, delay_ms: int = 0):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        command = [*traffic.client(context, "slow_origin"), str(self.port), str(size)]
        self._command = [*command, str(delay_ms)]

    def __enter__(self) -> "Origin":
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        try:
            wait_until(self._answers, "the origin listens")
            os.sched_setscheduler(self._process.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            pass  # it waits for its turn, and its delays are longer by that
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the origin ended with {self._process.returncode}")
        try:
            self.control("stats")
        except OSError:
            return False
        return True

    def control(self, what: str) -> dict[str, int]:
        url = f"http://{self.address}/control/{what}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.loads(answer.read())


def _policy(**sections) -> dict:
    keys = [{"sha256": _sha256(PREMIUM_KEY), "tier": "premium", "tenant": "premium"}]
    keys += [{"sha256": _sha256(key), "tier": "free", "tenant": key} for key in FREE_KEYS]
    return {
        "tiers": [
            {"name": "premium", "priority": "premium", "reserved_cpu": "50%"},
            {"name": "standard", "priority": "standard"},
            {"name": "free", "priority": "free"},
        ],
        "identify": {
            "default_tier": "free",
            "networks": [
                {"network": "127.1.0.0/16", "tier": "premium"},
                {"network": "127.2.0.0/16", "tier": "free"},
            ],
            "api_keys": keys,
        },
    } | sections


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class TieredNode:
    """The node with one worker and three listeners: "http", "https", and "shared", on which a
    connection may carry requests of many clients, so that nothing is known before a header."""

    def __init__(self, context: Context, origin: Origin, *, has_policy: bool = True,
                 policy: dict | None = None, limit: int | None = None):  # fmt: skip
        self.has_policy = has_policy and context.has_policy
        made = certificate(context.work)
        chain = {"certificate": made["certificate"], "key": made["key"]}
        shared = {"name": "shared", "address": "127.0.0.1:0"}
        if self.has_policy:
            shared["shared"] = True
        options = {}
        if limit is not None:
            options["limits"] = {"in_flight": limit, "adaptive": False}
        config = {
            "workers": 1,
            "listeners": [
                {"name": "http", "address": "127.0.0.1:0"},
                {"name": "https", "address": "127.0.0.1:0", "tls": {"certificates": [chain]}},
                shared,
            ],
            "limits": {"requests": 1_000_000_000, "connections": 16384, "idle_timeout": "600s"},
            "cache": {"size": "256MiB"},
            "origins": [http_origin(origin.address, **options)],
            "sites": [
                {"name": "all", "hosts": ["*"], "routes": [{"prefix": "/", "origin": "app"}]}
            ],
            "admin": {"enabled": True, "address": "127.0.0.1:0"},
            "logs": {"access_format": "off"},
        }
        if self.has_policy:
            config["policy"] = _policy(**(policy or {}))
        self.node = Node(config, prefix=context.server_pin)

    def __enter__(self) -> "TieredNode":
        self.node.__enter__()
        try:
            for path in (traffic.PATH, traffic.SMALL):
                fetch(self.node.url(path), "h1")  # from here on it is a hit
        except BaseException:
            self.node.stop()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self.node.__exit__(*exception)

    def port(self, listener: str = "http") -> int:
        return self.node.port(listener)

    def pids(self) -> list[int]:
        return [self.node.pid]

    def sample(self, line_start: str) -> float | None:
        """Of /metrics: the sum of the samples that begin so; None when there are none."""
        lines = self.node.admin("/metrics").splitlines()
        found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(line_start)]
        return sum(found) if found else None


@dataclasses.dataclass
class Capacity:
    """What one core of a server can do of a kind of request."""

    cpu_us: float  # of the server, of one of them, when many are asked for
    measured: float  # so many a second there were
    busy: float  # the share of its core that it used: when less than 1, the generator was slower

    @property
    def rate(self) -> float:
        """Requests a second when it has its core to itself and nothing else to do."""
        return 1e6 / self.cpu_us

    def document(self) -> dict:
        return dataclasses.asdict(self) | {"rate": self.rate}


def saturate(context: Context, pids, flow: dict, seconds: float = 2) -> Capacity:
    """More is offered than can be done, and every connection is busy."""
    flow = flow | {"rate": traffic.steady(seconds, OFFER)}
    before = cpu_seconds(pids())
    result = traffic.run_steady(context, seconds, [flow])
    cpu = cpu_seconds(pids()) - before
    name = flow["name"]
    said = result.phase(name, "all")
    done = sum(slice["ended_ok"] + slice["ended_rejected"]
               for slice in result.document[name]["slices"])  # fmt: skip
    if not done:
        raise Unfit(f"nothing was answered: {said.all}")
    return Capacity(cpu * 1e6 / done, said.ok_rate, min(1.0, cpu / (seconds + 0.5)))


def hit_capacity(context: Context, pids, port: int, **more) -> Capacity:
    """Of hits on connections that stay: the cheaper of two runs."""
    options = {"connections": 64} | more
    runs = [saturate(context, pids, traffic.free(port, [], **options)) for _ in range(2)]
    return min(runs, key=lambda capacity: capacity.cpu_us)


def handshake_capacity(context: Context, pids, port: int) -> Capacity:
    """Of a connection, a full handshake and one hit."""
    return saturate(context, pids, handshakes("handshakes", port, [], connections=64))


def handshakes(name: str, port: int, rate: list[dict], **more) -> dict:
    """A flow of new TLS connections: a handshake, a request and the end. Closed connections keep
    their ports for a minute, hence the many addresses."""
    options = {"protocol": "h1tls", "connection_each": True, "depth": 1, "sources": 250}
    options["paths"] = [{"path": traffic.SMALL}]
    return traffic.free(port, rate, name=name, **(options | more))
