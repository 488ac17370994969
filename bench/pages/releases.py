"""The node that serves the bundles, and releases on it by its command line."""

import json
import pathlib
import random
import subprocess
import threading
import time

from packages import Origin

from node import Node, config_for, directory_origin


def start_node(origin: Origin, work: pathlib.Path, page_time: int, **bundles) -> Node:
    """Two workers before the origin's folder; sessions, and releases that are kept in a file.
    `page_time`: seconds that a page may take to load."""
    keys, log = work / "session-keys", work / "releases.json"
    keys.write_text("k1 BsCXNGmw0iYl4FhWOi0jDA==\n")
    log.unlink(missing_ok=True)
    config = config_for(
        directory_origin(origin.root, "bundles"),
        cache={"size": "512MiB"},
        limits={"requests": 1_000_000_000, "idle_timeout": "600s"},
    )
    config["sites"][0]["routes"][0]["bundles"] = {
        "enabled": True,
        "sessions": {"enabled": True, "key_file": str(keys)},
        "releases": {"file": str(log), "follow": False, "page_time": f"{page_time}s"},
    } | bundles
    return Node(config)


class Releases:
    """`selvedge bundle publish`, `promote`, `rollback` and `releases`. What fails is an error."""

    def __init__(self, selvedge: pathlib.Path, admin: str, sets: dict[str, dict[str, str]]):
        self._selvedge = selvedge
        self._admin = admin
        self.sets = sets
        self.done: list[str] = []  # the kinds, in their order

    def _run(self, verb: str, *arguments: str) -> dict:
        command = [self._selvedge, "bundle", verb, *arguments, "--admin", self._admin, "-o", "json"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if run.returncode != 0:
            said = f"{run.stderr}{run.stdout}".strip()
            raise RuntimeError(f"bundle {verb} {' '.join(arguments)}: {said}")
        return json.loads(run.stdout)

    def publish(self, title: str, canary: int | None = None) -> None:
        self.publish_these(self.sets[title], canary)

    def publish_these(self, versions: dict[str, str], canary: int | None = None) -> None:
        bundles = [f"{name}@{version}" for name, version in versions.items()]
        more = [] if canary is None else ["--canary", str(canary)]
        self._run("publish", *bundles, *more, "--why", "bench pages")
        self.done.append("publish")

    def withdraw(self, names: list[str]) -> None:
        self._run("publish", *(part for name in names for part in ("--withdraw", name)))
        self.done.append("publish")

    def promote(self, canary: int | None = None) -> None:
        self._run("promote", *([] if canary is None else ["--canary", str(canary)]))
        self.done.append("promote")

    def rollback(self) -> None:
        self._run("rollback")
        self.done.append("rollback")

    def state(self) -> dict:
        """Of the only route: what is in force, what is tried, and the history."""
        return self._run("releases")["routes"][0]

    def check_history(self) -> None:
        """That it has what was done, in this order; it forgets the oldest of many."""
        releases = self.state()["releases"]  # the newest first
        if releases[0]["id"] != len(self.done):
            raise RuntimeError(f"{len(self.done)} operations, but release {releases[0]['id']}")
        kinds = [one["kind"] for one in reversed(releases)]
        if kinds != self.done[-len(kinds) :]:
            raise RuntimeError("the history has other operations than those that were done")


class Cycle:
    """Releases, one after the other, as long as the `with` block lasts. Afterwards `problem` says
    what failed, and nothing is being tried."""

    def __init__(self, releases: Releases, titles: list[str], seed: int = 1):
        self._releases = releases
        self._titles = titles
        self._random = random.Random(seed)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.problem = ""
        self.seconds = 0.0

    def __enter__(self) -> "Cycle":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        begin = time.monotonic()
        try:
            while not self._ends.is_set():
                self._one_release()
        except (RuntimeError, OSError, subprocess.TimeoutExpired, ValueError) as error:
            self.problem = str(error)
        self.seconds = time.monotonic() - begin

    def _pause(self) -> bool:
        """False: it is time to end."""
        return not self._ends.wait(self._random.uniform(0.05, 0.5))

    def _one_release(self) -> None:
        releases, draw = self._releases, self._random.random
        before = self._in_force()
        title = self._random.choice([one for one in self._titles if one != before])
        if draw() < 0.3:
            releases.publish(title)
        else:
            releases.publish(title, 10)
            if self._pause():
                releases.promote(50)
            if self._pause() and draw() < 0.25:
                return releases.rollback()
            releases.promote()
        if self._pause() and draw() < 0.5:
            releases.rollback()
            self._pause()

    def _in_force(self) -> str:
        released = self._releases.state()["stable"]["channels"]["latest"]["released"]
        sets = self._releases.sets
        return next(title for title in self._titles if sets[title] == released)
