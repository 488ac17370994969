"""miss: what it costs to fetch 16 KiB from an h1 origin for every request.

No URL is asked for twice. Selvedge is measured with its cache, which is bounded, so that every
answer is stored and drives others out, and as a plain proxy; nginx as a plain proxy.
"""

import functools

import load
from case import Target, cost_of, document_of, start, take_turns, targets_text
from grid import table
from measure import H1_CONNECTIONS, Context, Outcome, Unfit, fetch

PATH = "/hot/16k.bin"
CACHE_BYTES = 64 << 20  # 4,000 objects: full within the warm-up
WITH_CACHE = "selvedge, storing all"


def _apply(peer, context: Context, seconds: int) -> load.Load:
    url = peer.url("h1", PATH)
    return load.wrk(context.client_pin, url, "compare/unique.lua", seconds, H1_CONNECTIONS, PATH)


def _measure(context: Context, name: str) -> dict[str, float]:
    has_cache = name == WITH_CACHE
    with start(
        context, name.partition(",")[0], cache=has_cache, cache_bytes=CACHE_BYTES
    ) as peer:
        if fetch(peer.url("h1", PATH), "h1") != (context.files / PATH.lstrip("/")).read_bytes():
            raise Unfit("not the content of the file")
        _apply(peer, context, 1)
        cost = cost_of(peer, context, lambda: _apply(peer, context, context.seconds))
    asked = cost.origin_requests / (cost.requests_per_second * context.seconds)
    if asked < 0.99:
        raise Unfit(f"only {asked:.1%} of the requests went to the origin")
    return {"cpu_us": cost.cpu_us, "requests_per_second": cost.requests_per_second}


def run(context: Context) -> Outcome:
    names = [WITH_CACHE, *(name for name in ("selvedge", "nginx") if name in context.peers)]
    medians, failures = take_turns(context, "miss", names, functools.partial(_measure, context))
    targets = []
    theirs = medians.get("nginx")
    for name in (WITH_CACHE, "selvedge"):
        if theirs and name in medians:
            ratio = medians[name]["cpu_us"] / theirs["cpu_us"]
            text = f"CPU of {name} over that of nginx without a cache"
            targets.append(Target(text, ratio, 1.0, may_equal=False))
    rows = [["", "CPU us a request", "requests/s", "over nginx"]]
    for name, of in medians.items():
        ratio = f"{of['cpu_us'] / theirs['cpu_us']:.2f}" if theirs else "-"
        rows.append([name, f"{of['cpu_us']:.2f}", f"{of['requests_per_second']:,.0f}", ratio])
    title = "miss: 16 KiB from the origin for every request, h1"
    text = f"{title}\n{table(rows)}\n{targets_text(targets)}"
    return Outcome(text, {"figures": medians, "targets": document_of(targets)}, failures)
