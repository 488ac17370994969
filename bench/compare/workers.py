"""workers: what a second worker adds.

The load comes from the same machine and takes what the server leaves (nice 19), so that requests a
second say as much about the client as about the server. What does not depend on the client is the
CPU time of a request: with twice the workers on twice the cores a node can serve twice the requests
for as long as that does not grow. So the figure is 2 x (CPU us a request with one worker) / (with
two), both with server and client free on the same two cores and as many connections for each
worker; requests a second stand beside it. A shared lock or a cache line that moves between the
cores shows as CPU time. A worker that sleeps for another does not; that would show in the requests
a second.
"""

import functools
import os

import load
from case import Target, cost_of, document_of, start, take_turns, targets_text
from grid import table
from measure import H1_CONNECTIONS, H2_CONNECTIONS, H2_STREAMS, Context, Outcome
from measure import require_hits

PATH = "/hot/1k.bin"
LIMIT = 1.9
PROTOCOLS = ("h1", "h2tls")


def _apply(peer, protocol: str, seconds: int) -> load.Load:
    # The spare share: the server comes first on both cores. As many connections for each worker, so
    # that one turn of a worker's loop finds as much to do.
    url, nice, workers = peer.url(protocol, PATH), ["nice", "-n", "19"], peer.options.workers
    if protocol == "h1":
        return load.wrk(nice, url, "hot.lua", seconds, H1_CONNECTIONS // 2 * workers)
    return load.h2load_untimed(nice, url, seconds, H2_CONNECTIONS * workers, H2_STREAMS)


def _measure(context: Context, case: str) -> dict[str, float]:
    name, protocol, workers = case.split()
    # Nothing is pinned, for one worker as for two.
    with start(context, name, workers=int(workers)) as peer:
        require_hits(peer, context, protocol, PATH)
        _apply(peer, protocol, 1)
        cost = cost_of(peer, context, lambda: _apply(peer, protocol, context.seconds))
    return {"cpu_us": cost.cpu_us, "requests_per_second": cost.requests_per_second}


def run(context: Context) -> Outcome:
    if len(os.sched_getaffinity(0)) < 2:
        return Outcome("workers: two workers need two cores", {}, ["workers: one core"])
    context.server_pin = []
    names = [name for name in ("selvedge", "nginx") if name in context.peers]
    cases = [f"{name} {p} {workers}" for p in PROTOCOLS for name in names for workers in (1, 2)]
    medians, failures = take_turns(context, "workers", cases, functools.partial(_measure, context))
    rows = [["", "CPU us, 1 worker", "2 workers", "scaling", "requests/s, 1", "2", "ratio"]]
    targets, scaling = [], {}
    for name in names:
        for protocol in PROTOCOLS:
            one, two = (medians.get(f"{name} {protocol} {workers}") for workers in (1, 2))
            if not (one and two):
                continue
            scaling[f"{name} {protocol}"] = factor = 2 * one["cpu_us"] / two["cpu_us"]
            rates = [of["requests_per_second"] for of in (one, two)]
            costs = [f"{of['cpu_us']:.2f}" for of in (one, two)]
            row = [f"{name} {protocol}", *costs, f"{factor:.2f}"]
            rows.append([*row, *(f"{r:,.0f}" for r in rates), f"{rates[1] / rates[0]:.2f}"])
            if name == "selvedge":
                text = f"{protocol}: requests for the CPU time of 2 workers over that of 1"
                targets.append(Target(text, factor, LIMIT, at_least=True))
    text = (
        "workers: 1 KiB hits; server and client share two cores, so scaling is by the server's\n"
        f"CPU time: 2 x CPU us a request with one worker / with two\n{table(rows)}\n"
        f"{targets_text(targets)}"
    )
    document = {"figures": medians, "scaling": scaling, "targets": document_of(targets)}
    return Outcome(text, document, failures)
