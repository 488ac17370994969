#!/usr/bin/env python3
"""The manifests of the demo's bundles have the true sizes and hashes, and point at what exists."""

import importlib.util
import json

from sources import SOURCE, report

DEMO = SOURCE / "config" / "demo"


def load_manifest_script():
    spec = importlib.util.spec_from_file_location("manifest", DEMO / "manifest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dangling(bundle: dict) -> list[str]:
    """Names in `requires` and `entry` that are no asset; "dep:path" must exist in some version."""
    own = {asset["path"] for asset in bundle["assets"]}
    names = [*bundle["entry"], *(name for asset in bundle["assets"] for name in asset["requires"])]
    missing = []
    for name in names:
        dependency, colon, path = name.partition(":")
        if not colon:
            found = name in own
        else:
            versions = DEMO.glob(f"{dependency}/*/{path}")
            found = dependency in bundle["dependencies"] and any(versions)
        if not found:
            missing.append(name)
    return missing


def main() -> None:
    script = load_manifest_script()
    findings = []
    directories = script.version_directories()
    for directory in directories:
        target = directory / "bundle.json"
        name = str(target.relative_to(SOURCE))
        written = json.loads(target.read_text()) if target.exists() else None
        if written != script.manifest(directory):
            findings.append(f"{name}: stale; run config/demo/manifest.py")
        else:
            findings += [f"{name}: {missing} does not exist" for missing in dangling(written)]
    report(findings, len(directories), "manifests")


main()
