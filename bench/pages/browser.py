"""Runs browser.mjs: pages in headless Chromium, by playwright-core."""

import json
import pathlib
import shutil
import subprocess

from load import Assets, selectors_of
from npm_lock import Closure, versions_of
from packages import PAGE, Origin, Package

DOCUMENT = f"/{PAGE}@1.0.0/page.html"
PAGE_TIME = 5  # seconds, of the node: longer than a page takes here
CONDITIONS = ("browser", "import", "module", "default")


class NoBrowser(RuntimeError):
    """There is no Chromium, or no playwright-core."""


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise NoBrowser("no Chromium is installed (Debian: apt-get install chromium)")


def tools(work: pathlib.Path) -> pathlib.Path:
    """A folder with playwright-core in it."""
    folder = work / "tools"
    if (folder / "node_modules" / "playwright-core").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    command = ["npm", "install", "--no-audit", "--no-fund", "playwright-core"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        raise NoBrowser(f"npm install playwright-core: {run.stderr.strip()[-300:]}")
    return folder


def _target(exports) -> str | None:
    """What a browser's import of it is (Node.js, Conditional exports: the first that holds)."""
    if isinstance(exports, str):
        return exports.removeprefix("./")
    if not isinstance(exports, dict):
        return None
    for condition, value in exports.items():
        if condition in CONDITIONS and (found := _target(value)):
            return found
    return None


def imports_of(about: dict) -> dict[str, str]:
    """Of a package.json: "" and "/SUBPATH" to a path."""
    name_of_main = about.get("module") or about.get("main") or "index.js"
    found = {"": name_of_main.removeprefix("./")}
    exports = about.get("exports")
    if isinstance(exports, dict) and any(key.startswith(".") for key in exports):
        for subpath, value in exports.items():
            if "*" not in subpath and (path := _target(value)):
                found[subpath.removeprefix(".")] = path
    elif exports and (path := _target(exports)):
        found[""] = path
    return found


def import_map(origin: Origin, closures: dict[str, Closure]) -> dict:
    """As a page has it that leaves the versions to the node: by ranges, else by `latest`. Only what
    is the same in all released versions."""
    imports = {}
    for name, versions in Assets(origin, closures).versions.items():
        url = f"/{name}{selectors_of(versions)[-1] or '@latest'}/"
        of_all = [imports_of(origin.package_json(name, version)) for version in versions]
        for subpath, path in of_all[0].items():
            if all(one.get(subpath) == path for one in of_all):
                imports[name + subpath] = url + path
        imports[name + "/"] = url
    return {"imports": imports}


def run_browser(origin: Origin, packages: list[Package], closures: dict[str, Closure],
                work: pathlib.Path, port: int, pages: int = 0, users: int = 3) -> dict:  # fmt: skip
    """Every root once by its closure and once by selectors; or so many pages."""
    job = {
        "browser": chromium(),
        "tools": str(tools(work) / "package.json"),
        "port": port,
        "document": DOCUMENT,
        "roots": [package.name for package in packages if package.is_root],
        "sets": {title: versions_of(closure) for title, closure in closures.items()},
        "importmap": import_map(origin, closures),
        "pages": pages,
        "users": users,
        "rests": 10,  # a rest every so many pages
        "restMs": 1000 * (PAGE_TIME + 1),
    }
    file = work / "browser.json"
    file.write_text(json.dumps(job, indent=1) + "\n")
    script = pathlib.Path(__file__).with_name("browser.mjs")
    run = subprocess.run(
        ["node", str(script), str(file)], capture_output=True, text=True, timeout=600 + 5 * pages
    )
    if run.returncode != 0:
        raise RuntimeError(f"browser: {run.stderr.strip()[-1000:]}")
    return json.loads(run.stdout)
