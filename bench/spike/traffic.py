"""Scenarios for the generator (client/spike.cpp), and what came of them."""

import dataclasses
import json
import pathlib
import subprocess
import sys

from measure import Unfit

PREMIUM, FREE = "127.1.0.1", "127.2.0.1"  # the first address of each class: 127.X.0.0/16
TENANTS = 64  # addresses of the free class, each of which is one
PATH = "/hot/object"
SMALL = "/size/1024/object"  # so that a handshake costs more than what it is for
PREMIUM_SHARE, FREE_SHARE = 0.2, 0.3  # of the capacity, when calm
CALM, AFTER = 3, 4  # seconds before and after a spike
RECOVERY = 2  # of those after it, so many may be bad
SLICE = 0.1  # seconds
UNDISTURBED = 0.98  # of its core, that the generator has when nothing else runs


@dataclasses.dataclass
class Context:
    """What a scenario gets: where everything is, how long to measure."""

    server_pin: list[str]
    client_pin: list[str]
    clients: pathlib.Path  # where the programs of bench/client are
    work: pathlib.Path
    seconds: int  # of a spike
    has_policy: bool  # or the node knows no tiers


@dataclasses.dataclass(frozen=True)
class Spikes:
    """When a scenario's spike is, and the rates that go with it."""

    seconds: int

    @property
    def end(self) -> float:
        return CALM + self.seconds

    @property
    def length(self) -> float:
        return self.end + AFTER

    def steady(self, rate: float) -> list[dict]:
        return [{"from": 0, "to": self.length, "rate": rate}]

    def rise(self, calm: float, spike: float) -> list[dict]:
        return [
            {"from": 0, "to": CALM, "rate": calm},
            {"from": CALM, "to": self.end, "rate": spike},
            {"from": self.end, "to": self.length, "rate": calm},
        ]

    def phases(self) -> list[dict]:
        """The first half second warms up and is not counted."""
        bounds = [0.5, CALM, CALM + 1, self.end, self.end + RECOVERY, self.length]
        names = ["calm", "first", "rest", "recovering", "recovered"]
        return [
            {"name": name, "from": begin, "to": end}
            for name, begin, end in zip(names, bounds, bounds[1:])
        ]

    def slices(self, begin: float, end: float) -> range:
        return range(round(begin / SLICE), round(end / SLICE))


@dataclasses.dataclass(frozen=True)
class Phase:
    """What became of the requests of a flow that were due in a part of the scenario."""

    seconds: float
    offered: int
    sent: int
    ok: int
    rejected: int
    failed: int
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float
    delay_p99_us: float  # from due to sent: of a premium flow, the generator's own part
    tenants: list[int]
    all: dict  # everything that the generator said

    @property
    def success(self) -> float:
        return self.ok / self.offered if self.offered else 0.0

    @property
    def ok_rate(self) -> float:
        return self.ok / self.seconds


class Result:
    """Of one run of the generator."""

    def __init__(self, document: dict):
        self.document = document["flows"]
        self.core_share = document["core_share"]

    def phase(self, flow: str, name: str) -> Phase:
        said = self.document[flow]["phases"][name]
        names = [field.name for field in dataclasses.fields(Phase) if field.name != "all"]
        return Phase(**{name: said[name] for name in names}, all=said)

    def success(self, flow: str, *names: str) -> float:
        phases = [self.phase(flow, name) for name in names]
        return sum(p.ok for p in phases) / max(1, sum(p.offered for p in phases))

    def slices(self, flow: str, key: str, which: range) -> list[float]:
        all_of = self.document[flow]["slices"]
        return [all_of[index][key] for index in which]

    def summary(self) -> dict:
        """Phases by flow, without the tenants and the slices: for the JSON document."""
        flows = {
            flow: {
                name: {key: value for key, value in phase.items() if key != "tenants"}
                for name, phase in said["phases"].items()
            }
            for flow, said in self.document.items()
        }
        return {"core_share": self.core_share, "flows": flows}


def premium(port: int, rate: list[dict], **more) -> dict:
    return {
        "name": "premium",
        "first": True,
        "protocol": "h1",
        "port": port,
        "source": PREMIUM,
        "sources": 32,
        "paths": [{"path": PATH}],
        "rate": rate,
        "connections": 256,
        "timeout": 1,
    } | more


def free(port: int, rate: list[dict], **more) -> dict:
    """Who finds no connection with room for a tenth of a second gives up: were all to wait until
    they time out, the ones that are sent would be those about to."""
    return {
        "name": "free",
        "protocol": "h1",
        "port": port,
        "source": FREE,
        "sources": TENANTS,
        "paths": [{"path": PATH}],
        "rate": rate,
        "connections": 512,
        "depth": 4,
        "timeout": 2,
        "wait": 0.1,
    } | more


def client(context: Context, name: str) -> list[str]:
    path = pathlib.Path(context.clients) / f"selvedge_{name}"
    if not path.exists():
        raise Unfit(f"{path} is not there: build the target selvedge_{name}")
    return [*context.client_pin, str(path)]


def run(context: Context, phases: list[dict], flows: list[dict]) -> Result:
    length = max(step["to"] for flow in flows for step in flow["rate"])
    file = context.work / "scenario.json"
    file.write_text(json.dumps({"seconds": length, "phases": phases, "flows": flows}))
    command = [*client(context, "spike"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=length + 60)
    if done.returncode != 0:
        raise Unfit(done.stderr.strip())
    result = Result(json.loads(done.stdout))
    if result.core_share < UNDISTURBED:
        share = 1 - result.core_share
        print(f"other programs had {share:.0%} of the generator's core", file=sys.stderr)
    return result


def run_steady(context: Context, seconds: float, flows: list[dict]) -> Result:
    """Rates that do not change; one phase, "all", after half a second of warm-up."""
    phases = [{"name": "all", "from": 0.5, "to": seconds + 0.5}]
    return run(context, phases, flows)


def steady(seconds: float, rate: float) -> list[dict]:
    return [{"from": 0, "to": seconds + 0.5, "rate": rate}]


def jain(values: list[float]) -> float:
    """Jain's index of fairness: 1 when all are equal, 1/n when one has all."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 0.0


def fair_shares(demands: list[float], total: float) -> list[float]:
    """Max-min fair: who wants less than an equal share has it all, and the rest is shared."""
    shares = [0.0] * len(demands)
    left, order = total, sorted(range(len(demands)), key=lambda index: demands[index])
    for position, index in enumerate(order):
        shares[index] = min(demands[index], left / (len(order) - position))
        left -= shares[index]
    return shares
