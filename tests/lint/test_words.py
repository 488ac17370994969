#!/usr/bin/env python3
"""Unfinished work is not left in the sources: it is done, or it is an issue."""

import re

from sources import cxx_files, line_of, place, report

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def main() -> None:
    files = cxx_files("src", "include", "tests", "bench")
    findings = []
    for path in files:
        text = path.read_text()
        for match in UNFINISHED.finditer(text):
            findings.append(f"{place(path, line_of(text, match.start()))}: {match[0]}")
    report(findings, len(files), "files")


main()
