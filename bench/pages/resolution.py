"""Whether what the node resolves is what npm resolves: each version alone, the sets that are
released, and mixes of them, of which some need two versions of a package."""

import json
import pathlib
import random
import urllib.parse
import urllib.request

import npm_lock
from npm_lock import Lock, Registry, closure_of_node, difference
from packages import NoPackages, Origin, Package, released_sets
from releases import Releases

from node import Node


class Comparison:
    def __init__(self, node: Node, registry: Registry, cache: pathlib.Path):
        self.node = node
        self._registry = registry
        self._cache = cache
        self.equal = 0
        self.differences: list[str] = []

    def lock(self, dependencies: dict[str, str]) -> Lock:
        return Lock(self._registry, self._cache, dependencies)

    def closure(self, spec: str) -> npm_lock.Closure:
        """As the node has it."""
        url = self.node.url(f"/{urllib.parse.quote(spec, safe='/@')}/?closure")
        with urllib.request.urlopen(url, timeout=30) as answer:
            return closure_of_node(json.load(answer))

    def compare(self, what: str, node: npm_lock.Closure, npm: npm_lock.Closure) -> None:
        text = difference(node, npm)
        if text:
            self.differences.append(f"{what}: {text}")
        else:
            self.equal += 1

    def document(self) -> dict:
        return {"equal": self.equal, "different": len(self.differences),
                "differences": self.differences[:20]}  # fmt: skip


def compare_alone(node: Node, registry: Registry, cache: pathlib.Path, origin: Origin,
                  packages: list[Package]) -> dict:  # fmt: skip
    """Before anything is released."""
    comparison = Comparison(node, registry, cache)
    for package in packages:
        for version in origin.versions(package.name):
            spec = f"{package.name}@{version}"
            npm = comparison.lock({package.name: version}).closure()
            comparison.compare(spec, comparison.closure(spec), npm)
    return comparison.document()


def _released(releases: Releases) -> dict[str, list[str]]:
    """NAME to VERSIONs of all that is in force, what is needed with it among them."""
    channel = releases.state()["stable"]["channels"]["latest"]
    found = {name: [version] for name, version in channel["released"].items()}
    return found | {name: sorted(versions) for name, versions in channel["with"].items()}


def compare_sets(node: Node, registry: Registry, cache: pathlib.Path, releases: Releases,
                 packages: list[Package]) -> dict:  # fmt: skip
    """Releases each, one after the other."""
    comparison = Comparison(node, registry, cache)
    for title, versions in released_sets(packages).items():
        releases.publish(title)
        lock = comparison.lock(versions)
        node_has = _released(releases)
        npm_has = npm_lock.versions_of(lock.closure())
        if node_has == npm_has:
            comparison.equal += 1
        else:
            comparison.differences.append(f"{title}: {node_has} by the node, {npm_has} by npm")
        for package in packages:
            for selector in (versions[package.name], "latest"):
                what = f"{title}: {package.name}@{selector}"
                node_closure = comparison.closure(f"{package.name}@{selector}")
                comparison.compare(what, node_closure, lock.closure(package.name))
    return comparison.document()


def compare_mixes(node: Node, registry: Registry, cache: pathlib.Path, releases: Releases,
                  packages: list[Package], count: int) -> dict:  # fmt: skip
    """Of each package any of its versions. What npm itself refuses is left out."""
    comparison = Comparison(node, registry, cache)
    chance = random.Random(7)
    refused = conflicts = 0
    for number in range(count):
        versions = {package.name: chance.choice(package.versions) for package in packages}
        try:
            npm_has = npm_lock.versions_of(comparison.lock(versions).closure())
        except NoPackages:
            refused += 1
            continue
        conflicts += any(len(found) > 1 for found in npm_has.values())
        # What was in force before would be kept where it serves, as a lock file is.
        releases.withdraw(list(versions))
        releases.publish_these(versions)
        node_has = _released(releases)
        if node_has == npm_has:
            comparison.equal += 1
            continue
        differing = sorted(name for name in node_has.keys() | npm_has.keys()
                           if node_has.get(name) != npm_has.get(name))  # fmt: skip
        said = [f"{n} {node_has.get(n)} by the node, {npm_has.get(n)} by npm" for n in differing]
        comparison.differences.append(f"mix {number} {versions}: {'; '.join(said)}")
    return comparison.document() | {"refused": refused, "with_conflicts": conflicts}
