"""What a client that has the version before gets, of every release of real packages."""

import json
import pathlib
import re
import shutil
import statistics
import subprocess
import time

from asset_client import AssetClient, decoded
from packages import NoPackages, Origin

HERE = pathlib.Path(__file__).resolve().parent
LEAST = 20_000  # bytes of a script or a style sheet
PATIENCE = 60  # seconds for one difference


def key_of(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def kind_of(old: str, new: str) -> str:
    before, after = key_of(old), key_of(new)
    if before[0] != after[0]:
        return "major"
    return "minor" if before[1] != after[1] else "patch"


def releases_of(name: str, first: str, last: str) -> list[str]:
    if shutil.which("npm") is None:
        raise NoPackages("npm is not installed")
    command = ["npm", "view", name, "versions", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise NoPackages(f"npm view {name}: {run.stderr.strip().splitlines()[-1:]}")
    stable = [one for one in json.loads(run.stdout) if re.fullmatch(r"\d+\.\d+\.\d+", one)]
    between = [one for one in stable if key_of(first) <= key_of(one) <= key_of(last)]
    return sorted(between, key=key_of)


class Assets:
    """The files of pairs.txt in an origin's folder."""

    def __init__(self, origin: Origin):
        self.origin = origin
        self.rows: list[tuple[str, str, list[str]]] = []

    def fill(self) -> None:
        for line in (HERE / "pairs.txt").read_text().splitlines():
            words = line.partition("#")[0].split()
            if words:
                name, file, first, last = words
                self.rows.append((name, file, releases_of(name, first, last)))
        specs = {f"{name}@{version}" for name, _, versions in self.rows for version in versions}
        self.origin.pack(sorted(specs))

    def content(self, name: str, version: str, file: str) -> bytes | None:
        path = self.origin.root / name / version / file
        return path.read_bytes() if path.exists() else None

    def pairs(self):
        for name, file, versions in self.rows:
            has_it = [one for one in versions if self.content(name, one, file) is not None]
            for old, new in zip(has_it, has_it[1:]):
                if len(self.content(name, new, file)) >= LEAST:
                    yield name, file, old, new


def brotli_size(content: bytes) -> int:
    command = ["brotli", "-q", "11", "-w", "24", "-c"]
    return len(subprocess.run(command, input=content, capture_output=True, check=True).stdout)


def transfer(node, client: AssetClient, url: str, dictionary: bytes) -> tuple[str, bytes]:
    """What comes once the difference was made, or was found not to be worth it."""
    not_worth = 'selvedge_dictionary_not_made_total{reason="too-large"}'
    before = node.metric(not_worth)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        coding, content = client.get(url, dictionary)
        if coding == "dcz" or node.metric(not_worth) > before:
            return coding, content
        time.sleep(0.02)
    raise RuntimeError(f"{url}: no difference within {PATIENCE} s")


def measure(node, assets: Assets) -> list[dict]:
    client = AssetClient(node)
    rows = []
    for name, file, old, new in assets.pairs():
        before, after = assets.content(name, old, file), assets.content(name, new, file)
        client.get(f"/{name}@{old}/{file}")  # so that the node has it
        coding, content = transfer(node, client, f"/{name}@{new}/{file}", before)
        if decoded(content, coding, before) != after:
            raise RuntimeError(f"{name}@{new}/{file} in {coding} is something else")
        brotli = brotli_size(after)
        rows.append({
            "package": name, "file": file, "from": old, "to": new, "kind": kind_of(old, new),
            "bytes": len(after), "brotli": brotli, "coding": coding, "transfer": len(content),
            "percent": 100 * len(content) / brotli,
        })  # fmt: skip
    client.close()
    return rows


def medians(rows: list[dict]) -> dict:
    kinds = {}
    for kind in ("patch", "minor", "major", "all"):
        of_kind = [row["percent"] for row in rows if kind in (row["kind"], "all")]
        if of_kind:
            kinds[kind] = {"pairs": len(of_kind), "median_percent": statistics.median(of_kind)}
    return kinds


def text_of(rows: list[dict]) -> str:
    """As markdown."""
    lines = ["| file | from | to | release | bytes | brotli -11 | sent | % |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        sent = f"{row['transfer']:,}" + ("" if row["coding"] == "dcz" else f" ({row['coding']})")
        lines.append(
            f"| {row['package']}/{row['file']} | {row['from']} | {row['to']} | {row['kind']} "
            f"| {row['bytes']:,} | {row['brotli']:,} | {sent} | {row['percent']:.1f} |"
        )
    lines += ["", "| releases | pairs | median % of brotli -11 |", "|---|---|---|"]
    for kind, found in medians(rows).items():
        lines.append(f"| {kind} | {found['pairs']} | {found['median_percent']:.1f} |")
    return "\n".join(lines)
