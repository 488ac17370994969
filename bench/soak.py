#!/usr/bin/env python3
"""A node under load for half an hour, with something going wrong every second.

Two origins answer with content that follows from the URL, so that the load checks every byte of
every answer (more than a digest would: it names the first wrong byte). First the most that the
node can do is found, by 10 seconds of load as fast as answers come. Then requests are due at 70%
of that, over HTTP/1.1 and HTTP/2, in cleartext and TLS, while origins stall, die, lie and fail,
operators reload, purge, rotate and upgrade, and clients abuse the node.

Exit code 1: a byte was wrong; a hit was refused or cut off; a request had no answer and no upgrade
is the reason; memory or descriptors grew; or the node died.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "soak"), str(HERE.parent / "tests" / "e2e")]

CALIBRATION = 10  # seconds
WARM_UP = 5  # of them, that do not count

EXAMPLES = """examples:
  ./dev soak                          half an hour
  ./dev soak --minutes 3 --seed 7     other faults at other times; the same for each seed
  ./dev soak --rate 2000              without looking for what the node can do
  ./dev soak --json soak.json         the report, and one record for each second

Calm seconds are those in which the origins have been well for 4 s. With 8 faults each of which
one origin has, three that both have, a pause and a kill, a pack takes 24 s, and 7 of them are calm.
"""


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build" / "release"
    parser = argparse.ArgumentParser(
        prog="./dev soak",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=30, help="of load with faults (30)")
    parser.add_argument("--load", type=float, default=70, metavar="PERCENT", help="of most (70)")
    parser.add_argument("--rate", type=float, help="requests a second, instead of --load")
    parser.add_argument("--seed", type=int, default=1, help="of faults and requests (1)")
    parser.add_argument(
        "--objects", type=int, default=4000, help="of 32 KiB on average, half of them fit (4000)"
    )
    parser.add_argument("--connections", type=int, default=400, help="of the load (400)")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write JSON there too")
    parser.add_argument("--selvedge", type=pathlib.Path, default=build / "selvedge")
    parser.add_argument(
        "--clients", type=pathlib.Path, default=build / "bench", help="where load and origin are"
    )
    arguments = parser.parse_args()
    # The modules of the end-to-end tests read it when they are imported.
    os.environ["SELVEDGE"] = str(arguments.selvedge.resolve())
    if arguments.minutes < 0.5 or not 0 < arguments.load <= 100 or arguments.connections < 10:
        parser.error("--minutes is 0.5 at least, --load at most 100, --connections 10 at least")
    return arguments


def calibrate(options, node, program: pathlib.Path) -> float:
    """The right answers a second when each connection asks as soon as it has an answer."""
    from stand import Load

    print(f"how much the node can do, for {CALIBRATION} s...", file=sys.stderr)
    seconds: list[dict] = []
    load = Load(program, node, 0, CALIBRATION, options, seconds.append)
    load.wait()
    counted = seconds[WARM_UP:CALIBRATION]
    right = sum(one.get("right", 0) + one.get("right_hit", 0) for one in counted)
    if wrong := sum(one.get("wrong", 0) for one in seconds):
        raise RuntimeError(f"{wrong} wrong answers before any fault: {seconds}")
    return right / len(counted)


def soak(options, node, origins, watch, rate: float):
    """Load and faults, until the load is over."""
    from faults import Faults
    from stand import Load, has_ended

    program = options.clients / "selvedge_soak_load"
    faults = Faults(node, origins, options)
    watch.faults = faults
    load = Load(program, node, rate, options.minutes * 60, options, watch.on_second)
    try:
        begin = time.monotonic()
        for second in range(int(options.minutes * 60)):
            time.sleep(max(0.0, begin + second - time.monotonic()))
            if load.is_over() or (has_ended(node.pid) and not node.is_upgrading):
                break
            watch.fault = faults.next()
            if second % 10 == 9:
                print(watch.progress(10), file=sys.stderr, flush=True)
        faults.end()
        if has_ended(node.pid):
            load.stop()
        else:
            load.wait()
    finally:
        load.stop()
        faults.close()
    return faults


def run(options) -> tuple[dict, list[str]]:
    from report import document_of, problems_of
    from stand import SoakNode, SoakOrigin
    from watch import Watch

    origins = [SoakOrigin(options.clients / "selvedge_soak_origin", []) for _ in range(2)]
    node = SoakNode(origins, [])
    stopped = False
    try:
        rate = most = options.rate
        if most is None:
            most = calibrate(options, node, options.clients / "selvedge_soak_load")
            rate = most * options.load / 100
        print(f"{rate:,.0f} requests/s for {options.minutes:g} minutes", file=sys.stderr)
        watch = Watch(node)
        faults = soak(options, node, origins, watch, rate)
        problems = node.stop()
        stopped = True
        document = document_of(watch, faults, rate, most, options)
        document["problems"] = problems + problems_of(document, watch, faults)
        document["each_second"] = [vars(second) for second in watch.seconds]
        return document, document["problems"]
    finally:
        if not stopped:
            node.stop()
        for origin in origins:
            origin.kill()
        shutil.rmtree(node.node.directory, ignore_errors=True)


def main() -> int:
    # TERM ends what was started, just as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments()
    for program in (options.selvedge, *(options.clients / f"selvedge_soak_{name}"
                                        for name in ("load", "origin"))):  # fmt: skip
        if not program.exists():
            print(f"{program} was not built: ./dev build selvedge_soak", file=sys.stderr)
            return 1
    import report

    document, problems = run(options)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    shown = {name: value for name, value in document.items() if name != "each_second"}
    print(json.dumps(shown, indent=2) if options.output == "json" else report.text_of(document))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
