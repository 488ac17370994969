"""Real UI packages from the npm registry, unpacked as an origin has them: NAME/VERSION/PATH.

Tarballs are kept in $XDG_CACHE_HOME/selvedge-tests (or ~/.cache/selvedge-tests) between runs.
"""

import os
import pathlib
import subprocess
import tarfile

from harness import require_program, skip

PACKAGES = {
    "bootstrap": "5.3.9",
    "@fortawesome/fontawesome-free": "7.3.1",
    "@carbon/web-components": "2.63.0",
    "@shoelace-style/shoelace": "2.20.1",
    "hero-patterns": "2.1.0",
}


def downloads() -> pathlib.Path:
    """Where what was downloaded is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    directory = pathlib.Path(base) / "selvedge-tests"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _tarball(name: str, version: str) -> pathlib.Path:
    """npm names the file of @scope/name scope-name-VERSION.tgz."""
    target = downloads() / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    if target.exists():
        return target
    require_program("npm")
    try:
        run = subprocess.run(
            ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", target.parent],
            capture_output=True,
            text=True,
            timeout=120,
        )
    except subprocess.TimeoutExpired:
        skip(f"npm pack {name}@{version} took more than 120 s")
    if run.returncode != 0 or not target.exists():
        target.unlink(missing_ok=True)
        last_line = (run.stderr.strip().splitlines() or ["no message"])[-1]
        skip(f"npm pack {name}@{version} failed: {last_line}")
    return target


def unpack_all(root: pathlib.Path) -> list[str]:
    """The paths, relative to root, of every file of every package that an origin may serve."""
    for name, version in PACKAGES.items():
        target = root / name / version
        with tarfile.open(_tarball(name, version)) as archive:
            for member in archive.getmembers():
                # npm puts everything below one folder, most often "package".
                _, _, path = member.name.partition("/")
                if member.isfile() and path and ".." not in path.split("/"):
                    file = target / path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(archive.extractfile(member).read())
    paths = (file.relative_to(root) for file in sorted(root.rglob("*")) if file.is_file())
    # A directory origin serves no dot files.
    return [str(path) for path in paths if not any(part.startswith(".") for part in path.parts)]
