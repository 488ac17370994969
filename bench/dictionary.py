#!/usr/bin/env python3
"""Differences between versions (RFC 9842): what is sent to a client that has the version before, of
every release of real npm packages, beside brotli -11; what a hit of a difference costs beside one
of another variant; and what hits notice while differences are made.

All through a node over TLS: an origin's folder that `selvedge bundle pack` has filled, one worker
on a core of its own that shares it with the threads that make differences.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / part) for part in ("dictionary", "pages", "../tests/e2e")]

PARTS = ("sizes", "cost", "delay")


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build"
    parser = argparse.ArgumentParser(prog="./dev bench dictionary", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--count", type=int, default=1000, help="differences made then (1000)")
    parser.add_argument("--rate", type=int, default=500, help="of those hits, a second (500)")
    parser.add_argument("--seconds", type=int, default=5, help="of each run (5)")
    parser.add_argument("--turns", type=int, default=3, help="runs of each kind (3)")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--work", type=pathlib.Path, default=build / "dictionary", help="files")
    parser.add_argument("--selvedge", type=pathlib.Path, default=build / "release" / "selvedge")
    parser.add_argument(
        "--client", type=pathlib.Path, default=build / "release" / "bench" / "selvedge_open_loop"
    )
    arguments = parser.parse_args()
    for name in ("work", "selvedge", "client"):
        setattr(arguments, name, getattr(arguments, name).resolve())
    arguments.parts = arguments.parts.split(",")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    # The modules of the end-to-end tests read it when they are imported.
    os.environ["SELVEDGE"] = str(arguments.selvedge)
    return arguments


def node_for(root: pathlib.Path, workers: int = 2, **bundles):
    from node import Node, config_for, directory_origin

    config = config_for(
        directory_origin(root, "bundles"),
        workers=workers,
        cache={"size": "512MiB"},
        limits={"requests": 1_000_000_000},
    )
    config["sites"][0]["routes"][0] |= {
        "bundles": {"enabled": True, "releases": {"follow": False}, **bundles},
        "compression": {"enabled": True, "dictionaries": {"enabled": True}},
        "default_lifetime": "1h",
    }
    core = str(sorted(os.sched_getaffinity(0))[0])
    return Node(config, tls=True, prefix=["taskset", "-c", core] if workers == 1 else [])


def run_sizes(arguments: argparse.Namespace) -> list[dict]:
    import sizes
    from packages import Origin

    origin = Origin(arguments.selvedge, arguments.work)
    shutil.rmtree(origin.root, ignore_errors=True)
    assets = sizes.Assets(origin)
    assets.fill()
    with node_for(origin.root) as node:
        return sizes.measure(node, assets)


def run_made_up(arguments: argparse.Namespace, part: str) -> dict:
    import delay

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        with node_for(root, workers=1, integrity="off") as node:
            kind = {"cost": delay.Cost, "delay": delay.Delay}[part]
            return kind(arguments, node, root).run()


def print_table(found: dict) -> None:
    import sizes

    if "sizes" in found:
        print(sizes.text_of(found["sizes"]), end="\n\n")
    for part in ("cost", "delay"):
        if part in found:
            print(f"| {part} | |\n|---|---|")
            for name, value in found[part].items():
                print(f"| {name} | {value:,.2f} |" if value % 1 else f"| {name} | {value:,.0f} |")
            print()


def main() -> None:
    arguments = parse_arguments()
    from packages import NoPackages

    found: dict = {}
    for part in arguments.parts:
        print(f"{part}...", file=sys.stderr)
        if part != "sizes":
            found[part] = run_made_up(arguments, part)
            continue
        try:
            found[part] = run_sizes(arguments)
        except NoPackages as error:
            print(f"sizes: skipped: {error}", file=sys.stderr)
    print(json.dumps(found, indent=2)) if arguments.output == "json" else print_table(found)


if __name__ == "__main__":
    main()
