#!/usr/bin/env python3
"""Real packages of npm, released while pages load them: does any page get a mix of two releases?

Packs the packages of pages/packages.txt with all that they need, compares what the node resolves
with what npm does, runs them in headless Chromium, and publishes, tries, promotes and rolls back
without end while pages are loaded. See README.md.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "pages"), str(HERE.parent / "tests" / "e2e")]

PARTS = ("resolve", "walk", "load", "browse")


def parse_arguments() -> argparse.Namespace:
    build = HERE.parent / "build"
    parser = argparse.ArgumentParser(prog="./dev bench pages", description=__doc__)
    parser.add_argument(
        "--parts", metavar="A,B", default=",".join(PARTS),
        help=f"of {', '.join(PARTS)}; all when left out",
    )  # fmt: skip
    parser.add_argument("--pages", type=int, default=100_000, help="of the load (100,000)")
    parser.add_argument("--seconds", type=int, default=600, help="of the load, at most (600)")
    parser.add_argument("--users", type=int, default=512, help="of the load, at once (512)")
    parser.add_argument("--browser-pages", type=int, default=200, help="in Chromium (200)")
    parser.add_argument("--mixes", type=int, default=20, help="of versions, beside the sets (20)")
    parser.add_argument("-o", choices=["table", "json"], default="table", dest="output")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write JSON there too")
    parser.add_argument("--work", type=pathlib.Path, default=build / "pages", help="kept files")
    parser.add_argument("--selvedge", type=pathlib.Path, default=build / "release" / "selvedge")
    parser.add_argument(
        "--client", type=pathlib.Path, default=build / "release" / "bench" / "selvedge_page_loads"
    )
    arguments = parser.parse_args()
    for name in ("work", "selvedge", "client"):
        setattr(arguments, name, getattr(arguments, name).resolve())
    arguments.parts = arguments.parts.split(",")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if arguments.pages < 1 or not 1 <= arguments.users <= 4096 or arguments.seconds < 1:
        parser.error("--pages and --seconds are 1 at least, --users 4096 at most")
    # The modules of the end-to-end tests read it when they are imported.
    os.environ["SELVEDGE"] = str(arguments.selvedge)
    return arguments


class Bench:
    """One run: what was packed, and the parts, each with a node of its own."""

    def __init__(self, arguments: argparse.Namespace):
        import packages
        from releases import Releases, start_node

        self.arguments = arguments
        self.packages = packages.read_packages()
        self.sets = packages.released_sets(self.packages)
        self.origin = packages.Origin(arguments.selvedge, arguments.work)
        self.origin.fill(self.packages)
        self._start_node = start_node
        self._releases = Releases
        self.closures: dict = {}

    def node(self, page_time: int = 10):
        return self._start_node(self.origin, self.arguments.work, page_time)

    def releases(self, node):
        return self._releases(self.arguments.selvedge, node.ready["admin"], self.sets)

    def cycle(self, releases):
        from releases import Cycle

        return Cycle(releases, list(self.sets))

    def lock_sets(self, registry) -> None:
        """What npm makes of each set: what is allowed together."""
        import npm_lock

        cache = self.arguments.work / "npm-cache"
        for title, versions in self.sets.items():
            self.closures[title] = npm_lock.Lock(registry, cache, versions).closure()

    def resolve(self, registry) -> dict:
        import resolution

        cache = self.arguments.work / "npm-cache"
        with self.node() as node:
            releases = self.releases(node)
            alone = resolution.compare_alone(node, registry, cache, self.origin, self.packages)
            sets = resolution.compare_sets(node, registry, cache, releases, self.packages)
            mixes = resolution.compare_mixes(node, registry, cache, releases, self.packages,
                                             self.arguments.mixes)  # fmt: skip
        return {"alone": alone, "sets": sets, "mixes": mixes}

    def walk(self) -> dict:
        """Every root of every set in Chromium, each by its closure and by selectors."""
        from browser import run_browser

        reports = {}
        with self.node() as node:
            releases = self.releases(node)
            for title in self.sets:
                releases.publish(title)
                reports[title] = run_browser(self.origin, self.packages, self.closures,
                                             self.arguments.work, node.port())  # fmt: skip
                if set(reports[title]["sets"]) != {title}:
                    reports[title]["failed"] += 1
                    reports[title]["failures"].append(f"pages are not of {title}")
        return reports

    def load(self) -> dict:
        from load import PAGE_TIME, run_load, scenario_of

        a = self.arguments
        scenario = scenario_of(self.origin, self.packages, self.closures)
        with self.node(PAGE_TIME) as node:
            releases = self.releases(node)
            releases.publish(next(iter(self.sets)))
            with self.cycle(releases) as cycle:
                report = run_load(a.client, scenario, a.work, node.port(), a.pages, a.seconds,
                                  a.users)  # fmt: skip
            return report | self._operations(releases, cycle) | {"resident": node.resident_bytes()}

    def browse(self) -> dict:
        from browser import PAGE_TIME, run_browser

        with self.node(PAGE_TIME) as node:
            releases = self.releases(node)
            releases.publish(next(iter(self.sets)))
            with self.cycle(releases) as cycle:
                report = run_browser(self.origin, self.packages, self.closures,
                                     self.arguments.work, node.port(),
                                     self.arguments.browser_pages)  # fmt: skip
            return report | self._operations(releases, cycle)

    def _operations(self, releases, cycle) -> dict:
        """What was done beside the load; that all of it is in the history."""
        if cycle.problem:
            raise RuntimeError(f"an operation failed: {cycle.problem}")
        releases.check_history()
        kinds = {kind: releases.done.count(kind) for kind in ("publish", "promote", "rollback")}
        return {"operations": kinds}


def failures_of(document: dict) -> list[str]:
    failures = []
    for what, found in document.get("resolve", {}).items():
        failures += [f"resolve, {what}: {text}" for text in found["differences"]]
    pages = {f"walk, {title}": one for title, one in document.get("walk", {}).items()}
    pages |= {what: document[what] for what in ("load", "browse") if what in document}
    for what, one in pages.items():
        wrong = one.get("failed", 0) + one.get("errors", 0) + one["mixed"]
        examples = [*one.get("failures", []), *one.get("error_examples", [])]
        examples += [*one.get("mixtures", []), *one.get("mixed_examples", [])]
        if wrong:
            failures.append(f"{what}: {wrong} failed or mixed: {' | '.join(examples[:6])}")
    return failures


def run(arguments: argparse.Namespace) -> tuple[dict, list[str]]:
    import npm_lock
    from browser import NoBrowser

    bench = Bench(arguments)
    document: dict = {"packages": bench.origin.table()}
    with npm_lock.Registry(bench.origin) as registry:
        bench.lock_sets(registry)
        if "resolve" in arguments.parts:
            document["resolve"] = bench.resolve(registry)
    for part in ("walk", "load", "browse"):
        if part not in arguments.parts:
            continue
        print(f"{part}...", file=sys.stderr)
        try:
            document[part] = getattr(bench, part)()
        except NoBrowser as reason:
            print(f"skipped {part}: {reason}", file=sys.stderr)
    return document, failures_of(document)


def missing_programs(arguments: argparse.Namespace) -> str:
    for program in ("npm", "node"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    for program in (arguments.selvedge, arguments.client):
        if not program.exists() and (program == arguments.selvedge or "load" in arguments.parts):
            return f"{program} was not built: ./dev build selvedge selvedge_page_loads"
    return ""


def main() -> int:
    # TERM ends what was started, just as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = parse_arguments()
    if problem := missing_programs(arguments):
        print(problem, file=sys.stderr)
        return 1
    import report
    from packages import NoPackages

    try:
        document, failures = run(arguments)
    except NoPackages as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        return 77
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2) if arguments.output == "json" else report.text(document))
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
