#!/usr/bin/env python3
"""Modules include only themselves and what their row in CMakeLists.txt allows, and the pure ones
(no sockets, no clock of their own, no logging) see neither Asio nor spdlog."""

import re

from sources import SOURCE, cxx_files, place, report

PURE = {"base", "http", "overload", "cache", "policy", "codec"}
# codec reads HTTP/1 grammar with Beast's parser, which brings Asio's buffers but no I/O.
IMPURE_HEADERS = {
    "asio": re.compile(r"boost/asio(?!/buffer\.hpp)"),
    "spdlog": re.compile(r"spdlog/"),
    # arpa/inet.h is not among them: it reads and writes addresses as texts.
    "sockets": re.compile(r"(sys/socket|sys/epoll|netinet/.*|netdb)\.h"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def layering_table() -> dict[str, set[str]]:
    """Module -> the modules it may include: itself, its DEPS and what those may include."""
    text = (SOURCE / "CMakeLists.txt").read_text()
    table: dict[str, set[str]] = {}
    for match in re.finditer(r"^selvedge_module\((\w+)([^)]*)\)", text, re.MULTILINE):
        name, rest = match[1], match[2].split()
        allowed = {name}
        if "DEPS" in rest:
            for word in rest[rest.index("DEPS") + 1 :]:
                if word == "LIBS":
                    break
                # An unknown module here is one that stands later in the table: upward.
                allowed |= table.get(word, {f"{word} (not defined above {name})"})
        table[name] = allowed
    return table


def included_module(included: str) -> str | None:
    """Of <selvedge/X/...> and of "src/X/...": X."""
    match = re.match(r"(?:selvedge|src|\.\.)/(\w+)/", included)
    return match[1] if match else None


def main() -> None:
    table = layering_table()
    findings = [f"CMakeLists.txt: {n}" for row in table.values() for n in row if " " in n]
    checked = 0
    for name, allowed in table.items():
        for path in cxx_files(f"src/{name}", f"include/selvedge/{name}"):
            checked += 1
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                if not (match := INCLUDE.match(line)):
                    continue
                module = included_module(match[1])
                if module and module not in allowed:
                    findings.append(f"{place(path, number)}: {name} may not include {module}")
                if name in PURE:
                    findings += [
                        f"{place(path, number)}: {name} is pure and includes {what}"
                        for what, pattern in IMPURE_HEADERS.items()
                        if pattern.match(match[1])
                    ]
    folders = {path.name for path in (SOURCE / "src").iterdir() if path.is_dir()}
    for name in sorted(folders - set(table) - {"cli"}):
        findings.append(f"src/{name}: has no row in CMakeLists.txt")
    report(findings, checked, "files")


main()
