"""The few words every end-to-end test uses: expect, skip, wait_until, run_cases.

A test file defines functions named case_*, and ends in run_cases(globals()). Exit codes are
CTest's: 0 passed, 1 failed, 77 skipped.
"""

import os
import pathlib
import shutil
import sys
import time
import traceback

SOURCE = pathlib.Path(os.environ.get("SELVEDGE_SOURCE", pathlib.Path(__file__).parents[2]))
SELVEDGE = os.environ.get("SELVEDGE", str(SOURCE / "build" / "release" / "selvedge"))


class Skipped(Exception):
    """Raised by skip(): what the test needs is not on this machine."""


def skip(reason: str):
    raise Skipped(reason)


def is_sanitized() -> bool:
    """Whether the program was built with AddressSanitizer or ThreadSanitizer: slow, and large."""
    program = pathlib.Path(SELVEDGE).read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def require_program(*names: str) -> None:
    for name in names:
        if shutil.which(name) is None:
            skip(f"{name} is not installed")


def browser() -> str:
    """Headless Chromium's program."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return skip("no Chromium is installed")


def expect(condition, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def expect_equal(actual, expected, what: str) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def wait_until(condition, what: str, seconds: float = 10.0):
    """The first true value of condition(); fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


def run_cases(namespace: dict) -> None:
    """Runs every case_* in the order of definition and exits. Names on the command line choose."""
    cases = {name: case for name, case in namespace.items() if name.startswith("case_")}
    chosen = sys.argv[1:] or list(cases)
    failed, skipped = [], []
    for name in chosen:
        begin = time.monotonic()
        try:
            cases[name]()
            outcome = "ok"
        except Skipped as reason:
            skipped.append(name)
            outcome = f"skipped: {reason}"
        except Exception:  # a failed expectation or a broken test: the next case still runs
            traceback.print_exc()
            failed.append(name)
            outcome = "FAILED"
        print(f"{name}: {outcome} ({time.monotonic() - begin:.1f} s)", flush=True)
    if failed:
        sys.exit(1)
    sys.exit(77 if len(skipped) == len(chosen) else 0)
