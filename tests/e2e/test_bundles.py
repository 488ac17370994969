#!/usr/bin/env python3
"""Bundles from pack to client: what npm resolves is what is served, before a folder and before
an HTTP server that fails."""

import io
import json
import pathlib
import signal
import subprocess
import tarfile
import tempfile

from client import Answer, curl
from harness import expect, expect_equal, require_program, run_cases, wait_until
from node import (
    SELVEDGE,
    Node,
    config_for,
    directory_origin,
    http_origin,
    run_selvedge,
    to_yaml,
)
from origin import Origin

BUNDLES = {"enabled": True, "index_lifetime": "1s"}


def package(where: pathlib.Path, name: str, version: str, **dependencies: str) -> str:
    """A tarball as npm has it, with a script that says its version."""
    about = {"name": name, "version": version, "dependencies": dependencies, "main": "index.js"}
    files = {"package.json": json.dumps(about), "index.js": f"export default '{version}';"}
    path = where / f"{name.replace('/', '-')}-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for file, content in files.items():
            entry = tarfile.TarInfo(f"package/{file}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return str(path)


def pack(origin: pathlib.Path, *sources: str, **options: str) -> None:
    arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
    command = [SELVEDGE, "bundle", "pack", *sources, "--origin", str(origin), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect_equal(done.returncode, 0, done.stderr)


def config_of(origin: dict, **bundles) -> dict:
    config = config_for(origin)
    config["sites"][0]["routes"][0]["bundles"] = BUNDLES | bundles
    return config


def version_in(answer: Answer) -> str:
    expect_equal(answer.status, 200, "status")
    return answer.body.decode().split("'")[1]


def lifetime_of_selector(answer: Answer, who: str) -> str:
    """A minute from now, however old what is stored is."""
    return f"{who}, max-age={60 + int(answer.field('age') or 0)}"


class Shop:
    """Three versions of @acme/ui in an origin's folder."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        self.origin = self.path / "origin"
        self.publish("2.3.0", "2.3.1")
        self.publish("3.0.0-beta.1", channel="beta")

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_) -> None:
        self._directory.cleanup()

    def publish(self, *versions: str, **options: str) -> None:
        pack(self.origin, *(package(self.path, "@acme/ui", v) for v in versions), **options)


def case_selectors_are_served_over_both_protocols():
    require_program("curl")
    with Shop() as shop, Node(config_of(directory_origin(shop.origin)), tls=True) as node:
        for protocol, listener in (("h1", "http"), ("h2", "https")):
            for selector, version in (
                ("@2.3.0", "2.3.0"),
                ("@%5E2.3", "2.3.1"),
                ("@latest", "2.3.1"),
                ("", "2.3.1"),
                ("@beta", "3.0.0-beta.1"),
                ("@~2.3.0", "2.3.1"),
            ):
                url = node.url(f"/@acme/ui{selector}/index.js", listener)
                answer = curl(url, protocol)
                expect_equal(version_in(answer), version, selector)
                location = answer.field("content-location")
                exact = selector == f"@{version}"
                wanted = "" if exact else f"/@acme/ui@{version}/index.js"
                expect_equal(location, wanted, f"location of {selector}")
                if exact:
                    lifetime = "public, max-age=31536000, immutable"
                else:
                    lifetime = lifetime_of_selector(answer, "public")
                expect_equal(answer.field("cache-control"), lifetime, selector)
            manifest = json.loads(curl(node.url("/@acme/ui@2/", listener), protocol).body)
            expect_equal(manifest["version"], "2.3.1", "manifest")
            gone = curl(node.url("/@acme/ui@4/index.js", listener), protocol)
            expect_equal(gone.status, 404, "no such version")


def case_a_new_version_is_seen_and_what_was_fetched_stays():
    require_program("curl")
    with Shop() as shop, Node(config_of(directory_origin(shop.origin))) as node:
        url = node.url("/@acme/ui@latest/index.js")
        expect_equal(version_in(curl(url)), "2.3.1", "before")
        shop.publish("2.4.0")
        wait_until(lambda: version_in(curl(url)) == "2.4.0", "the new version is seen")
        expect(curl(node.url("/@acme/ui@2.3.1/index.js")).is_hit, "the old one is still a hit")
        expect(node.metric('selvedge_bundle_indexes_total{result="taken"}') >= 2, "indexes")


def case_a_broken_index_changes_nothing():
    require_program("curl")
    with Shop() as shop, Node(config_of(directory_origin(shop.origin))) as node:
        url = node.url("/@acme/ui@latest/index.js")
        expect_equal(version_in(curl(url)), "2.3.1", "before")
        (shop.origin / "@acme/ui/index.json").write_text('{"name": "@acme/ui", "versions": ')

        def is_noticed() -> bool:
            expect_equal(version_in(curl(url)), "2.3.1", "meanwhile")
            return node.metric('selvedge_bundle_indexes_total{result="bad"}') > 0

        wait_until(is_noticed, "the broken index is counted")
        expect_equal(version_in(curl(url)), "2.3.1", "after")


def case_the_last_index_is_used_while_the_origin_is_away():
    require_program("curl")
    index = {"name": "ui", "channels": {"latest": "1.0.0"}, "versions": {"1.0.0": {}}}
    is_away = []

    def answer(exchange):
        if is_away:
            return exchange.respond(b"no", status="503 Service Unavailable")
        if exchange.target.endswith("bundle.json"):
            return exchange.respond(b"no", status="404 Not Found")
        is_index = exchange.target.endswith("index.json")
        exchange.respond(json.dumps(index).encode() if is_index else b"export default '1.0.0';")

    with Origin(fallback=answer) as origin:
        with Node(config_of(http_origin(origin.address), index_stale="1h")) as node:
            url = node.url("/ui@1/index.js")
            expect_equal(version_in(curl(url)), "1.0.0", "before")
            is_away.append(True)

            def has_failed() -> bool:
                expect_equal(version_in(curl(url)), "1.0.0", "meanwhile")
                return node.metric('selvedge_bundle_indexes_total{result="failed"}') > 0

            wait_until(has_failed, "the origin was asked in vain")
            other = curl(node.url("/other@1/index.js"))
            expect_equal(other.status, 502, "of which nothing is known")


def case_a_redirect_by_policy():
    require_program("curl")
    with Shop() as shop:
        config = config_of(directory_origin(shop.origin), selectors="redirect")
        with Node(config) as node:
            answer = curl(node.url("/@acme/ui@%5E2/index.js?x=1"))
            expect_equal(answer.status, 307, "status")
            expect_equal(answer.field("location"), "/@acme/ui@2.3.1/index.js?x=1", "location")
            followed = curl(node.url("/@acme/ui@%5E2/index.js"), "h1", "--location")
            expect_equal(version_in(followed), "2.3.1", "followed")


def case_a_session_keeps_its_versions_across_a_release_and_a_restart():
    require_program("curl")
    with Shop() as shop:
        keys, jar = shop.path / "keys", str(shop.path / "cookies")
        keys.write_text("k1 BsCXNGmw0iYl4FhWOi0jDA==\n")
        config = config_of(
            directory_origin(shop.origin),
            sessions={"enabled": True, "key_file": str(keys), "lifetime": "1h"},
        )
        path = "/@acme/ui@latest/index.js"
        session = ["--cookie", jar, "--cookie-jar", jar]
        with Node(config) as node:
            expect_equal(version_in(curl(node.url(path), "h1", *session)), "2.3.1", "at first")
            shop.publish("2.4.0")
            wait_until(lambda: version_in(curl(node.url(path))) == "2.4.0", "the release")
            answer = curl(node.url(path), "h1", *session)
            expect_equal(version_in(answer), "2.3.1", "of the session")
            expect_equal(answer.field("cache-control"), "private, no-cache", "cache-control")
            held = json.loads(node.admin("/v1/bundles"))["sessions"]
            by_version = {one["version"]: one["this_hour"] + one["last_hour"] for one in held}
            expect_equal(by_version["2.3.1"] >= 1, True, f"sessions: {held}")
            expect_equal({one["bundle"] for one in held}, {"@acme/ui"}, "bundles")
        keys.write_text("k2 6u3xDPZwuqk5FmWVvGEJIg==\n" + keys.read_text())
        with Node(config) as node:
            expect_equal(version_in(curl(node.url(path), "h1", *session)), "2.3.1", "restarted")
            expect_equal(version_in(curl(node.url(path))), "2.4.0", "another session")


def case_keys_of_sessions_that_cannot_be_used_are_refused():
    with Shop() as shop:
        keys = shop.path / "keys"
        keys.write_text("k1 short\n")
        config = config_of(
            directory_origin(shop.origin), sessions={"enabled": True, "key_file": str(keys)}
        )
        file = shop.path / "node.yaml"
        file.write_text(to_yaml(config))
        done = run_selvedge("check", "-c", str(file))
        expect_equal(done.returncode, 1, "exit code")
        expect("keys: line 1: is no key" in done.stderr, done.stderr)
        keys.write_text("k1 BsCXNGmw0iYl4FhWOi0jDA==\n")
        with Node(config) as node:
            keys.unlink()
            node.signal(signal.SIGHUP)

            def is_refused() -> bool:
                return node.metric("selvedge_config_last_reload_successful") == 0

            wait_until(is_refused, "the reload is refused")
            expect_equal(curl(node.url("/@acme/ui@2/index.js")).status, 200, "what was there")


def case_an_asset_is_purged_by_its_exact_url():
    require_program("curl")
    with Shop() as shop, Node(config_of(directory_origin(shop.origin))) as node:
        url = node.url("/@acme/ui@2.3.1/index.js")
        curl(url)
        expect(curl(url).is_hit, "stored")
        receipt = json.loads(node.admin("/v1/purge", {"urls": [url]}))
        expect_equal(receipt["matched"], 1, "matched")
        expect(not curl(url).is_hit, "purged")


run_cases(globals())
