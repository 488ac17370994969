"""What the soak found, as a document, as text, and as what was wrong."""

import statistics

from watch import COUNTS, Second, Watch, percentiles

FLAT = 0.05  # of the median of the second third: how much the last third may have more
MOST_PROBLEMS = 20  # that are listed


def flatness(watch: Watch) -> dict:
    """Medians of the second and the last third of the run, within the life of the last process."""
    seconds = watch.seconds
    last_life = seconds[-1].generation if seconds else 0
    after = seconds[len(seconds) // 3 :]
    middle = [one for one in after if one.generation == last_life and one.resident]
    half = len(middle) // 2
    thirds = [middle[:half], middle[half:]]
    document = {}
    for name in ("resident", "descriptors"):
        second, last = (
            statistics.median(getattr(one, name) for one in third) if third else 0
            for third in thirds
        )
        grown = last / second - 1 if second else 0.0
        document[name] = {"second_third": second, "last_third": last, "grown": grown}
        document[name]["most"] = max((getattr(one, name) for one in seconds), default=0)
    return document


def refused_by_status(seconds: list[Second]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for second in seconds:
        for status, count in second.load["statuses"].items():
            sums[status] = sums.get(status, 0) + count
    return dict(sorted(sums.items()))


def document_of(watch: Watch, faults, rate: float, most: float, options) -> dict:
    seconds = watch.seconds
    calm = [one for one in seconds if one.is_calm]
    counts = {name: watch.total(name) for name in COUNTS}
    in_calm = {name: watch.total(name, lambda one: one.is_calm) for name in COUNTS}
    answered = counts["right"] + counts["right_hit"]
    return {
        "minutes": options.minutes,
        "seed": options.seed,
        "most_per_second": most,
        "rate": rate,
        "seconds": len(seconds),
        "calm_seconds": len(calm),
        "requests": sum(count for name, count in counts.items()
                        if name not in ("unsent", "unopened")),
        "hit_share": counts["right_hit"] / answered if answered else 0.0,
        "counts": counts,
        "calm_counts": in_calm,
        "refused": refused_by_status(seconds),
        "latency_us": {
            "all": percentiles(seconds),
            "calm": percentiles(calm),
            "calm_hits": percentiles(calm, ("hits_us",)),
        },
        "flatness": flatness(watch),
        "faults": dict(sorted(faults.done.items())),
    }  # fmt: skip


def problems_of(document: dict, watch: Watch, faults) -> list[str]:
    problems = [f"a fault could not be done: {text}" for text in faults.problems]
    problems += watch.problems[:MOST_PROBLEMS]
    if len(watch.problems) > MOST_PROBLEMS:
        problems.append(f"and {len(watch.problems) - MOST_PROBLEMS} more like these")
    for name, found in document["flatness"].items():
        if found["grown"] > FLAT:
            problems.append(f"{name} has grown by {found['grown']:.1%}, {FLAT:.0%} at most")
    if document["counts"]["right"] == 0 or document["counts"]["right_hit"] == 0:
        problems.append("nothing was fetched, or nothing was a hit: that is no soak")
    return problems


def text_of(document: dict) -> str:
    counts, calm = document["counts"], document["calm_counts"]

    def of_kind(name: str) -> str:
        return f"{counts[name]:,} ({calm[name]:,} in calm seconds)"

    def latency(name: str) -> str:
        found = document["latency_us"][name]
        return ", ".join(f"{key} {us / 1000:,.2f} ms" for key, us in found.items())

    def flat(name: str, unit: int) -> str:
        found = document["flatness"][name]
        second, last = found["second_third"] / unit, found["last_third"] / unit
        most = found["most"] / unit
        return f"{second:,.1f}, then {last:,.1f} ({found['grown']:+.1%}); most {most:,.1f}"

    refused = ", ".join(f"{count:,} of {status}" for status, count in document["refused"].items())
    rows = [
        ("seconds; of these calm", f"{document['seconds']}; {document['calm_seconds']}"),
        ("rate; most that it can",
         f"{document['rate']:,.0f}/s; {document['most_per_second']:,.0f}/s"),
        ("answers", f"{document['requests']:,}, hits {document['hit_share']:.1%}"),
        ("right, every byte", f"{counts['right'] + counts['right_hit']:,}"),
        ("wrong", f"{counts['wrong']}"),
        ("refused", f"{of_kind('refused')}: {refused or 'none'}"),
        ("cut off", of_kind("cut")),
        ("hits refused; cut off", f"{counts['refused_hit']}; {counts['cut_hit']}"),
        ("without an answer: new; used connection",
         f"{counts['unanswered_fresh']}; {counts['unanswered_reused']}"),
        ("told to ask again; never answered; not opened",
         f"{counts['told']}; {counts['stuck']}; {counts['unopened']}"),
        ("not sent: no connection had room", of_kind("unsent")),
        ("latency, all", latency("all")),
        ("latency, calm seconds", latency("calm")),
        ("latency, hits in calm seconds", latency("calm_hits")),
        ("resident MiB, second third, last third", flat("resident", 1 << 20)),
        ("descriptors, second third, last third", flat("descriptors", 1)),
        ("faults", ", ".join(f"{name} {count}" for name, count in document["faults"].items())),
    ]  # fmt: skip
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])
