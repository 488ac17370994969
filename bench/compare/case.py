"""What the cases beyond the grid share: taking turns, one load and its cost, targets, tables."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator

import load
from measure import Context, Unfit, cpu_seconds
from peer import Options, Peer, certificate
from peers import PEERS


def client_program(name: str) -> str:
    """A program of bench/client; they lie beside the floor."""
    path = pathlib.Path(os.environ["SELVEDGE_FLOOR"]).parent / f"selvedge_{name}"
    if not os.access(path, os.X_OK):
        raise Unfit(f"{path} is not there: build the target selvedge_{name}")
    return str(path)


def output_of(command: list[str], seconds: int) -> str:
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if run.returncode != 0:
        raise Unfit(f"{command[0]}: {run.stderr.strip()}")
    return run.stdout


def bare_handshake(context: Context) -> dict[str, float]:
    """What OpenSSL's server takes without sockets (bench/client/bare_handshake.cpp)."""
    files = certificate(context.work)
    program = client_program("bare_handshake")
    command = [*context.server_pin, program, files["certificate"], files["key"], "1000"]
    return json.loads(output_of(command, 120))


@dataclasses.dataclass
class Target:
    """A figure of Selvedge's, what was wanted of it, and whether that is so."""

    text: str
    value: float
    limit: float
    at_least: bool = False  # or at most
    may_equal: bool = True
    is_met: bool = dataclasses.field(init=False)

    def __post_init__(self):
        over = self.value > self.limit if self.at_least else self.value < self.limit
        self.is_met = over or (self.may_equal and self.value == self.limit)

    def line(self) -> str:
        sign = (">" if self.at_least else "<") + ("=" if self.may_equal else "")
        verdict = "met" if self.is_met else "MISSED"
        return f"  {self.value:8.2f}, wanted {sign} {self.limit:<6g} {verdict:<6}  {self.text}"


def targets_text(targets: list[Target]) -> str:
    return "\n".join(["Targets", *(target.line() for target in targets)]) if targets else ""


def document_of(targets: list[Target]) -> list[dict]:
    return [dataclasses.asdict(target) for target in targets]


def start(context: Context, name: str, **options) -> Peer:
    """The contender, not yet running; `with` starts it."""
    return PEERS[name](
        context.server_pin, context.origin.address, context.files, context.work, Options(**options)
    )


def take_turns(
    context: Context, title: str, names: list[str], measure: Callable[[str], dict[str, float]]
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Measures every contender once a round, in an order that turns. Returns the medians of each
    one's figures, and what went wrong: a contender that failed once has no figures."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    failures: dict[str, str] = {}
    for number in range(context.rounds):
        turn = number % max(1, len(names))
        for name in names[turn:] + names[:turn]:
            if name in failures:
                continue
            try:
                rounds[name].append(measure(name))
                said = ", ".join(f"{k} {v:.2f}" for k, v in rounds[name][-1].items())
            except (Unfit, RuntimeError, AssertionError, OSError) as error:
                said = failures[name] = str(error)
            where = f"round {number + 1} of {context.rounds}"
            print(f"{where}: {title} {name}: {said}", file=sys.stderr)
    medians = {
        name: {key: statistics.median(one[key] for one in of) for key in of[0]}
        for name, of in rounds.items()
        if of and name not in failures
    }
    return medians, [f"{title} {name}: {text}" for name, text in failures.items()]


def caches(context: Context, protocol: str) -> Iterator[str]:
    """The contenders that are caches and speak the protocol."""
    for name in context.peers:
        if PEERS[name].is_cache and name != "floor" and protocol in PEERS[name].protocols:
            yield name


@dataclasses.dataclass
class Cost:
    cpu_us: float  # of the server a request
    requests_per_second: float
    origin_requests: int


def cpu_by_process(peer: Peer) -> dict[int, float]:
    return {pid: cpu_seconds([pid]) for pid in peer.pids()}


def cpu_since(peer: Peer, before: dict[int, float]) -> float:
    """Of the processes that are there now: nginx has one that reads its cache's directory at the
    start and ends after a minute."""
    return sum(cpu - before.get(pid, 0) for pid, cpu in cpu_by_process(peer).items())


def cost_of(peer: Peer, context: Context, apply: Callable[[], load.Load]) -> Cost:
    """What a load costs the server. Raises Unfit when a request failed."""
    asked, before = context.origin.requests(), cpu_by_process(peer)
    done = apply()
    cpu = cpu_since(peer, before)
    if done.errors or not done.requests:
        raise Unfit(f"{done.errors} of {done.requests} requests failed")
    return Cost(
        cpu_us=cpu * 1e6 / done.requests,
        requests_per_second=done.requests / done.seconds,
        origin_requests=context.origin.requests() - asked,
    )
