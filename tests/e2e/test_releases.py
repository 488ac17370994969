#!/usr/bin/env python3
"""Releases by the command line: who gets which versions, what is refused, and what outlives a
restart."""

import json
import pathlib
import subprocess
import tempfile
import urllib.error

from client import curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, directory_origin, run_selvedge

# What each version needs. `latest` of the origin is 2.0.0 of each.
NEEDS = {
    "tokens": {},
    "@acme/ui": {"tokens": "{major}.x"},
    "app": {"@acme/ui": "^{major}.0.0", "tokens": "*"},
}
VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


def version_of(url: str, *arguments: str) -> str:
    answer = curl(url, "h1", *arguments)
    expect_equal(answer.status, 200, f"status of {url}")
    return answer.body.decode().split("'")[1]


class Shop:
    """Three bundles of which one needs another, each in three versions, in an origin's folder."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        self.origin = self.path / "origin"
        for version in VERSIONS:
            for name, needs in NEEDS.items():
                major = version.split(".")[0]
                ranges = {other: text.format(major=major) for other, text in needs.items()}
                self.pack(name, version, ranges)

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_) -> None:
        self._directory.cleanup()

    def pack(self, name: str, version: str, needs: dict[str, str]) -> None:
        """index.js is what pages begin with, extra.js is what they ask for later."""
        folder = self.path / "sources" / f"{name}-{version}"
        folder.mkdir(parents=True)
        about = {"name": name, "version": version, "dependencies": needs, "main": "index.js"}
        (folder / "package.json").write_text(json.dumps(about))
        for file in ("index.js", "extra.js"):
            (folder / file).write_text(f"export default '{version}';\n")
        done = run_selvedge("bundle", "pack", str(folder), "--origin", str(self.origin))
        expect_equal(done.returncode, 0, done.stderr)

    def config(self, **releases) -> dict:
        keys = self.path / "keys"
        keys.write_text("k1 BsCXNGmw0iYl4FhWOi0jDA==\n")
        config = config_for(directory_origin(self.origin))
        config["sites"][0]["routes"][0]["bundles"] = {
            "enabled": True,
            "index_lifetime": "1s",
            "sessions": {"enabled": True, "key_file": str(keys)},
            "releases": {"file": str(self.path / "releases"), "follow": False} | releases,
        }
        return config


class Session:
    """What a browser has: cookies."""

    count = 0

    def __init__(self, shop: Shop, node: Node):
        Session.count += 1
        self._jar = str(shop.path / f"cookies-{Session.count}")
        self.node = node

    def version(self, name: str, path: str = "index.js", selector: str = "latest") -> str:
        url = self.node.url(f"/{name}@{selector}/{path}")
        return version_of(url, "--cookie", self._jar, "--cookie-jar", self._jar)

    def next_version(self, name: str) -> str:
        """What it would get, were it to ask now."""
        return version_of(self.node.url(f"/{name}@latest/index.js"), "--cookie", self._jar)


def run_bundle(node: Node, verb: str, *arguments: str) -> subprocess.CompletedProcess:
    return run_selvedge("bundle", verb, *arguments, "--admin", node.ready["admin"])


def order(node: Node, verb: str, *arguments: str) -> None:
    done = run_bundle(node, verb, *arguments)
    expect_equal(done.returncode, 0, f"{verb} {arguments}: {done.stderr}")


def publish(node: Node, version: str, *arguments: str) -> None:
    order(node, "publish", *(f"{name}@{version}" for name in NEEDS), *arguments)


def refusal(node: Node, verb: str, *arguments: str) -> str:
    done = run_bundle(node, verb, *arguments)
    expect_equal(done.returncode, 3, f"exit code of {verb} {arguments}: {done.stdout}")
    return done.stderr


def state_of(node: Node) -> dict:
    done = run_bundle(node, "releases", "-o", "json")
    expect_equal(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)["routes"][0]


def released(node: Node) -> dict[str, str]:
    channels = state_of(node)["stable"]["channels"]
    return channels["latest"]["released"] if channels else {}


def case_a_release_is_for_sessions_that_begin_after_it():
    require_program("curl")
    with Shop() as shop, Node(shop.config()) as node:
        before = Session(shop, node)
        expect_equal(before.version("app"), "2.0.0", "latest, as the origin has it")
        publish(node, "1.0.0")
        early = Session(shop, node)
        expect_equal(early.version("app"), "1.0.0", "of the first release")
        publish(node, "1.1.0", "--why", "more buttons", "--who", "the shop")
        expect_equal(early.version("app"), "1.0.0", "kept")
        expect_equal(early.version("@acme/ui", "extra.js", "%5E1"), "1.0.0", "first asked for now")
        expect_equal(early.version("tokens", "extra.js", "1.x"), "1.0.0", "likewise")
        late = Session(shop, node)
        expect_equal(late.version("tokens", "extra.js", "%3E=1"), "1.1.0", "of a later session")
        expect_equal(late.version("app"), "1.1.0", "likewise")
        newest = state_of(node)["releases"][0]
        expect_equal(newest["who"], "the shop", "who")
        expect_equal(newest["why"], "more buttons", "why")
        change = {"name": "tokens", "from": "1.0.0", "to": "1.1.0"}
        expect(change in newest["changes"], f"changes: {newest['changes']}")


def case_what_a_release_needs_comes_with_it():
    require_program("curl")
    with Shop() as shop, Node(shop.config()) as node:
        order(node, "publish", "app@1.0.0")
        session = Session(shop, node)
        expect_equal(session.version("app"), "1.0.0", "what was named")
        expect_equal(session.version("@acme/ui"), "1.1.0", "the greatest that it admits")
        latest = state_of(node)["stable"]["channels"]["latest"]
        expect_equal(latest["released"], {"app": "1.0.0"}, "released")
        # Its range is "*": by itself it would be 2.0.0, and ui needs 1.x.
        expect_equal(sorted(latest["with"]["tokens"]), ["1.1.0", "2.0.0"], "with it")
        closure = json.loads(curl(node.url("/app@latest/?closure")).body)
        expect_equal(closure["missing"], [], "missing")
        expect("tokens" in closure["conflicts"], f"conflicts: {closure['conflicts']}")


def case_a_canary_is_for_a_part_of_the_sessions():
    require_program("curl")
    with Shop() as shop, Node(shop.config()) as node:
        publish(node, "1.0.0")
        early = Session(shop, node)
        expect_equal(early.version("app"), "1.0.0", "before the canary")
        publish(node, "1.1.0", "--canary", "0")
        expect_equal(Session(shop, node).version("app"), "1.0.0", "of nobody")
        expect(refusal(node, "publish", "app@2.0.0").find("is being tried") > 0, "a second one")
        order(node, "promote", "--canary", "50")
        expect_equal(node.metric("selvedge_bundle_canary_ratio"), 0.5, "ratio")
        sessions = [Session(shop, node) for _ in range(60)]
        first = [session.version("app") for session in sessions]
        # Of 60 fair coins, fewer than 10 or more than 50 are heads once in 30 million times.
        expect(10 <= first.count("1.1.0") <= 50, f"{first.count('1.1.0')} of 60 sessions")
        expect_equal([s.version("tokens") for s in sessions], first, "each stays where it is")
        order(node, "promote")
        expect_equal([s.version("@acme/ui") for s in sessions], first, "also when it is promoted")
        expect_equal(Session(shop, node).version("app"), "1.1.0", "of everybody who begins")
        expect_equal(early.version("app"), "1.0.0", "of the session before")
        kinds = [one["kind"] for one in state_of(node)["releases"]]
        expect_equal(kinds, ["promote", "promote", "publish", "publish"], "history")


def case_a_rollback_waits_for_the_next_page():
    require_program("curl")
    with Shop() as shop, Node(shop.config(page_time="1s")) as node:
        publish(node, "1.0.0")
        publish(node, "1.1.0")
        session = Session(shop, node)
        expect_equal(session.version("app"), "1.1.0", "at first")
        order(node, "rollback", "--why", "too many buttons")
        expect_equal(Session(shop, node).version("app"), "1.0.0", "of a new session")
        expect_equal(session.version("tokens", "extra.js"), "1.1.0", "in the middle of a page")
        wait_until(lambda: session.next_version("app") == "1.0.0", "another page")
        expect_equal(session.version("tokens", "extra.js"), "1.1.0", "no page has begun")
        expect_equal(session.version("app"), "1.0.0", "a page has")
        expect_equal(session.version("tokens", "extra.js"), "1.0.0", "and all of it")


def case_a_rollback_at_once():
    require_program("curl")
    with Shop() as shop, Node(shop.config(page_time="1h")) as node:
        publish(node, "1.0.0")
        publish(node, "1.1.0", "--canary", "100")
        session = Session(shop, node)
        expect_equal(session.version("app"), "1.1.0", "of the canary")
        order(node, "rollback", "--at-once")
        expect_equal(state_of(node)["candidate"], None, "candidate")
        expect_equal(session.version("tokens", "extra.js"), "1.0.0", "in the middle of a page")
        order(node, "rollback")
        expect_equal(released(node), {}, "what was before the first release")
        expect(refusal(node, "rollback").find("no release to go back from") > 0, "once more")


def case_releases_and_sessions_outlive_a_restart():
    require_program("curl")
    with Shop() as shop:
        config = shop.config()
        with Node(config) as node:
            publish(node, "1.0.0")
            early = Session(shop, node)
            expect_equal(early.version("app"), "1.0.0", "early")
            publish(node, "1.1.0")
            publish(node, "2.0.0", "--canary", "100")
            late = Session(shop, node)
            expect_equal(late.version("app"), "2.0.0", "late")
            before = state_of(node)
        with Node(config) as node:
            after = state_of(node)
            for key in ("stable", "candidate", "releases"):
                expect_equal(after[key], before[key], f"{key} after the restart")
            early.node = late.node = node
            expect_equal(early.version("tokens"), "1.0.0", "of the early session")
            expect_equal(late.version("tokens"), "2.0.0", "of the late session")
            order(node, "rollback")
            expect_equal(Session(shop, node).version("app"), "1.1.0", "back")


def case_what_is_broken_is_refused_and_changes_nothing():
    require_program("curl")
    with Shop() as shop, Node(shop.config()) as node:
        publish(node, "1.0.0")
        shop.pack("lost", "1.0.0", {"@acme/gone": "^1.0.0"})
        shop.pack("late", "1.0.0", {"tokens": "^7.0.0"})
        shop.pack("torn", "1.0.0", {})
        (shop.origin / "torn" / "1.0.0" / "index.js").unlink()
        shop.pack("changed", "1.0.0", {})
        (shop.origin / "changed" / "1.0.0" / "index.js").write_text("export default '1.0.1';\n")
        before = state_of(node)
        for bundle, reasons in {
            "lost@1.0.0": ["lost@1.0.0 needs @acme/gone ^1.0.0", "there is no index"],
            "late@1.0.0": ["late@1.0.0 needs tokens ^7.0.0", "no version of it is admitted"],
            "torn@1.0.0": ["/torn/1.0.0/index.js"],
            "changed@1.0.0": ["/changed/1.0.0/index.js"],
            "app@9": ["app@9 is no version"],
            "nobody": ["there is no bundle 'nobody'"],
        }.items():
            text = refusal(node, "publish", "@acme/ui@2.0.0", bundle)
            for reason in ["not released", *reasons]:
                expect(reason in text, f"{bundle}: {text}")
        expect_equal(state_of(node), before, "what is released")
        expect_equal(Session(shop, node).version("@acme/ui"), "1.0.0", "what is served")
        expect_equal(node.metric("selvedge_bundle_releases_total"), 1, "releases")


def case_the_graph_of_what_is_released():
    with Shop() as shop, Node(shop.config()) as node:
        publish(node, "1.0.0")
        graph = json.loads(node.admin("/v1/bundles/tokens/graph"))
        expect_equal(graph["name"], "tokens", "name")
        (row,) = graph["versions"]
        expect_equal((row["version"], row["channel"]), ("1.0.0", "latest"), "version")
        expect_equal(row["dependents"], ["@acme/ui@1.0.0", "app@1.0.0"], "dependents")
        (row,) = json.loads(node.admin("/v1/bundles/@acme/ui/graph"))["versions"]
        expect_equal(row["needs"], {"tokens": "1.0.0"}, "needs")
        expect_equal(row["dependents"], ["app@1.0.0"], "dependents of ui")
        try:
            node.admin("/v1/bundles/nobody/graph")
        except urllib.error.HTTPError as error:
            expect_equal(error.code, 404, "of what is not released")
        else:
            raise AssertionError("there is a graph of what is not released")


def case_what_moves_at_the_origin_is_released_by_itself():
    require_program("curl")
    with Shop() as shop, Node(shop.config(follow=True)) as node:
        url = node.url("/app@latest/index.js")
        expect_equal(version_of(url), "2.0.0", "at first")
        wait_until(lambda: version_of(url) and released(node) == {"app": "2.0.0"}, "the first one")
        early = Session(shop, node)
        expect_equal(early.version("app"), "2.0.0", "early")
        shop.pack("app", "2.1.0", {"@acme/ui": "^2.0.0"})
        wait_until(lambda: version_of(url) == "2.1.0", "the release")
        expect_equal(early.version("app"), "2.0.0", "of the early session")
        newest = state_of(node)["releases"][0]
        expect_equal((newest["kind"], newest["who"]), ("origin", "origin"), "kind, who")
        expect_equal(node.metric("selvedge_bundle_releases_total"), 2, "releases")
        # What is broken there is told, and not released.
        shop.pack("app", "2.2.0", {"@acme/gone": "^1.0.0"})

        def is_told() -> bool:
            expect_equal(version_of(url), "2.1.0", "meanwhile")
            return any(
                event["knob"] == "release" and "@acme/gone" in event["why"]
                for event in json.loads(node.admin("/v1/events"))["events"]
            )

        wait_until(is_told, "an event tells of it")
        expect_equal(released(node), {"app": "2.1.0"}, "what is in force")


run_cases(globals())
