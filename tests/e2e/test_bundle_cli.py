#!/usr/bin/env python3
"""selvedge bundle pack, verify and closure, on packages such as people have, good and bad."""

import io
import json
import pathlib
import subprocess
import tarfile
import tempfile

from harness import expect, expect_equal, run_cases
from node import SELVEDGE

UI = {
    "name": "@acme/ui",
    "version": "2.3.1",
    "main": "lib/index",
    "module": "./dist/ui.js",
    "dependencies": {"acme-tokens": "^1.4.0", "vendored": "file:../vendored"},
    "peerDependencies": {"icons": "1.x", "react": "*"},
    "peerDependenciesMeta": {"react": {"optional": True}},
}
UI_FILES = {
    "package.json": json.dumps(UI),
    "dist/ui.js": "export {};",
    "dist/ui.js.map": "{}",
    "lib/index.js": "",
    "logo.svg": "<svg/>",
}


def tarball(path: pathlib.Path, files: dict[str, str], prefix: str = "package/") -> str:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))
    return str(path)


def folder(path: pathlib.Path, files: dict[str, str]) -> str:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return str(path)


def bundle(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [SELVEDGE, "bundle", *arguments], capture_output=True, text=True, timeout=60
    )


class Workshop:
    """A folder to make packages in, and the origin's."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        self.origin = self.path / "origin"

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *_) -> None:
        self._directory.cleanup()

    def pack(self, *arguments: str) -> subprocess.CompletedProcess:
        return bundle("pack", "--origin", str(self.origin), *arguments)

    def package(self, name: str, version: str, **dependencies: str) -> str:
        about = {"name": name, "version": version, "dependencies": dependencies}
        file = self.path / f"{name.replace('/', '-')}-{version}.tgz"
        return tarball(file, {"package.json": json.dumps(about), "index.js": f"// {version}"})

    def verify(self) -> dict:
        done = bundle("verify", "--origin", str(self.origin), "-o", "json")
        return json.loads(done.stdout) | {"code": done.returncode}

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.origin)): file.read_bytes()
            for file in sorted(self.origin.rglob("*"))
            if file.is_file()
        }


def refused(done: subprocess.CompletedProcess, *parts: str) -> None:
    expect_equal(done.returncode, 1, f"exit code ({done.stderr})")
    for part in parts:
        expect(part in done.stderr, f"{part!r} is not in {done.stderr!r}")


def case_a_tarball_becomes_a_bundle():
    with Workshop() as shop:
        done = shop.pack(tarball(shop.path / "ui.tgz", UI_FILES), "-o", "json")
        expect_equal(done.returncode, 0, done.stderr)
        (said,) = json.loads(done.stdout)
        expect_equal(said["left_out"], ["dependency vendored: file:../vendored"], "left out")
        expect_equal(said["entry"], ["dist/ui.js"], "entry")
        root = shop.origin / "@acme/ui"
        manifest = json.loads((root / "2.3.1/bundle.json").read_text())
        wanted = {"acme-tokens": "^1.4.0", "icons": "1.x"}
        expect_equal(manifest["dependencies"], wanted, "dependencies")
        classes = {asset["path"]: asset["class"] for asset in manifest["assets"]}
        expect_equal(classes["dist/ui.js"], "critical", "an entry")
        expect_equal(classes["dist/ui.js.map"], "secondary", "a map")
        expect_equal(classes["logo.svg"], "standard", "an image")
        for path, content in UI_FILES.items():
            expect_equal((root / "2.3.1" / path).read_text(), content, path)
        index = json.loads((root / "index.json").read_text())
        expect_equal(index["channels"], {"latest": "2.3.1"}, "channels")


def case_assets_require_what_they_import():
    files = UI_FILES | {
        "dist/ui.js": """#!/usr/bin/env node
            import "icons"; import { color } from 'acme-tokens/dist/tokens.js';
            import "./parts/button.mjs"; export * from "@acme/ui/dist/parts/button.mjs";
            import "./ui.js"; import "./gone.js"; import "react"; import "node:fs";
            const lazy = () => import("../lib/index.js"); // import "../lib/index.js"
            const text = `import "../lib/index.js" ${ /`/.test("import '../lib/index.js'") }`;
        """,
        "dist/parts/button.mjs": 'import ui from "../ui.js"; import "../../../../etc/passwd";',
        "dist/ui.css": "@import 'base.css'; @import url(acme-tokens/tokens.css); a { color: red }",
        "dist/base.css": "a { background: url(../logo.svg) } @import 'ui.css';",
        "README.md": 'import "./dist/ui.js";',
    }
    with Workshop() as shop:
        done = shop.pack(tarball(shop.path / "ui.tgz", files), "-o", "json")
        expect_equal(done.returncode, 0, done.stderr)
        expect_equal(json.loads(done.stdout)[0]["requires"], 6, "count")
        manifest = json.loads((shop.origin / "@acme/ui/2.3.1/bundle.json").read_text())
        said = {one["path"]: one["requires"] for one in manifest["assets"] if "requires" in one}
        wanted = {
            "dist/parts/button.mjs": ["dist/ui.js"],
            "dist/ui.css": ["dist/base.css", "acme-tokens:tokens.css"],
            "dist/ui.js": ["icons:", "acme-tokens:dist/tokens.js", "dist/parts/button.mjs"],
        }
        expect_equal(said, wanted, "requires")
        shop.pack(shop.package("acme-tokens", "1.4.2"), shop.package("icons", "1.0.0"))
        expect_equal(shop.verify()["problems"], [], "verify")


def case_verify_finds_what_is_required_and_not_there():
    with Workshop() as shop:
        files = {"a.js": "import './b.js'", "b.js": ""}
        named = ["--name", "acme", "--version", "1.0.0"]
        shop.pack(folder(shop.path / "acme", files), *named)
        expect_equal(shop.verify()["problems"], [], "at first")
        file = shop.origin / "acme/1.0.0/bundle.json"
        written = file.read_text()
        for changed, problem in (
            ("c.js", "'a.js' requires 'c.js', which is no asset of this bundle"),
            ("lit:", "'a.js' requires 'lit:', which is no dependency"),
        ):
            manifest = json.loads(written)
            manifest["assets"][0]["requires"] = [changed]
            file.write_text(json.dumps(manifest))
            expect_equal(shop.verify()["problems"], [f"{file}: {problem}"], changed)


def case_a_folder_and_its_tarball_are_the_same_bundle():
    with Workshop() as one, Workshop() as other:
        expect_equal(one.pack(tarball(one.path / "ui.tgz", UI_FILES)).returncode, 0, "tarball")
        more = UI_FILES | {".git/config": "x", "node_modules/x/index.js": "x"}
        expect_equal(other.pack(folder(other.path / "ui", more)).returncode, 0, "folder")
        expect_equal(one.files(), other.files(), "files")
        done = one.pack(tarball(one.path / "ui.tgz", UI_FILES))
        expect("was there" in done.stdout, "the same again is no error")


def case_a_version_never_changes():
    with Workshop() as shop:
        shop.pack(tarball(shop.path / "ui.tgz", UI_FILES))
        before = shop.files()
        other = tarball(shop.path / "other.tgz", UI_FILES | {"logo.svg": "<svg></svg>"})
        refused(shop.pack(other), "@acme/ui@2.3.1 is there already and differs")
        expect_equal(shop.files(), before, "files")


def case_latest_is_the_greatest_release():
    with Workshop() as shop:
        for version in ("1.9.0", "1.10.0", "1.2.0", "2.0.0-beta.1"):
            expect_equal(shop.pack(shop.package("a", version)).returncode, 0, version)
        index = json.loads((shop.origin / "a/index.json").read_text())
        expect_equal(index["channels"], {"latest": "1.10.0"}, "channels")
        shop.pack(shop.package("a", "1.2.0"), "--channel", "lts")
        index = json.loads((shop.origin / "a/index.json").read_text())
        expect_equal(index["channels"], {"latest": "1.10.0", "lts": "1.2.0"}, "channels")


def case_bad_packages_say_what_is_wrong_and_leave_nothing():
    with Workshop() as shop:
        path = shop.path
        files = {"package.json": "{", "a.js": ""}
        refused(shop.pack(tarball(path / "a.tgz", files)), "package.json: it is no JSON at line 1")
        escape = {"../../outside.js": "x", "package.json": "{}"}
        refused(shop.pack(tarball(path / "b.tgz", escape)), "is no path inside of a package")
        refused(shop.pack(tarball(path / "c.tgz", {"/etc/x": ""}, "")), "is no path inside")
        refused(shop.pack(tarball(path / "d.tgz", {"a.js": ""})), "say them with --name")
        named = ["--name", "Acme UI", "--version", "1.0.0"]
        refused(shop.pack(str(path / "d.tgz"), *named), "'Acme UI' is no name of a bundle")
        versioned = ["--name", "acme", "--version", "1.0"]
        refused(shop.pack(str(path / "d.tgz"), *versioned), "'1.0' is no version such as 1.2.3")
        (path / "e.tgz").write_bytes((path / "d.tgz").read_bytes()[:60])
        refused(shop.pack(str(path / "e.tgz")), "e.tgz: ")
        (path / "f.tgz").write_text("no tarball")
        refused(shop.pack(str(path / "f.tgz")), "f.tgz: ")
        refused(shop.pack(str(path / "gone.tgz")), "gone.tgz: is not there")
        named = ["--name", "acme", "--version", "1.0.0"]
        missing = [*named, "--entry", "gone.js"]
        refused(shop.pack(str(path / "d.tgz"), *missing), "'gone.js' is none of its files")
        for channel in ("2", "x", "next/1"):
            done = shop.pack(str(path / "d.tgz"), *named, "--channel", channel)
            refused(done, f"'{channel}' is no name of a channel")
        expect(not shop.origin.exists(), f"something was written: {list(shop.origin.rglob('*'))}")


def case_links_are_left_out():
    with Workshop() as shop:
        source = pathlib.Path(folder(shop.path / "ui", UI_FILES))
        (source / "passwd").symlink_to("/etc/passwd")
        done = shop.pack(str(source), "-o", "json")
        expect("passwd" in json.loads(done.stdout)[0]["left_out"], done.stdout)
        expect(not (shop.origin / "@acme/ui/2.3.1/passwd").exists(), "the link was followed")


def case_verify_finds_what_was_changed():
    with Workshop() as shop:
        shop.pack(shop.package("acme-tokens", "1.4.2"), shop.package("icons", "1.0.0"))
        shop.pack(tarball(shop.path / "ui.tgz", UI_FILES))
        expect_equal(shop.verify()["problems"], [], "at first")
        root = shop.origin / "@acme/ui/2.3.1"
        (root / "dist/ui.js").write_text("export {}!")
        (root / "logo.svg").write_text("longer than before")
        (root / "lib/index.js").unlink()
        (root / "stranger.js").write_text("")
        (shop.origin / "acme-tokens/index.json").write_text("{")
        said = shop.verify()
        expect_equal(said["code"], 1, "exit code")
        for part in (
            "dist/ui.js: is sha384-",
            "logo.svg: has 18 bytes, not 6",
            "lib/index.js: is not there",
            "stranger.js: is not in the manifest",
            "acme-tokens/index.json: it is no JSON",
            "@acme/ui@2.3.1: no version of acme-tokens is ^1.4.0",
        ):
            expect(any(part in one for one in said["problems"]), f"{part!r}: {said['problems']}")
        expect_equal(len(said["problems"]), 6, f"problems: {said['problems']}")


def case_a_closure_is_told_with_its_conflicts():
    with Workshop() as shop:
        packages = [
            shop.package("app", "1.0.0", a="1", b="^1.0.0", gone="^3"),
            shop.package("a", "1.0.0", lib="^1"),
            shop.package("b", "1.0.0", lib="^2"),
            shop.package("lib", "1.9.0"),
            shop.package("lib", "2.1.0"),
        ]
        expect_equal(shop.pack(*packages).returncode, 0, "pack")

        def closure(*arguments: str):
            return bundle("closure", "--origin", str(shop.origin), *arguments)

        done = closure("app", "-o", "json")
        said = json.loads(done.stdout)
        expect_equal(done.returncode, 1, "something is missing")
        names = [f"{one['name']}@{one['version']}" for one in said["closure"]]
        wanted = ["app@1.0.0", "a@1.0.0", "b@1.0.0", "lib@1.9.0", "lib@2.1.0"]
        expect_equal(names, wanted, "closure")
        (conflict,) = said["conflicts"]
        through = [(one["by"], one["range"], one["chosen"]) for one in conflict["requirements"]]
        wanted = [("a@1.0.0", "^1", "1.9.0"), ("b@1.0.0", "^2", "2.1.0")]
        expect_equal(through, wanted, "conflict")
        missing = [{"by": "app@1.0.0", "name": "gone", "range": "^3"}]
        expect_equal(said["missing"], missing, "missing")
        done = closure("lib@^1", "--dependents")
        expect_equal(done.stdout, "a@1.0.0\napp@1.0.0\n", "dependents")
        refused(closure("lib@^7"), "no version of lib is '^7'")
        refused(closure("gone"), "there is no bundle 'gone'")
        refused(closure("../x"), "names no bundle")


run_cases(globals())
