"""OV-2: who asks is only visible in a header, on a listener whose connections say nothing. To turn
a request away the node has to read it, so there is a multiplier X* above which it cannot."""

import dataclasses

import known
import traffic
from stand import FREE_KEYS, PREMIUM_KEY, Capacity, Origin, TieredNode, saturate
from traffic import CALM, FREE_SHARE, PREMIUM_SHARE, Context, Result, Spikes
from verdict import Outcome, Row, percent, us

SPIKE = 3  # seconds
BELOW, ABOVE = (0.35, 0.7), (1.5, 4.0)  # of X*
UNKNOWN = 0.6  # of a core, that may go into reading who is turned away (policy overload.unknown)
SETTLED = 0.1  # seconds, after which no more than that does
SLACK = 1.15  # the cost was measured in another run


def _flows(port: int, flows: list[dict]) -> list[dict]:
    """Both classes from the same addresses, told apart by their keys."""
    keys = {"premium": [PREMIUM_KEY], "free": FREE_KEYS}
    return [
        flow
        | {"port": port, "source": "127.3.0.1"}
        | {"header": {"name": "x-api-key", "values": keys[flow["name"]]}}
        for flow in flows
    ]


def _reject_cost(context: Context, origin: Origin) -> Capacity:
    """Of reading a request and answering 429: by a rule that turns the whole tier away."""
    when = {"tiers": ["free"], "headers": [{"name": "x-api-key"}]}  # what warms the cache has none
    rule = {"name": "turn away", "when": when, "then": {"shed": {"status": 429}}}
    policy = {"rules": [rule], "overload": {"enabled": False}}
    with TieredNode(context, origin, policy=policy) as node:
        flow = traffic.free(node.port(), [], connections=64)
        return saturate(context, node.pids, _flows(node.port("shared"), [flow])[0])


def _above(result: Result, multiplier: float, cost_us: float) -> list[Row]:
    """Above X* not every request can be read: the node has to stop reading."""
    begin = CALM + SETTLED
    which = Spikes(SPIKE).slices(begin + traffic.SLICE, CALM + SPIKE)
    rejected = max(result.slices("free", "ended_rejected", which)) / traffic.SLICE
    spent = rejected * cost_us / 1e6
    rest = result.phase("premium", "rest")
    place = {"multiplier": multiplier, "overload": known.overload(multiplier)}
    bound = f"<= {percent(UNKNOWN, 0)} (+ {SLACK - 1:.0%})"
    told = f"{percent(rest.success)}, p99 {us(rest.p99_us)}"
    return [
        Row("OV-2", "above X*: CPU in rejections from 100 ms on", percent(spent, 1), bound,
            spent <= UNKNOWN * SLACK, **place),
        Row("OV-2", "above X*: premium", told, "", None, **place),
    ]  # fmt: skip


def run(context: Context, origin: Origin, capacity: Capacity) -> Outcome:
    cost = _reject_cost(context, origin) if context.has_policy else capacity
    free_calm = FREE_SHARE * capacity.rate
    limit = (1 - PREMIUM_SHARE) / (free_calm * cost.cpu_us / 1e6)
    text = f"{cost.cpu_us:.1f} us a rejection"
    rows = [Row("OV-2", f"X*, from {text}", f"x{limit:.1f}", "", None)]
    runs, spikes = {}, Spikes(SPIKE)
    with TieredNode(context, origin) as node:
        port = node.port("shared")
        seconds = context.seconds / 2
        calm_flows = _flows(port, known.calm_flows(port, capacity.rate, seconds))
        calm = known.measure_calm(context, seconds, calm_flows, 2)
        for share in (*BELOW, *ABOVE):
            multiplier = max(1.0, share * limit)
            flows = _flows(port, known.spike_flows(port, capacity.rate, spikes, multiplier))
            results = [
                traffic.run(context, spikes.phases(), flows)
                for _ in range(known.RUNS if share in BELOW else 1)
            ]
            result = known.middle_of(results, lambda one: one)
            runs[f"{share} X*"] = [one.summary() for one in results]
            if share in BELOW:
                name = f"class in a header, {share:g} X*"
                rows += known.judge_premium("OV-2", name, result, calm, multiplier)
            else:
                rows += _above(result, multiplier, cost.cpu_us)
    document = {
        "reject_cost": cost.document(),
        "limit": limit,
        "calm": dataclasses.asdict(calm),
        "runs": runs,
    }
    return Outcome(rows, document)
