"""What misses cost while servers stall, die and fail: the scenario `failover` of run.py.

Three servers stand behind one node, and misses are due at a steady rate whatever becomes of the
answers (misses.py). In one run all is well, then one server stalls: it accepts and never answers.
In another one is killed, then the two that are left answer everything with 503.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import servers
from node import Node, config_for, http_origin
from origin import unused_address
from server_process import ServerProcess

RATE = 500  # misses a second
WARM_UP = 3  # seconds
HERE = pathlib.Path(__file__).resolve().parent
# The targets: the stalled p99 over the healthy one, what servers are asked over what clients ask.
MOST_P99, MOST_TRIES = 2.0, 1.1


class NginxServer(servers.NginxProcess):
    """Answers 1 KiB to everything, or 503 while the file `failing` exists."""

    def __init__(self, failing: pathlib.Path, pin: list[str], directory: pathlib.Path):
        self.address = unused_address()
        content = "x" * 1024
        block = (
            f"  server {{ listen {self.address} backlog=4096; default_type text/plain;\n"
            f"    location / {{ if (-f {failing}) {{ return 503; }}\n"
            '      add_header Cache-Control "public, max-age=3600";\n'
            f'      return 200 "{content}"; }} }}'
        )
        super().__init__(pin, directory, block, int(self.address.rpartition(":")[2]))

    def __exit__(self, *exception) -> None:
        if self.process.poll() is None:
            super().__exit__(*exception)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            os.kill(pid, number)

    def stall(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.process.wait()


@dataclasses.dataclass
class Phase:
    """What clients saw and what the node did. Latencies count from when a request was due."""

    phase: str
    requests: int
    failed: int
    p50_us: float
    p99_us: float
    longest_us: float
    late_p99_us: float  # of these, the client's own part
    tries: int  # requests to servers, as many as the node began
    retries: int
    hedges: int
    ejections: int

    @property
    def tries_per_request(self) -> float:
        return self.tries / max(1, self.requests)


def counters(node: Node) -> dict[str, int]:
    origin = json.loads(node.admin("/v1/origins"))["origins"][0]
    return {
        "tries": sum(server["requests"] for server in origin["servers"]),
        "retries": origin["retries"],
        "hedges": origin["hedges"]["sent"],
        "ejections": sum(server["ejections"] for server in origin["servers"]),
    }


def load(node: Node, pin: list[str], name: str, seconds: int) -> dict:
    command = [*pin, sys.executable, str(HERE / "misses.py"), str(node.port()), name]
    command += [str(RATE), str(seconds)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90)
    if run.returncode != 0:
        raise RuntimeError(f"misses.py: {run.stdout}{run.stderr}")
    return json.loads(run.stdout)


@dataclasses.dataclass
class Bench:
    """Three servers and a node, all new."""

    node: Node
    servers: list
    failing: pathlib.Path  # while it exists, all servers answer 503
    pin: list[str]  # of the client
    seconds: int

    def measure(self, phase: str) -> Phase:
        before = counters(self.node)
        seen = load(self.node, self.pin, phase.replace(" ", "-"), self.seconds)
        after = counters(self.node)
        return Phase(phase, **seen, **{name: after[name] - before[name] for name in after})


@contextlib.contextmanager
def bench(server_pin: list[str], client_pin: list[str], seconds: int):
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="selvedge-bench-"))
        work = pathlib.Path(directory)
        failing = work / "failing"
        three = []
        for number in range(3):
            if pathlib.Path(servers.NGINX).exists():
                server = NginxServer(failing, client_pin, work / str(number))
            else:
                server = ServerProcess(failing, client_pin)
            three.append(stack.enter_context(server))
        options = {"balance": "least_requests", "hedge": {"enabled": True}}
        options["first_byte_timeout"] = "2s"
        origin = http_origin(*(server.address for server in three), **options)
        sections = {"workers": 1, "cache": {"size": "64MiB"}}
        sections["limits"] = {"requests": 1_000_000_000}
        node = stack.enter_context(Node(config_for(origin, **sections), prefix=server_pin))
        load(node, client_pin, "warm-up", WARM_UP)
        yield Bench(node, three, failing, client_pin, seconds)


def measure(server_pin: list[str], client_pin: list[str], seconds: int) -> list[Phase]:
    """One round."""
    with bench(server_pin, client_pin, seconds) as one:
        phases = [one.measure("healthy")]
        one.servers[0].stall()
        try:
            phases.append(one.measure("one stalls"))
        finally:
            one.servers[0].resume()
    # Anew: what was left out for stalling would still be out.
    with bench(server_pin, client_pin, seconds) as one:
        one.servers[0].kill()
        phases.append(one.measure("one is dead"))
        one.failing.touch()
        phases.append(one.measure("all fail"))
    return phases


def median_of(rounds: list[list[Phase]]) -> list[Phase]:
    """Phase by phase: the medians of the latencies; counts add up."""
    result = []
    for same in zip(*rounds):
        numbers = {}
        for field in dataclasses.fields(Phase):
            values = [getattr(phase, field.name) for phase in same]
            if field.type is float:
                numbers[field.name] = statistics.median(values)
            elif field.type is int:
                numbers[field.name] = sum(values)
        result.append(dataclasses.replace(same[0], **numbers))
    return result


def failures(phases: list[Phase]) -> int:
    """Requests that failed although a server was there that could have answered."""
    return sum(phase.failed for phase in phases if phase.phase != "all fail")


def document(phases: list[Phase]) -> dict:
    healthy, stalled = phases[:2]
    return {
        "rate": RATE,
        "phases": [
            dataclasses.asdict(phase) | {"tries_per_request": round(phase.tries_per_request, 4)}
            for phase in phases
        ],
        "p99_stalled_over_healthy": round(stalled.p99_us / healthy.p99_us, 3),
        "most_tries_per_request": round(max(phase.tries_per_request for phase in phases), 4),
        "failed": failures(phases),
    }


def text(phases: list[Phase]) -> str:
    heads = ["failover", "requests", "failed", "p50 us", "p99 us", "longest", "client's"]
    rows = [[*heads, "retries", "hedges", "ejections", "tries/request"]]
    for phase in phases:
        numbers = [phase.requests, phase.failed, phase.p50_us, phase.p99_us, phase.longest_us]
        numbers += [phase.late_p99_us, phase.retries, phase.hedges, phase.ejections]
        row = [phase.phase, *(f"{number:.0f}" for number in numbers)]
        rows.append([*row, f"{phase.tries_per_request:.3f}"])
    lines = ["  ".join([row[0].ljust(11), *(cell.rjust(8) for cell in row[1:])]) for row in rows]
    found = document(phases)
    for name, value, most in [
        ("p99 with one stalled over healthy", found["p99_stalled_over_healthy"], MOST_P99),
        ("requests that failed", found["failed"], 0),
        ("tries a request, the most of all phases", found["most_tries_per_request"], MOST_TRIES),
    ]:
        outcome = "met" if value <= most else "missed"
        lines.append(f"{name}: {value:g}, at most {most:g}: {outcome}")
    return "\n".join(lines)
