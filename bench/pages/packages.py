"""Real packages of npm in an origin's folder, with everything that they need.

Tarballs are kept between runs, and only those that are missing are asked for. See packages.txt.
"""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SETS = ("spring", "summer", "autumn", "winter")
PAGE = "page"  # a bundle of the document that browsers begin with, so that all is of one host
DOCUMENT = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body></body>\n"
AT_ONCE = 20  # packages of one npm


class NoPackages(RuntimeError):
    """They cannot be had here: there is no npm, or no network."""


@dataclasses.dataclass(frozen=True)
class Package:
    name: str
    versions: tuple[str, ...]  # one a set
    is_root: bool  # pages begin with it


def read_packages() -> list[Package]:
    packages = []
    for line in (HERE / "packages.txt").read_text().splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        is_root = words[0] == "+"
        name, *versions = words[1:] if is_root else words
        if len(versions) != len(SETS):
            raise ValueError(f"packages.txt: {name} has no version for each of {', '.join(SETS)}")
        packages.append(Package(name, tuple(versions), is_root))
    return packages


def released_sets(packages: list[Package]) -> dict[str, dict[str, str]]:
    """Of each set, NAME to VERSION."""
    return {
        title: {package.name: package.versions[number] for package in packages}
        for number, title in enumerate(SETS)
    }


class Origin:
    """An origin's folder that `selvedge bundle pack` fills."""

    def __init__(self, selvedge: pathlib.Path, work: pathlib.Path):
        self.selvedge = selvedge
        self.tarballs = work / "tarballs"
        self.root = work / "origin"
        self._known = self.tarballs / "ranges.json"  # what npm took for which range

    # --- filling

    def fill(self, packages: list[Package]) -> None:
        """All versions of all packages, and what they need, until nothing is missing."""
        # A version that is there never changes, but the program that packs it may have.
        shutil.rmtree(self.root, ignore_errors=True)
        roots = sorted({f"{p.name}@{version}" for p in packages for version in p.versions})
        self.pack(roots)
        while missing := self._missing(roots):
            self.pack(missing)
        self._pack_page()

    def _missing(self, roots: list[str]) -> list[str]:
        """NAME@RANGE of what the closures lack."""
        found = set()
        for spec in roots:
            command = [self.selvedge, "bundle", "closure", spec, "--origin", self.root]
            # Its exit code says that something is missing, too.
            run = subprocess.run([*command, "-o", "json"], capture_output=True, text=True)
            if not run.stdout:
                raise RuntimeError(f"bundle closure {spec}: {run.stderr}")
            found |= {f"{one['name']}@{one['range']}" for one in json.loads(run.stdout)["missing"]}
        return sorted(found)

    def pack(self, specs: list[str]) -> None:
        if not specs:
            return
        if shutil.which("npm") is None:
            raise NoPackages("npm is not installed")
        self.tarballs.mkdir(parents=True, exist_ok=True)
        self._run_pack(self._tarballs_of(specs))

    def _run_pack(self, sources: list, *options: str) -> None:
        command = [self.selvedge, "bundle", "pack", *sources, "--origin", self.root, *options]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"bundle pack: {run.stderr}")

    def _pack_page(self) -> None:
        with tempfile.TemporaryDirectory(prefix="selvedge-pages-") as folder:
            (pathlib.Path(folder) / "page.html").write_text(DOCUMENT)
            self._run_pack([folder], "--name", PAGE, "--version", "1.0.0")

    def _tarballs_of(self, specs: list[str]) -> list[pathlib.Path]:
        known = json.loads(self._known.read_text()) if self._known.exists() else {}
        wanted = [s for s in specs if not (s in known and (self.tarballs / known[s]).exists())]
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            # In the order they were asked for.
            for spec, made in zip(some, self._npm_pack(some), strict=True):
                known[spec] = made["filename"]
            self._known.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        return sorted({self.tarballs / known[spec] for spec in specs})

    def _npm_pack(self, specs: list[str]) -> list[dict]:
        command = ["npm", "pack", "--json", "--pack-destination", self.tarballs, *specs]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            raise NoPackages("npm pack took more than 300 s") from None
        if run.returncode != 0:
            last_line = (run.stderr.strip().splitlines() or ["no message"])[-1]
            raise NoPackages(f"npm pack {' '.join(specs)}: {last_line}")
        return json.loads(run.stdout)

    # --- what is there

    def names(self) -> list[str]:
        """Of the packages: what they are without the document."""
        found = [*self.root.glob("*/index.json"), *self.root.glob("@*/*/index.json")]
        names = {str(index.parent.relative_to(self.root)) for index in found}
        return sorted(names - {PAGE})

    def versions(self, name: str) -> list[str]:
        return list(json.loads((self.root / name / "index.json").read_text())["versions"])

    def manifest(self, name: str, version: str) -> dict:
        return json.loads((self.root / name / version / "bundle.json").read_text())

    def package_json(self, name: str, version: str) -> dict:
        return json.loads((self.root / name / version / "package.json").read_text())

    def table(self) -> list[dict]:
        rows = []
        for name in self.names():
            assets = [self.manifest(name, v)["assets"] for v in self.versions(name)]
            rows.append(
                {
                    "package": name,
                    "versions": len(assets),
                    "assets": sum(len(one) for one in assets),
                    "bytes": sum(asset["size"] for one in assets for asset in one),
                }
            )
        return rows


def text_of(rows: list[dict]) -> str:
    """As markdown."""
    lines = ["| package | versions | assets | MiB |", "|---|---|---|---|"]
    total = {"package": f"{len(rows)} packages"}
    total |= {key: sum(row[key] for row in rows) for key in ("versions", "assets", "bytes")}
    for row in [*rows, total]:
        figures = f"{row['versions']} | {row['assets']:,} | {row['bytes'] / 2**20:.2f}"
        lines.append(f"| {row['package']} | {figures} |")
    return "\n".join(lines)
