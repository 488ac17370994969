"""The tables of ./dev bench pages, as markdown."""

from packages import text_of as packages_text


def _operations(report: dict) -> str:
    kinds = report["operations"]
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return f"{sum(kinds.values())} ({said})"


def _sets(report: dict) -> str:
    return ", ".join(f"{title} {count:,}" for title, count in report["sets"].items())


def _resolve_rows(found: dict) -> list[tuple[str, str]]:
    titles = {
        "alone": "closures of each version alone",
        "sets": "closures of the released sets",
        "mixes": "mixes of versions",
    }
    rows = []
    for what, one in found.items():
        text = f"{one['equal']} equal, {one['different']} different"
        if "with_conflicts" in one:
            text += f" ({one['with_conflicts']} need two versions of something; "
            text += f"{one['refused']} that npm refuses are left out)"
        rows.append((f"as npm resolves: {titles[what]}", text))
    return rows


def _walk_rows(reports: dict) -> list[tuple[str, str]]:
    total = {
        key: sum(one[key] for one in reports.values())
        for key in ("pages", "requests", "failed", "mixed")
    }
    text = f"{total['pages']} pages, {total['requests']:,} requests, "
    return [("Chromium: every root of every set", text + f"{total['failed']} failed, "
             f"{total['mixed']} mixed")]  # fmt: skip


def _load_rows(load: dict) -> list[tuple[str, str]]:
    return [
        ("page loads", f"{load['pages']:,}, of these {load['by_closure']:,} by `?closure`"),
        ("mixed", f"{load['mixed']}"),
        ("requests", f"{load['requests']:,}, {load['errors']} errors"),
        ("sessions", f"{load['sessions']:,}; pages that moved to another set {load['moved']:,}"),
        ("releases meanwhile", _operations(load)),
        ("page loads by set", _sets(load)),
        ("requests/s; p50; p99", f"{load['requests_per_second']:,.0f}; "
         f"{load['p50_us'] / 1e3:.1f} ms; {load['p99_us'] / 1e3:.1f} ms"),
        ("seconds; resident memory", f"{load['seconds']:.1f}; {load['resident'] / 2**20:.0f} MiB"),
    ]  # fmt: skip


def _browse_rows(browse: dict) -> list[tuple[str, str]]:
    return [
        ("Chromium: page loads", f"{browse['pages']}, {browse['requests']:,} requests"),
        ("failed; mixed", f"{browse['failed']}; {browse['mixed']}"),
        ("releases meanwhile", _operations(browse)),
        ("page loads by set", _sets(browse)),
    ]


def text(document: dict) -> str:
    rows = []
    for part, rows_of in (("resolve", _resolve_rows), ("walk", _walk_rows), ("load", _load_rows),
                          ("browse", _browse_rows)):  # fmt: skip
        if part in document:
            rows += rows_of(document[part])
    table = ["| what | figure |", "|---|---|", *(f"| {what} | {said} |" for what, said in rows)]
    return packages_text(document["packages"]) + "\n\n" + "\n".join(table)
