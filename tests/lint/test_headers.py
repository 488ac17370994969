#!/usr/bin/env python3
"""Every public header compiles alone, and twice in a row. ccache makes the second run cheap."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess

from sources import SOURCE, cxx_files, report

FLAGS = ["-std=c++20", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion"]
FLAGS += ["-Werror", "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_BEAST_SEPARATE_COMPILATION"]
FLAGS += ["-DBOOST_ASIO_NO_DEPRECATED", f"-I{SOURCE / 'include'}"]
# A fixed place, so that ccache sees the same file names every time.
WORK = SOURCE / "build" / "headers"


def compiler() -> list[str]:
    name = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++") or "c++"
    return ["ccache", name] if shutil.which("ccache") else [name]


def complaint(header: pathlib.Path) -> str | None:
    """The compiler's first lines when the header does not stand alone."""
    included = header.relative_to(SOURCE / "include")
    unit = WORK / ("_".join(included.with_suffix("").parts) + ".cpp")
    line = f"#include <{included}>\n"
    if not unit.exists() or unit.read_text() != line * 2:
        unit.write_text(line * 2)
    run = subprocess.run(
        [*compiler(), *FLAGS, "-c", str(unit), "-o", str(unit.with_suffix(".o"))],
        capture_output=True,
        text=True,
    )
    if run.returncode == 0:
        return None
    return f"include/{included}: does not compile alone:\n{run.stderr[:1000]}"


def main() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    headers = cxx_files("include")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        findings = [text for text in pool.map(complaint, headers) if text]
    report(findings, len(headers), "headers")


main()
