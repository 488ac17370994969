"""Runs wrk and h2load for a bounded time and reads what they say."""

import dataclasses
import json
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Load:
    requests: int
    seconds: float
    errors: int  # broken connections, timeouts and answers that are no 2xx
    p50_us: float
    p99_us: float


def _output_of(command: list[str], seconds: float) -> str:
    run = subprocess.run(command, capture_output=True, text=True, cwd=HERE, timeout=seconds + 30)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {run.stdout}{run.stderr}")
    return run.stdout


def wrk(pin: list[str], url: str, script: str, seconds: int, connections: int) -> Load:
    command = [*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url]
    output = _output_of(command, seconds)
    found = re.search(r"^REPORT (.*)$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"wrk reports nothing: {output}")
    report = json.loads(found[1])
    return Load(
        report["requests"],
        report["duration_us"] / 1e6,
        report["errors"],
        report["p50_us"],
        report["p99_us"],
    )


def h2load(pin: list[str], url: str, seconds: int, connections: int, streams: int) -> Load:
    with tempfile.NamedTemporaryFile(prefix="selvedge-bench-") as log:
        command = [*pin, "h2load", "-t1", "-c", str(connections), "-m", str(streams)]
        command += ["-D", str(seconds), f"--log-file={log.name}", url]
        output = _output_of(command, seconds)
        # A line a request: when it began, the status, how long it took; times in microseconds.
        times = sorted(int(line.split()[2]) for line in pathlib.Path(log.name).open())
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", output)
    statuses = re.search(r"(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
    if not (counts and statuses and times):
        raise RuntimeError(f"h2load reports nothing: {output}")
    done, _, _, errored = (int(number) for number in counts.groups())
    return Load(
        done,
        float(seconds),
        errored + sum(int(statuses[i]) for i in (2, 3, 4)),
        times[len(times) // 2],
        times[len(times) * 99 // 100],
    )
