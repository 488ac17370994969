#!/usr/bin/env python3
"""Measures the node under load: requests a second, CPU time a request, latency, memory.

The server is pinned to core 0; the client and the origin to core 1. Every measurement has a fresh
server, a warm-up and a fixed duration; the figure of several rounds is the median. See README.md.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile


@dataclasses.dataclass
class Scenario:
    name: str
    text: str
    protocol: str = "h1"
    path: str = "/"
    script: str = "hot.lua"  # of wrk; HTTP/2 is h2load's, which has no scripts
    connections: int = 50
    streams: int = 10
    cache_size: str = "256MiB"
    warm_up: int = 1  # seconds
    is_comparable: bool = False  # the other server does the same work


FAILOVER = "failover"  # its figures are other ones: see failover.py
HOT = "/hot/1.0.0/1k.bin"
SCENARIOS = [
    Scenario("hot-h1", "1 KiB hit, HTTP/1.1", path=HOT, is_comparable=True),
    Scenario("hot-h2c", "1 KiB hit, h2c", "h2c", HOT, connections=10, is_comparable=True),
    Scenario("hot-h2", "1 KiB hit, HTTP/2 and TLS", "h2", HOT, connections=10, is_comparable=True),
    Scenario("zipf", "Zipf over 10 k objects", script="zipf.lua", cache_size="32MiB", warm_up=3),
    Scenario("bundle", "bundle walk", script="bundle.lua", warm_up=2, is_comparable=True),
    Scenario("miss", "every request a miss", script="miss.lua", cache_size="64MiB"),
]


@dataclasses.dataclass
class Result:
    server: str
    scenario: str
    requests_per_second: float
    cpu_us_per_request: float
    p50_us: float
    p99_us: float
    hit_ratio: float | None
    resident_mib: float
    errors: int


def parse_arguments() -> argparse.Namespace:
    names = [*(scenario.name for scenario in SCENARIOS), FAILOVER]
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=int, default=5, help="of one measurement (5)")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many (3)")
    parser.add_argument("--compare", choices=["nginx"], help="measure it too, in turns")
    parser.add_argument("--origin", choices=["selvedge", "nginx"], help="nginx when installed")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write JSON there too")
    parser.add_argument("--selvedge", default="build/release/selvedge", help="the program")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenarios) - set(names):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    for program in ("wrk", "h2load"):
        if shutil.which(program) is None:
            parser.error(f"{program} is not installed; ./dev setup does that")
    return arguments


ARGUMENTS = parse_arguments()
# node.py reads it when it is imported.
os.environ["SELVEDGE"] = str(pathlib.Path(ARGUMENTS.selvedge).resolve())

import failover  # noqa: E402
import load  # noqa: E402
import servers  # noqa: E402


def pins() -> tuple[list[str], list[str]]:
    """taskset commands for the server and for the rest."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        print("one core, or no taskset: server and client share it", file=sys.stderr)
        return [], []
    return ["taskset", "-c", str(cores[0])], ["taskset", "-c", str(cores[1])]


def apply_load(scenario: Scenario, url: str, pin: list[str], seconds: int) -> load.Load:
    if scenario.protocol == "h1":
        return load.wrk(pin, url, scenario.script, seconds, scenario.connections)
    return load.h2load(pin, url, seconds, scenario.connections, scenario.streams)


def measure(server, scenario: Scenario, client_pin: list[str]) -> Result:
    url = server.url(scenario.protocol, scenario.path)
    apply_load(scenario, url, client_pin, scenario.warm_up)
    counts_before = server.hits_and_misses()
    cpu_before = servers.cpu_seconds(server.pids())
    done = apply_load(scenario, url, client_pin, ARGUMENTS.seconds)
    cpu = servers.cpu_seconds(server.pids()) - cpu_before
    hit_ratio = None
    if counts_before is not None:
        hits, misses = (a - b for a, b in zip(server.hits_and_misses(), counts_before))
        hit_ratio = hits / max(1, hits + misses)
    return Result(
        server=server.name,
        scenario=scenario.name,
        requests_per_second=done.requests / done.seconds,
        cpu_us_per_request=cpu * 1e6 / max(1, done.requests),
        p50_us=done.p50_us,
        p99_us=done.p99_us,
        hit_ratio=hit_ratio,
        resident_mib=servers.resident_bytes(server.pids()) / 2**20,
        errors=done.errors,
    )


def median_of(rounds: list[Result]) -> Result:
    """Field by field; errors add up."""

    def middle(name: str):
        values = [getattr(result, name) for result in rounds]
        return None if None in values else statistics.median(values)

    numbers = ["requests_per_second", "cpu_us_per_request", "p50_us", "p99_us"]
    numbers += ["hit_ratio", "resident_mib"]
    return dataclasses.replace(
        rounds[0],
        **{name: middle(name) for name in numbers},
        errors=sum(result.errors for result in rounds),
    )


def run_scenario(scenario: Scenario, origin: str, work: pathlib.Path, server_pin, client_pin):
    """The results of one scenario: one of selvedge, and one of the server it is compared with."""
    rounds: dict[str, list[Result]] = {}
    for number in range(ARGUMENTS.rounds):
        # In turns, so that a busy minute of the machine hits both.
        contenders = [lambda: servers.Selvedge(server_pin, origin, scenario.cache_size)]
        if ARGUMENTS.compare and scenario.is_comparable:
            contenders.append(lambda: servers.Nginx(server_pin, origin, work))
        for start in contenders:
            with start() as server:
                result = measure(server, scenario, client_pin)
            rounds.setdefault(server.name, []).append(result)
        print(f"{scenario.name}: round {number + 1} of {ARGUMENTS.rounds}", file=sys.stderr)
    return [median_of(results) for results in rounds.values()]


def table(results: list[Result]) -> str:
    heads = ["scenario", "server", "requests/s", "CPU us/request", "p50 us", "p99 us"]
    heads += ["hits", "resident MiB"]
    rows = [heads]
    for result in results:
        rows.append(
            [
                result.scenario,
                result.server,
                f"{result.requests_per_second:,.0f}",
                f"{result.cpu_us_per_request:.2f}",
                f"{result.p50_us:.0f}",
                f"{result.p99_us:.0f}",
                "-" if result.hit_ratio is None else f"{result.hit_ratio:.1%}",
                f"{result.resident_mib:.1f}",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths))
        )
        for row in rows
    )


def ratios(results: list[Result]) -> dict[str, float]:
    """CPU time a request, selvedge's over the other's: below 1 it is the cheaper one."""
    found = {}
    for scenario in SCENARIOS:
        of = {r.server: r for r in results if r.scenario == scenario.name}
        if len(of) == 2:
            other = of[ARGUMENTS.compare].cpu_us_per_request
            found[scenario.name] = of["selvedge"].cpu_us_per_request / max(other, 1e-9)
    return found


def origin_server(root: pathlib.Path, work: pathlib.Path, pin: list[str]):
    choice = ARGUMENTS.origin or ("nginx" if pathlib.Path(servers.NGINX).exists() else "selvedge")
    if choice == "nginx":
        return servers.NginxOrigin(pin, root, work)
    return servers.SelvedgeOrigin(pin, root)


def run_failover(server_pin, client_pin) -> list:
    """Its phases; none when it is not asked for."""
    if ARGUMENTS.scenarios and FAILOVER not in ARGUMENTS.scenarios:
        return []
    rounds = []
    for number in range(ARGUMENTS.rounds):
        # Twice as long as the others: a hundredth of its requests should not be a handful.
        rounds.append(failover.measure(server_pin, client_pin, 2 * ARGUMENTS.seconds))
        print(f"{FAILOVER}: round {number + 1} of {ARGUMENTS.rounds}", file=sys.stderr)
    return failover.median_of(rounds)


def run_scenarios(server_pin, client_pin) -> list[Result]:
    chosen = [s for s in SCENARIOS if not ARGUMENTS.scenarios or s.name in ARGUMENTS.scenarios]
    if not chosen:
        return []
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-") as directory:
        work = pathlib.Path(directory)
        root = work / "objects"
        servers.write_objects(root)
        with origin_server(root, work, client_pin) as origin:
            for scenario in chosen:
                results += run_scenario(scenario, origin.address, work, server_pin, client_pin)
    return results


def main() -> int:
    server_pin, client_pin = pins()
    results = run_scenarios(server_pin, client_pin)
    phases = run_failover(server_pin, client_pin)
    document = {"results": [dataclasses.asdict(r) for r in results], "cpu_ratio": ratios(results)}
    if phases:
        document[FAILOVER] = failover.document(phases)
    if ARGUMENTS.json:
        ARGUMENTS.json.write_text(json.dumps(document, indent=2) + "\n")
    if ARGUMENTS.output == "json":
        print(json.dumps(document, indent=2))
    else:
        if results:
            print(table(results))
        for name, ratio in ratios(results).items():
            print(f"{name}: selvedge takes {ratio:.2f} times the CPU of {ARGUMENTS.compare}")
        if phases:
            print(failover.text(phases))
    errors = sum(result.errors for result in results) + failover.failures(phases)
    if errors:
        print(f"{errors} requests failed: the figures mean nothing", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
