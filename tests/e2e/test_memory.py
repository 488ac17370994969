#!/usr/bin/env python3
"""The cache's size is a promise about the whole process: filled with four times its size in objects
of mixed sizes, the node stays resident below the limit plus 10%."""

import random
import re
import subprocess
import tempfile

from harness import expect, is_sanitized, require_program, run_cases, skip
from node import Node, config_for, http_origin
from origin import Origin

MIB = 1 << 20
CACHE = 256 * MIB
FILL = 4 * CACHE
LARGEST = 2 * MIB

NOISE = random.Random(1).randbytes(LARGEST)


def object_of_size(exchange) -> None:
    """/ID/SIZE answers SIZE bytes."""
    size = int(exchange.target.rpartition("/")[2])
    exchange.respond(NOISE[:size], "Cache-Control: max-age=3600")


def mixed_targets(total: int) -> list[str]:
    """Sizes spread evenly over their logarithm, 256 bytes to 2 MiB, plus a tenth in small ones."""
    choose = random.Random(2)
    sizes, sum_of_sizes = [], 0
    while sum_of_sizes < total:
        exponent = choose.uniform(8, 21)
        sizes.append(int(2**exponent))
        sum_of_sizes += sizes[-1]
    sizes += [choose.randrange(300, 4000) for _ in range(total // 10 // 2150)]
    choose.shuffle(sizes)
    return [f"/{number}/{size}" for number, size in enumerate(sizes)]


def fill(node: Node, targets: list[str]) -> None:
    """Fetches every target once, over a few HTTP/2 connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(node.url(target) for target in targets) + "\n")
        file.flush()
        load = subprocess.run(
            ["h2load", "-n", str(len(targets)), "-c", "4", "-m", "4", "-T", "240", "-i", file.name],
            capture_output=True,
            text=True,
            timeout=300,
        )
    done = re.search(r"status codes: (\d+) 2xx", load.stdout)
    expect(done and int(done[1]) == len(targets), load.stdout + load.stderr)


def run_fill(eviction: str) -> None:
    require_program("h2load")
    if is_sanitized():
        skip("a sanitizer's own memory is not the program's")
    targets = mixed_targets(FILL)
    with Origin(fallback=object_of_size) as origin:
        cache = {"size": "256MiB", "max_object": "16MiB", "eviction": eviction}
        with Node(config_for(http_origin(origin.address), cache=cache)) as node:
            idle = node.resident_bytes()
            fill(node, targets)
            full, highest = node.resident_bytes(), node.resident_bytes("VmHWM")
            held = node.metric("selvedge_cache_bytes")
            evictions = node.metric("selvedge_cache_evictions_total")
    print(
        f"{eviction}: {len(targets)} objects; resident MiB: idle {idle / MIB:.1f}, "
        f"full {full / MIB:.1f}, highest {highest / MIB:.1f}; held {held / MIB:.1f}"
    )
    expect(held <= CACHE, f"the cache holds {held} bytes of {CACHE}")
    expect(held > 0.9 * CACHE, f"the cache was not filled: it holds {held} bytes of {CACHE}")
    expect(evictions > 0, "nothing was evicted")
    expect(highest <= 1.10 * CACHE, f"resident {highest} bytes, the limit is {1.10 * CACHE:.0f}")


def case_lru_stays_within_the_limit():
    run_fill("lru")


def case_s3_fifo_stays_within_the_limit():
    run_fill("s3_fifo")


def case_gdsf_stays_within_the_limit():
    run_fill("gdsf")


run_cases(globals())
