#!/usr/bin/env python3
"""What a cache hit costs, side by side: Selvedge, its peers, and the floor beneath them all.

Each contender is started in turn on loopback, with one worker on core 0 and before the same origin
with the same files; the load and the origin have core 1. The figure is CPU time of the server a
request, the median of the rounds. See README.md.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "compare"))


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build" / "release"
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__)
    parser.add_argument("--peers", metavar="A,B", help="those and selvedge; all when left out")
    parser.add_argument(
        "--cases",
        metavar="A,B",
        help="of the grid PROTOCOL-SIZE (h1, h2c, h1tls, h2tls; 1k, 16k, 128k, 1m), or a protocol"
        " for all its sizes, or a case by its name; the whole grid when left out",
    )
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many (5)")
    parser.add_argument("--seconds", type=int, default=3, help="of one measurement (3)")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write JSON there too")
    parser.add_argument("--selvedge", default=build / "selvedge", help="the program")
    parser.add_argument("--floor", default=build / "bench" / "selvedge_floor", help="the program")
    parser.add_argument(
        "--packages", action="store_true", help="only print the Debian packages that this needs"
    )
    arguments = parser.parse_args()
    # The modules of the peers read these when they are imported.
    os.environ["SELVEDGE"] = str(pathlib.Path(arguments.selvedge).resolve())
    os.environ["SELVEDGE_FLOOR"] = str(pathlib.Path(arguments.floor).resolve())
    choose_peers(parser, arguments)
    choose_cases(parser, arguments)
    return arguments


def choose_peers(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    from peers import PEERS

    asked = set(arguments.peers.split(",")) if arguments.peers else set(PEERS)
    if unknown := asked - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    arguments.peers = [name for name in PEERS if name in asked | {"selvedge"}]


def choose_cases(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """arguments.cases becomes those of the grid, arguments.named the others."""
    from grid import CASES
    from more import CASES as NAMED

    arguments.named = []
    asked = arguments.cases.split(",") if arguments.cases else [protocol for protocol, _ in CASES]
    chosen = set()
    for name in asked:
        found = {case for case in CASES if name in (case[0], "-".join(case))}
        if name in NAMED:
            arguments.named.append(name)
        elif not found:
            parser.error(f"no such case: {name}; by name there are {', '.join(NAMED)}")
        chosen |= found
    arguments.cases = [case for case in CASES if case in chosen]


def pins() -> tuple[list[str], list[str]]:
    """The commands that start the server, and the rest, on a core of their own."""
    # wrk knows no option for it: see there.
    client = ["env", f"OPENSSL_CONF={HERE / 'compare' / 'client.cnf'}"]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        print("one core, or no taskset: server and client share it", file=sys.stderr)
        return [], client
    return ["taskset", "-c", str(cores[0])], ["taskset", "-c", str(cores[1]), *client]


def write_files(root: pathlib.Path) -> None:
    from grid import SIZES

    noise = random.Random(1).randbytes(max(SIZES.values()))
    (root / "hot").mkdir(parents=True)
    for name, size in SIZES.items():
        (root / "hot" / f"{name}.bin").write_bytes(noise[:size])


def versions(names: list[str]) -> dict[str, str]:
    """Of the Debian packages, and what selvedge says of itself."""
    from peers import PEERS

    packages = [package for name in names for package in PEERS[name].packages]
    query = ["dpkg-query", "-W", "-f=${Package} ${Version}\n", *packages]
    ours = subprocess.run([os.environ["SELVEDGE"], "--version"], capture_output=True, text=True)
    found = {"selvedge": ours.stdout.strip()}
    if packages and shutil.which("dpkg-query"):
        lines = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
        found |= dict(line.split(" ", 1) for line in lines)
    return found


def machine() -> dict:
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
    }


def run(arguments: argparse.Namespace) -> tuple[str, dict, list[str]]:
    from grid import run_grid
    from measure import Context
    from more import CASES as NAMED

    import servers

    server_pin, client_pin = pins()
    texts, failures = [], []
    document = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(arguments.peers),
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
    }
    with tempfile.TemporaryDirectory(prefix="selvedge-compare-") as directory:
        work = pathlib.Path(directory)
        files = work / "files"
        write_files(files)
        with servers.NginxOrigin(client_pin, files, work) as origin:
            context = Context(
                server_pin=server_pin,
                client_pin=client_pin,
                origin=origin,
                files=files,
                work=work,
                peers=arguments.peers,
                rounds=arguments.rounds,
                seconds=arguments.seconds,
            )
            cases = {name: NAMED[name] for name in arguments.named}
            if arguments.cases:
                cases = {"grid": lambda c: run_grid(c, arguments.cases)} | cases
            for name, case in cases.items():
                outcome = case(dataclasses.replace(context))
                texts.append(outcome.text)
                document[name] = outcome.document
                failures += outcome.failures
    return "\n\n".join(texts), document, failures


def main() -> int:
    # TERM ends what was started, just as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = parse_arguments()
    if arguments.packages:
        from peers import PEERS

        # The origin is an nginx, whoever is compared.
        print(*sorted({"nginx", *(p for name in arguments.peers for p in PEERS[name].packages)}))
        return 0
    text, document, failures = run(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2) if arguments.output == "json" else text)
    for failure in failures:
        print(f"no figure: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
