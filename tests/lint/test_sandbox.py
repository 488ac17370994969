#!/usr/bin/env python3
"""What the program asks of the system is what the systemd unit lets it have."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "config" / "selvedge.service"
# systemd.exec(5): of the groups that the unit takes away, @resources.
DENIED = """ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr
    sched_setparam sched_setscheduler set_mempolicy setpriority setrlimit""".split()


def allowed() -> set[str]:
    filters = re.findall(r"^SystemCallFilter=([^~\n]*)$", UNIT.read_text(), re.MULTILINE)
    return {name for line in filters for name in line.split()}


def used() -> dict[str, str]:
    """By name where: calls of the group."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        for name in re.findall(r"\b([a-z_]+)\(", path.read_text()):
            if name in DENIED:
                found.setdefault(name, str(path.relative_to(ROOT)))
    return found


def main() -> None:
    calls = used()
    findings = [
        f"{where}: {name}() is not in SystemCallFilter of {UNIT.relative_to(ROOT)}"
        for name, where in calls.items()
        if name not in allowed()
    ]
    print("\n".join(findings))
    print(f"{len(calls)} calls checked, {len(findings)} findings")
    sys.exit(1 if findings or not calls else 0)


main()
