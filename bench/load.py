"""Runs wrk and h2load for a bounded time and reads what they say."""

import dataclasses
import json
import math
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


def wrk(
    pin: list[str], url: str, script: str, seconds: int, connections: int, *more: str
) -> Load:
    """`more` is what the script's init() is given."""
    command = [*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url]
    command += ["--", *more] if more else []
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


def _h2load(pin: list[str], url: str, seconds: int, connections: int, streams: int, *more: str):
    """How many requests were answered, how many failed."""
    command = [*pin, "h2load", "-t1", "-c", str(connections), "-m", str(streams)]
    # One suite, so that servers that choose for themselves do not encrypt differently from others.
    command += ["--tls13-ciphers=TLS_AES_128_GCM_SHA256", "-D", str(seconds), *more, url]
    output = _output_of(command, seconds)
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", output)
    statuses = re.search(r"(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
    if not (counts and statuses):
        raise RuntimeError(f"h2load reports nothing: {output}")
    return int(counts[1]), int(counts[4]) + sum(int(statuses[i]) for i in (2, 3, 4))


def h2load(pin: list[str], url: str, seconds: int, connections: int, streams: int) -> Load:
    with tempfile.NamedTemporaryFile(prefix="selvedge-bench-") as log:
        log_option = f"--log-file={log.name}"
        done, errors = _h2load(pin, url, seconds, connections, streams, log_option)
        # A line a request: when it began, the status, how long it took; times in microseconds.
        times = sorted(int(line.split()[2]) for line in pathlib.Path(log.name).open())
    if not times:
        raise RuntimeError("h2load has logged nothing")
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    return Load(done, float(seconds), errors, p50, p99)


def h2load_untimed(pin: list[str], url: str, seconds: int, connections: int, streams: int) -> Load:
    """Without latencies: the log costs the client about as much as a small request does."""
    done, errors = _h2load(pin, url, seconds, connections, streams)
    return Load(done, float(seconds), errors, math.nan, math.nan)
