#!/usr/bin/env python3
"""Files stay readable in one sitting: at most 600 lines. Scripts also keep to 100 columns; in C++
clang-format sees to that."""

from sources import SOURCE, cxx_files, place, report

LONGEST = 600
WIDEST = 100


def main() -> None:
    files = cxx_files("src", "include", "tests", "bench")
    files += sorted(
        path
        for folder in ("tests", "bench", "config", "docker")
        for path in (SOURCE / folder).rglob("*")
        if path.suffix in (".py", ".sh", ".lua", ".mjs")
    )
    files.append(SOURCE / "dev")
    findings = []
    for path in files:
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST:
            findings.append(f"{place(path, len(lines))}: {len(lines)} lines, {LONGEST} at most")
        if path.suffix in (".cpp", ".hpp"):
            continue
        for number, line in enumerate(lines, start=1):
            if len(line) > WIDEST:
                findings.append(f"{place(path, number)}: {len(line)} columns, {WIDEST} at most")
    report(findings, len(files), "files")


main()
