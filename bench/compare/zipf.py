"""zipf: many objects of real sizes instead of one.

100,000 objects, all in the cache, the k-th most popular asked for in proportion to 1/k, in sizes as
those of published web packages. What that costs beyond a hit is memory that the processor's caches
do not hold. Three loads beside it in the same process, with the same client and script, say which
part is what: one object of 1 KiB, one of the mean size (over requests), and one object of each size
in the same shares, which sends the same bytes from few objects.
"""

import functools
import pathlib
import random

import load
from case import Cost, Target, caches, cost_of, document_of, start, take_turns, targets_text
from grid import table
from measure import H1_CONNECTIONS, Context, Outcome, Unfit
from web_sizes import QUANTILES

OBJECTS = 100_000
PREPARED_REQUESTS = 400_000
CACHE_BYTES = 4 << 30  # of which the objects need a third
LIMIT = 1.15
# The fill is a load of two seconds, repeated; what was in flight when one ended is asked for again.
FILL_SECONDS, MOST_FILLS, IN_FLIGHT = 2, 100, 4 * H1_CONNECTIONS
# Of the requests that may ask the origin: a cache that drops one object of thousands is still warm.
COLD_SHARE = 0.001


def size_of(rank: int) -> int:
    """Sizes in the shares of the table, spread evenly over popular and unpopular objects: multiples
    of the golden ratio leave no range of ranks without its small and its large ones."""
    return QUANTILES[int((rank + 1) * 0.6180339887498949 % 1 * len(QUANTILES))]


@functools.cache
def popularity() -> list[float]:
    return [1 / (rank + 1) for rank in range(OBJECTS)]


def mean_size() -> int:
    """Over requests, not over objects."""
    weights = popularity()
    total = sum(weight * size_of(rank) for rank, weight in enumerate(weights))
    return round(total / sum(weights))


def _write_files(context: Context) -> None:
    """The origin has one file a size; the query makes objects of it."""
    noise = random.Random(1).randbytes(max(QUANTILES))
    folder = context.files / "sizes"
    folder.mkdir(exist_ok=True)
    for size in {*QUANTILES, 1024, mean_size()}:
        (folder / f"{size}.bin").write_bytes(noise[:size])


def _write_paths(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """What wrk replays: each object once, and the loads that are measured."""
    drawn = random.Random(7).choices(range(OBJECTS), weights=popularity(), k=PREPARED_REQUESTS)
    paths = {
        "fill": [f"/sizes/{size_of(rank)}.bin?{rank}" for rank in range(OBJECTS)],
        "1 KiB": ["/sizes/1024.bin"],
        "mean size": [f"/sizes/{mean_size()}.bin"],
        "few objects": [f"/sizes/{size_of(rank)}.bin" for rank in drawn],
        "zipf": [f"/sizes/{size_of(rank)}.bin?{rank}" for rank in drawn],
    }
    files = {}
    for number, (name, lines) in enumerate(paths.items()):
        files[name] = folder / f"paths-{number}.txt"
        files[name].write_text("\n".join(lines) + "\n")
    return files


def _replay(
    peer, context: Context, paths: pathlib.Path, seconds: int, first: int = 0
) -> load.Load:
    url, script = peer.url("h1", "/"), "compare/replay.lua"
    pin, arguments = context.client_pin, (str(paths), str(first))
    return load.wrk(pin, url, script, seconds, H1_CONNECTIONS, *arguments)


def _fill(peer, context: Context, paths: pathlib.Path) -> None:
    first = 0
    for _ in range(MOST_FILLS):
        done = _replay(peer, context, paths, FILL_SECONDS, first)
        if done.errors:
            raise Unfit(f"{done.errors} requests failed while the cache was filled")
        first += max(0, done.requests - IN_FLIGHT)
        if first >= OBJECTS:
            return
    raise Unfit(f"only {first} objects were fetched in {FILL_SECONDS * MOST_FILLS} s")


def _measure(context: Context, files: dict[str, pathlib.Path], name: str) -> dict[str, float]:
    costs: dict[str, Cost] = {}
    with start(context, name, cache_bytes=CACHE_BYTES) as peer:
        _fill(peer, context, files["fill"])
        for load_name, paths in files.items():
            if load_name == "fill":
                continue
            _replay(peer, context, paths, 1)
            cost = cost_of(peer, context, lambda: _replay(peer, context, paths, context.seconds))
            costs[load_name] = cost
            allowed = COLD_SHARE * cost.requests_per_second * context.seconds
            if cost.origin_requests > allowed:
                raise Unfit(f"{load_name}: the origin was asked {cost.origin_requests} times")
    return {name: cost.cpu_us for name, cost in costs.items()}


def run(context: Context) -> Outcome:
    _write_files(context)
    files = _write_paths(context.work)
    medians, failures = take_turns(
        context, "zipf", list(caches(context, "h1")), functools.partial(_measure, context, files)
    )
    targets = []
    if ours := medians.get("selvedge"):
        ratio = ours["zipf"] / ours["mean size"]
        text = "CPU of a hit by Zipf's law over that of one object of the mean size"
        targets.append(Target(text, ratio, LIMIT))
    heads = ["1 KiB", "mean size", "few objects", "zipf"]
    rows = [["", *heads, "zipf/mean", "zipf/few", "selvedge/it"]]
    for name, of in medians.items():
        cells = [f"{of[head]:.2f}" for head in heads]
        cells += [f"{of['zipf'] / of['mean size']:.2f}", f"{of['zipf'] / of['few objects']:.2f}"]
        rows.append([name, *cells, f"{ours['zipf'] / of['zipf']:.2f}" if ours else "-"])
    text = (
        f"zipf: CPU us a request over h1; {OBJECTS:,} objects, {mean_size():,} octets a request\n"
        f"{table(rows)}\n{targets_text(targets)}"
    )
    document = {
        "objects": OBJECTS,
        "mean_size": mean_size(),
        "cpu_us": medians,
        "targets": document_of(targets),
    }
    return Outcome(text, document, failures)
