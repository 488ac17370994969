#!/usr/bin/env python3
"""What a client at a steady rate notices while others attack: for each attack, its p99 beside that
of a run without, in turns.

One node with one worker on a core of its own; the client and the attackers share another one. As
root the client goes before them (SCHED_FIFO); otherwise it loses some time to them, which is in the
figures. An attacker does one thing over and over, as fast as
it can, over new connections when the node has ended its own. The client asks for 1 KiB that is
stored, over HTTP/1.1 and HTTP/2.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "attack"), str(HERE.parent / "tests" / "e2e")]

MOST = 2.0  # times the calm p99


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build" / "release"
    parser = argparse.ArgumentParser(prog="./dev bench attack", description=__doc__)
    parser.add_argument("--attacks", metavar="A,B", help="some of them; --list names all")
    parser.add_argument("--list", action="store_true", help="name the attacks and end")
    parser.add_argument("--seconds", type=float, default=8, help="of each run (8)")
    parser.add_argument("--turns", type=int, default=3, help="pairs of runs (3)")
    parser.add_argument("--rate", type=int, default=1000, help="of the client, a second (1000)")
    parser.add_argument("--attackers", type=int, default=2, help="processes (2)")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--selvedge", type=pathlib.Path, default=build / "selvedge")
    parser.add_argument("--client", type=pathlib.Path, default=build / "bench/selvedge_open_loop")
    arguments = parser.parse_args()
    os.environ["SELVEDGE"] = str(arguments.selvedge.resolve())
    return arguments


def attack_on(core: int, name: str, port: int) -> None:
    """One attacker's process: it never returns."""
    import attacks

    os.sched_setaffinity(0, {core})
    os.nice(5)
    attacks.run(name, port)


class Attackers:
    def __init__(self, name: str | None, port: int, count: int, core: int):
        self._all = [
            multiprocessing.Process(target=attack_on, args=(core, name, port), daemon=True)
            for _ in range(count if name else 0)
        ]

    def __enter__(self) -> None:
        for one in self._all:
            one.start()

    def __exit__(self, *_) -> None:
        for one in self._all:
            one.kill()
            one.join()


class Bench:
    def __init__(self, arguments: argparse.Namespace, node):
        self.arguments = arguments
        self.node = node
        self.cores = sorted(os.sched_getaffinity(0))

    def load(self, protocol: str) -> dict:
        arguments = self.arguments
        command = ["taskset", "-c", str(self.cores[-1])]
        command += ["chrt", "-f", "10"] if os.geteuid() == 0 else []
        command += [str(arguments.client)]
        command += [protocol, str(self.node.port()), "/1k.bin", str(arguments.rate)]
        command += [str(arguments.seconds), "8"]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    def measure(self, attack: str | None, protocol: str) -> tuple[float, int]:
        """p99 in microseconds, and requests without an answer."""
        count = self.arguments.attackers
        with Attackers(attack, self.node.port(), count, self.cores[-1]):
            seen = self.load(protocol)
        return seen["p99_us"], seen["unanswered"]

    def compare(self, attack: str, protocol: str) -> dict:
        calm, under, failed = [], [], 0
        for _ in range(self.arguments.turns):
            calm.append(self.measure(None, protocol)[0])
            p99, lost = self.measure(attack, protocol)
            under.append(p99)
            failed += lost
        ratio = statistics.median(under) / statistics.median(calm)
        return {
            "attack": attack, "client": protocol, "calm_p99_us": statistics.median(calm),
            "p99_us": statistics.median(under), "ratio": ratio, "failed": failed,
            "resident_mib": self.node.resident_bytes() / (1 << 20),
        }  # fmt: skip


def main() -> None:
    arguments = parse_arguments()
    import attacks
    from node import Node, config_for, directory_origin

    names = list(attacks.ATTACKS)
    if arguments.list:
        return print("\n".join(names))
    if arguments.attacks:
        names = arguments.attacks.split(",")
    rows = []
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "1k.bin").write_bytes(b"s" * 1024)
        (pathlib.Path(root) / "1m.bin").write_bytes(b"s" * (1 << 20))
        config = config_for(directory_origin(root), workers=1)
        config["sites"][0]["routes"][0]["default_lifetime"] = "1h"
        core = str(sorted(os.sched_getaffinity(0))[0])
        with Node(config, prefix=["taskset", "-c", core]) as node:
            bench = Bench(arguments, node)
            for name in names:
                for protocol in ("h1", "h2c"):
                    rows.append(bench.compare(name, protocol))
                    print(f"{name}, {protocol}: {rows[-1]['ratio']:.2f}", file=sys.stderr)
    report(rows, arguments.output)
    sys.exit(any(row["ratio"] > MOST or row["failed"] for row in rows))


def report(rows: list[dict], output: str) -> None:
    if output == "json":
        return print(json.dumps(rows, indent=2))
    print("| attack | client | calm p99, us | p99, us | times | failed | resident, MiB |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['attack']} | {row['client']} | {row['calm_p99_us']:.0f} | {row['p99_us']:.0f} "
            f"| {row['ratio']:.2f} | {row['failed']} | {row['resident_mib']:.0f} |"
        )


if __name__ == "__main__":
    main()
