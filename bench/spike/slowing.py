"""OV-4: the origin takes ten times as long as before, while free clients ask a hundred times as
often for what is not in the cache."""

import threading

import known
import traffic
from stand import Capacity, Origin, TieredNode
from traffic import CALM, FREE_SHARE, PREMIUM_SHARE, Context, Spikes
from verdict import Outcome, Row, percent, us

DELAY_MS, SLOW_MS = 5, 50
LIMIT = 32  # requests that the node may have under way at the origin
MULTIPLIER = 100
MISSES = 0.002  # of the capacity, when calm: of each class
PREMIUM_MISSES, FREE_HITS = 0.99, 0.95
SPIKE = 6


def _flows(port: int, capacity: float, spikes: Spikes) -> list[dict]:
    calm = MISSES * capacity
    return [
        traffic.premium(port, spikes.steady(PREMIUM_SHARE * capacity)),
        traffic.premium(port, spikes.steady(calm), name="premium misses",
                        paths=[{"path": "/premium/{n}"}]),
        traffic.free(port, spikes.steady(FREE_SHARE * capacity), wait=2),
        traffic.free(port, spikes.rise(calm, MULTIPLIER * calm), name="free misses",
                     paths=[{"path": "/free/{n}"}]),
    ]  # fmt: skip


def run(context: Context, _: Origin, capacity: Capacity) -> Outcome:
    spikes = Spikes(SPIKE)
    with Origin(context, delay_ms=DELAY_MS) as origin:
        with TieredNode(context, origin, limit=LIMIT) as node:
            origin.control("reset")
            timers = [
                threading.Timer(CALM, origin.control, [f"delay/{SLOW_MS}"]),
                threading.Timer(spikes.end, origin.control, [f"delay/{DELAY_MS}"]),
            ]
            for timer in timers:
                timer.start()
            try:
                result = traffic.run(
                    context, spikes.phases(), _flows(node.port(), capacity.rate, spikes)
                )
            finally:
                for timer in timers:
                    timer.cancel()
                    timer.join()
            seen = origin.control("stats")
    calm = known.Calm([result.phase("premium", "calm").p99_us], [])
    hits, bound = result.phase("premium", "rest"), known.Calm.bound_of(calm.premium_us)
    hit_success = result.success("premium", "first", "rest")
    misses = result.success("premium misses", "first", "rest")
    free_hits = result.success("free", "first", "rest")
    offered = PREMIUM_SHARE + FREE_SHARE + MISSES * (1 + MULTIPLIER)
    slow = MISSES * capacity.rate * (1 + MULTIPLIER) * SLOW_MS / 1000 / LIMIT
    place = {"multiplier": MULTIPLIER, "overload": slow}
    rows = [
        Row("OV-4", "origin 10x slower: premium hits", percent(hit_success, 3),
            f">= {percent(known.SUCCESS)}", hit_success >= known.SUCCESS, **place),
        Row("OV-4", "origin 10x slower: premium hits p99", us(hits.p99_us), f"<= {us(bound)}",
            0 < hits.p99_us <= bound, **place),
        Row("OV-4", "origin 10x slower: premium misses", percent(misses),
            f">= {percent(PREMIUM_MISSES, 0)}", misses >= PREMIUM_MISSES, **place),
        Row("OV-4", "origin 10x slower: free hits", percent(free_hits),
            f">= {percent(FREE_HITS, 0)}", free_hits >= FREE_HITS, **place),
        Row("OV-4", "most under way at the origin", str(seen["most_in_flight"]), f"<= {LIMIT}",
            seen["most_in_flight"] <= LIMIT, **place),
    ]  # fmt: skip
    document = {"origin": seen, "offered_of_capacity": offered, "run": result.summary()}
    return Outcome(rows, document | {"capacity": capacity.document()})
