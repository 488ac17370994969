"""Writes what page_loads.cpp asks for, and runs it."""

import json
import pathlib
import subprocess

from npm_lock import Closure, versions_of
from packages import Origin, Package

PAGE_TIME = 2  # seconds, of the node: longer than a page takes here
ASSETS = 9  # of a page, beside its entry
LARGEST = 48 << 10  # bytes of an asset
SCRIPTS = (".js", ".mjs", ".css")


def selectors_of(versions: list[str]) -> list[str]:
    """What admits all of these: "@latest", "" and, where there is one, a range."""
    selectors = ["@latest", ""]
    majors = {version.split(".")[0] for version in versions}
    minors = {".".join(version.split(".")[:2]) for version in versions}
    if len(majors) == 1 and majors != {"0"}:
        selectors.append(f"@%5E{majors.pop()}")
    elif len(minors) == 1:
        selectors.append(f"@~{minors.pop()}")
    return selectors


class Assets:
    """What all released versions of each bundle have."""

    def __init__(self, origin: Origin, closures: dict[str, Closure]):
        self.versions: dict[str, list[str]] = {}
        for closure in closures.values():
            for name, versions in versions_of(closure).items():
                known = self.versions.setdefault(name, [])
                known += [version for version in versions if version not in known]
        self.paths = {name: self._common(origin, name) for name in self.versions}

    def _common(self, origin: Origin, name: str) -> list[str]:
        """The entries first."""
        manifests = [origin.manifest(name, version) for version in self.versions[name]]
        sizes = [{a["path"]: a["size"] for a in manifest["assets"]} for manifest in manifests]
        entries = [p for p in manifests[0].get("entry", []) if all(p in of for of in sizes)]
        common = set(sizes[0]).intersection(*sizes[1:])
        scripts = sorted(
            path for path in common
            if path.endswith(SCRIPTS) and max(of[path] for of in sizes) <= LARGEST
        )  # fmt: skip
        others = scripts or sorted(common)[:1]
        return list(dict.fromkeys([*entries, *others]))

    def targets(self, name: str, path: str) -> list[str]:
        return [f"/{name}{selector}/{path}" for selector in selectors_of(self.versions[name])]


def page_of(root: str, assets: Assets, closures: dict[str, Closure]) -> dict:
    """Its entry first, then of each bundle that it needs in any set some assets, in turns."""
    names = set()
    for closure in closures.values():
        places = [spec for spec in closure if spec.rpartition("@")[0] == root]
        seen = set(places)
        while places:
            for name, version in closure[places.pop()]:
                if (spec := f"{name}@{version}") not in seen:
                    seen.add(spec)
                    places.append(spec)
        of_set = {spec.rpartition("@")[0] for spec in seen}
        names = names & of_set if names else of_set
    others = [root, *sorted(names - {root})]
    entry = assets.paths[root][0]
    then = []
    for turn in range(ASSETS):
        for name in others:
            # An entry of the root would begin another page.
            paths = [p for p in assets.paths[name] if name != root or p != entry]
            if turn < len(paths) and len(then) < ASSETS and (name != root or turn > 0):
                then.append(assets.targets(name, paths[turn]))
    return {"root": root, "entry": assets.targets(root, entry), "then": then}


def scenario_of(origin: Origin, packages: list[Package], closures: dict[str, Closure]) -> dict:
    assets = Assets(origin, closures)
    roots = [package.name for package in packages if package.is_root]
    return {
        "cookie": "selvedge-pin",
        "origin": str(origin.root),
        # Longer than a page lasts by the node's configuration: what was taken back is lost then.
        "rest": {"every": 50, "milliseconds": 1000 * PAGE_TIME + 1500},
        "sets": {title: versions_of(closure) for title, closure in closures.items()},
        "pages": [page_of(root, assets, closures) for root in roots],
        "paths": {name: paths[:1] for name, paths in assets.paths.items()},
    }


def run_load(program: pathlib.Path, scenario: dict, work: pathlib.Path, port: int, pages: int,
             seconds: int, users: int) -> dict:  # fmt: skip
    """The program's report; "good" says whether all was well."""
    file = work / "scenario.json"
    file.write_text(json.dumps(scenario, indent=1) + "\n")
    command = [program, file, port, pages, seconds, users]
    run = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=seconds + 60
    )
    if not run.stdout:
        raise RuntimeError(f"page loads: {run.stderr}")
    return json.loads(run.stdout) | {"good": run.returncode == 0}
