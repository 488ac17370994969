#!/usr/bin/env python3
"""Writes bundle.json of every version below this folder: true sizes, types and integrity.

usage: manifest.py [--check]     --check writes nothing, names stale manifests and exits 1

What a size or a hash cannot tell (class, requires, dependencies, entry) is taken from DESCRIPTIONS.
"""

import base64
import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

_COMPONENT = {"class": "core", "requires": ["element.js", "acme-tokens:index.js"]}
DESCRIPTIONS = {
    "acme-tokens": {
        "dependencies": {},
        "entry": ["tokens.css", "index.js"],
        "assets": {
            "tokens.css": {"class": "core"},
            "index.js": {"class": "core", "requires": ["icons.svg"]},
            "icons.svg": {"class": "standard"},
            "tokens.json": {"class": "secondary"},
        },
    },
    "acme-ui": {
        "dependencies": {"acme-tokens": "^1.4.0"},
        "entry": ["index.js"],
        "assets": {
            "index.js": {
                "class": "core",
                "requires": ["button.js", "card.js", "dialog.js", "tabs.js"]
                + ["acme-tokens:tokens.css"],
            },
            "element.js": {"class": "core"},
            "button.js": _COMPONENT | {"requires": _COMPONENT["requires"] + ["button.css"]},
            "card.js": _COMPONENT | {"requires": _COMPONENT["requires"] + ["card.css"]},
            "dialog.js": {
                "class": "standard",
                "requires": _COMPONENT["requires"] + ["dialog.css"],
            },
            "tabs.js": {"class": "standard", "requires": ["element.js", "tabs.css"]},
            "button.css": {"class": "core"},
            "card.css": {"class": "core"},
            "dialog.css": {"class": "standard"},
            "tabs.css": {"class": "standard"},
            "demo.html": {"class": "secondary", "requires": ["demo.css", "demo.js"]},
            "demo.css": {"class": "secondary"},
            "demo.js": {"class": "secondary", "requires": ["index.js"]},
        },
    },
}


def integrity(content: bytes) -> str:
    """Subresource Integrity's form of a SHA-384 digest."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def manifest(version_directory: pathlib.Path) -> dict:
    name = version_directory.parent.name
    description = DESCRIPTIONS[name]
    assets = []
    for path in sorted(version_directory.rglob("*")):
        relative = path.relative_to(version_directory).as_posix()
        if path.is_dir() or relative == "bundle.json":
            continue
        content = path.read_bytes()
        about = description["assets"][relative]
        assets.append(
            {
                "path": relative,
                "size": len(content),
                "type": TYPES[path.suffix],
                "integrity": integrity(content),
                "class": about["class"],
                "requires": about.get("requires", []),
            }
        )
    return {
        "name": name,
        "version": version_directory.name,
        "assets": assets,
        "dependencies": description["dependencies"],
        "entry": description["entry"],
    }


def version_directories() -> list[pathlib.Path]:
    return sorted(
        index.parent / version
        for index in ROOT.glob("*/index.json")
        for version in json.loads(index.read_text())["versions"]
    )


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for directory in version_directories():
        target = directory / "bundle.json"
        text = json.dumps(manifest(directory), indent=2) + "\n"
        if target.exists() and target.read_text() == text:
            continue
        stale += 1
        print(f"{target.relative_to(ROOT)}: {'stale' if check else 'written'}")
        if not check:
            target.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
