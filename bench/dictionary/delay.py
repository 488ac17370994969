"""What hits notice while differences are made, and what a hit of one costs."""

import json
import os
import pathlib
import statistics
import subprocess
import time

import made_up
from asset_client import AssetClient, digest_field

MADE = 'selvedge_coding_variants_total{coding="dcz"}'
SMALL = made_up.url("1.0.0", "small.css")
LINES = 1000  # of each asset that differences are made of


def wait_for_variant(client: AssetClient, url: str, has: bytes) -> int:
    """Bytes of the difference, once there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        coding, content = client.get(url, has)
        if coding == "dcz":
            return len(content)
        time.sleep(0.02)
    raise RuntimeError(f"{url}: no difference was made")


class Delay:
    """p99 of a client at a steady rate, without and while differences are made."""

    def __init__(self, arguments, node, root: pathlib.Path):
        self.arguments = arguments
        self.node = node
        self.core = str(sorted(os.sched_getaffinity(0))[-1])
        made_up.write(root, "1.0.0", "small.css", made_up.noise(1024, 1))
        self.scripts = [made_up.script(LINES, 0, seed).encode() for seed in range(arguments.count)]
        for seed, old in enumerate(self.scripts):
            made_up.write(root, "1.0.0", f"{seed}.js", old.decode())
            made_up.write(root, "1.0.1", f"{seed}.js", made_up.script(LINES, 1, seed))

    def window(self) -> dict:
        arguments = self.arguments
        command = ["taskset", "-c", self.core]
        command += ["chrt", "-f", "10"] if os.geteuid() == 0 else []
        command += [str(arguments.client), "h1tls", str(self.node.port("https")), SMALL]
        command += [str(arguments.rate), str(arguments.seconds), "8"]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    def run(self) -> dict:
        client = AssetClient(self.node)
        client.get(SMALL)
        for seed in range(len(self.scripts)):  # what is compared is stored
            client.get(made_up.url("1.0.0", f"{seed}.js"))
            client.get(made_up.url("1.0.1", f"{seed}.js"))
        client.close()
        calm = [self.window() for _ in range(self.arguments.turns)]
        client = AssetClient(self.node)
        before = self.node.metric(MADE)
        began = time.monotonic()
        for seed, old in enumerate(self.scripts):
            client.get(made_up.url("1.0.1", f"{seed}.js"), old)
        busy = []
        while self.node.metric(MADE) - before < len(self.scripts):
            window = self.window()
            if self.node.metric(MADE) - before < len(self.scripts):
                busy.append(window)  # all of it was while they were made
            if not_made := self.node.metric("selvedge_dictionary_not_made_total"):
                raise RuntimeError(f"{not_made:.0f} differences were not made")
            if time.monotonic() - began > 1200:
                raise RuntimeError("the differences were not made within 20 minutes")
        client.close()
        if not busy:
            raise RuntimeError("no window is within the making: more --count, or fewer --seconds")
        return {
            "differences": len(self.scripts), "windows": len(busy),
            "made_in_s": time.monotonic() - began,
            "calm_p99_us": statistics.median(one["p99_us"] for one in calm),
            "busy_p99_us": statistics.median(one["p99_us"] for one in busy),
            "worst_p99_us": max(one["p99_us"] for one in busy),
            "unanswered": sum(one["unanswered"] for one in busy),
        }  # fmt: skip


class Cost:
    """Time of cores a hit takes, of a variant by a dictionary and of one without."""

    SIZE = 60_000  # bytes of both variants, about

    def __init__(self, arguments, node, root: pathlib.Path):
        self.arguments = arguments
        self.node = node
        self.old = made_up.noise(self.SIZE, 2)
        made_up.write(root, "1.0.0", "by-dictionary.js", self.old)
        added, other = (made_up.noise(self.SIZE * 4 // 3, seed) for seed in (3, 4))
        made_up.write(root, "1.0.1", "by-dictionary.js", self.old + added)
        made_up.write(root, "1.0.1", "without.js", other)

    def core_time(self) -> float:
        """Of the node so far, in seconds."""
        fields = pathlib.Path(f"/proc/{self.node.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def hits(self, url: str, *more: str) -> float:
        """Nanoseconds of a core for a hit."""
        command = ["wrk", "-t1", "-c8", f"-d{self.arguments.seconds}s"]
        command += ["-H", "accept-encoding: br, dcz", *more]
        before = self.core_time()
        run = subprocess.run(
            [*command, self.node.url(url, "https")], capture_output=True, text=True, check=True
        )
        line = next(one for one in run.stdout.splitlines() if "requests in" in one)
        return (self.core_time() - before) * 1e9 / int(line.split()[0])

    def run(self) -> dict:
        client = AssetClient(self.node)
        by_dictionary = made_up.url("1.0.1", "by-dictionary.js")
        without = made_up.url("1.0.1", "without.js")
        client.get(made_up.url("1.0.0", "by-dictionary.js"))
        size = wait_for_variant(client, by_dictionary, self.old.encode())
        coding, content = client.get(without)
        client.close()
        if coding != "br":
            raise RuntimeError(f"without a dictionary it is {coding}")
        per_byte: dict[str, list[float]] = {"dcz": [], "br": []}
        for _ in range(self.arguments.turns):
            has = f"available-dictionary: {digest_field(self.old.encode())}"
            per_byte["dcz"].append(self.hits(by_dictionary, "-H", has) / size)
            per_byte["br"].append(self.hits(without) / len(content))
        dcz, br = (statistics.median(per_byte[coding]) for coding in ("dcz", "br"))
        return {
            "dcz_bytes": size, "br_bytes": len(content), "dcz_ns_a_byte": dcz, "br_ns_a_byte": br,
            "ratio": dcz / br,
        }  # fmt: skip

