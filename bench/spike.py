#!/usr/bin/env python3
"""What becomes of premium clients when free ones ask a hundred times as much as usual.

The scenarios OV-1 to OV-8 against the node, and OV-1 and OV-3 against nginx, HAProxy and Varnish.

The node has one worker on core 0, the generator core 1; its requests are due at times that do not
depend on the answers, and all times count from when a request was due. See README.md.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# Both folders have templates, only this one's modules are asked for first.
sys.path[:0] = [str(HERE / "spike"), str(HERE / "compare")]

CASES = ("ov1", "ov2", "ov3", "ov4", "ov6", "ov8", "cost")
SAME_RUN = {"ov5": "ov1", "ov7": "ov1"}  # judged by what OV-1 measures
PEERS = ("nginx", "haproxy", "haproxy-cache", "varnish")


def names(asked: str | None, all_of: tuple[str, ...]) -> list[str]:
    if asked is None:
        return list(all_of)
    return [] if asked == "none" else asked.split(",")


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build" / "release"
    parser = argparse.ArgumentParser(prog="./dev bench spike", description=__doc__)
    parser.add_argument(
        "--cases",
        metavar="A,B",
        help=f"of {', '.join(CASES)}, ov5, ov7, or none; all when left out",
    )
    parser.add_argument(
        "--peers", metavar="A,B", help=f"of {', '.join(PEERS)}, or none; all when left out"
    )
    parser.add_argument("--seconds", type=int, default=8, help="of a spike (8)")
    parser.add_argument(
        "--no-policy", action="store_true", help="the node knows no tiers: what they are worth"
    )
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write JSON there too")
    parser.add_argument("--selvedge", default=build / "selvedge", help="the program")
    parser.add_argument("--clients", default=build / "bench", help="where the clients are")
    parser.add_argument(
        "--packages", action="store_true", help="only print the Debian packages that this needs"
    )
    arguments = parser.parse_args()
    # The modules of the end-to-end tests read it when they are imported.
    os.environ["SELVEDGE"] = str(pathlib.Path(arguments.selvedge).resolve())
    asked = names(arguments.cases, CASES)
    arguments.cases = list(dict.fromkeys(SAME_RUN.get(name, name) for name in asked))
    arguments.peers = names(arguments.peers, PEERS)
    for chosen, known in ((arguments.cases, CASES), (arguments.peers, PEERS)):
        if unknown := set(chosen) - set(known):
            parser.error(f"no such: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if not 2 <= arguments.seconds <= 60:
        parser.error("--seconds is between 2 and 60")
    return arguments


def pins() -> list[list[str]]:
    """The commands that start the server, and the rest, on a core of their own."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        print("one core, or no taskset: the figures mean nothing", file=sys.stderr)
        return [[], []]
    return [["taskset", "-c", str(core)] for core in cores[:2]]


def run_cases(context, origin, names: list[str]) -> tuple[list, dict, list[str]]:
    import cost
    import crowd
    import fair
    import greeting
    import header
    import known
    import slowing
    from measure import Unfit

    rows, document, failures = [], {}, []
    if not names:
        return rows, document, failures
    document["capacity"] = {}
    run_of = {
        "ov1": lambda: known.run(context, origin, capacity),
        "ov2": lambda: header.run(context, origin, capacity),
        "ov3": lambda: greeting.run(context, origin),
        "ov4": lambda: slowing.run(context, origin, capacity),
        "ov6": lambda: fair.run(context, origin, capacity),
        "ov8": lambda: crowd.run(context, origin, capacity),
        "cost": lambda: cost.run(context, origin),
    }
    for name in names:
        try:
            # Before each: a machine that others use too changes its speed.
            capacity = known.node_capacity(context, origin)
            document["capacity"][name] = capacity.document()
            said = f"{capacity.rate:,.0f} requests/s, {capacity.cpu_us:.1f} us of CPU each"
            print(f"{name}: capacity {said}, {capacity.busy:.0%} of the core", file=sys.stderr)
            outcome = run_of[name]()
        except (Unfit, RuntimeError, AssertionError, OSError) as error:
            failures.append(f"{name}: {error}")
            continue
        rows += outcome.rows
        document[name] = outcome.document | {"rows": [dataclasses.asdict(r) for r in outcome.rows]}
    return rows, document, failures


def run(arguments: argparse.Namespace) -> tuple[str, dict, list[str]]:
    """The tables, the document, and what went wrong or was missed."""
    import contest
    import verdict
    from stand import Origin
    from traffic import Context

    server_pin, client_pin = pins()
    with tempfile.TemporaryDirectory(prefix="selvedge-spike-") as directory:
        context = Context(
            server_pin=server_pin,
            client_pin=client_pin,
            clients=pathlib.Path(arguments.clients).resolve(),
            work=pathlib.Path(directory),
            seconds=arguments.seconds,
            has_policy=not arguments.no_policy,
        )
        with Origin(context) as origin:
            rows, document, failures = run_cases(context, origin, arguments.cases)
            texts = []
            if "ov1" in document:
                runs = ", ".join(f"{us:,.0f}" for us in document["ov1"]["calm"]["premium_us"])
                texts.append(f"calm p99 of premium, three runs: {runs} us")
            if rows:
                texts.append(verdict.text_of(rows))
            if arguments.peers:
                text, document["peers"], more = contest.run(context, origin, arguments.peers)
                texts.append(text)
                failures += more
    missed = [f"{row.id}: {row.scenario}" for row in rows if row.is_met is False]
    return "\n\n".join(texts), document, failures + [f"missed: {text}" for text in missed]


def main() -> int:
    # TERM ends what was started, just as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = parse_arguments()
    if arguments.packages:
        import contest

        print(*contest.packages(arguments.peers))
        return 0
    text, document, failures = run(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2) if arguments.output == "json" else text)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
