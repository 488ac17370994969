"""OV-1, OV-5 and OV-7: clients of the free tier on connections that stay, whose class their address
tells, ask a hundred times as much as when all is calm, thirty times what the server can do."""

import dataclasses
import statistics

import traffic
from stand import Capacity, Origin, TieredNode, hit_capacity
from traffic import AFTER, CALM, FREE_SHARE, PREMIUM_SHARE, RECOVERY, Context, Result, Spikes
from verdict import Outcome, Row, percent, us

MULTIPLIER = 100
SUCCESS = 0.9999
FIRST_SECOND_US = 10_000  # above calm
GOODPUT, REJECTIONS = 0.7, 0.05


@dataclasses.dataclass
class Calm:
    """The p99 of runs in which nothing happens: their spread is the machine's noise."""

    premium_us: list[float]
    free_us: list[float]

    @staticmethod
    def bound_of(runs: list[float]) -> float:
        middle = statistics.median(runs)
        return max(1.25 * middle, middle + 500)

    @property
    def premium(self) -> float:
        return statistics.median(self.premium_us)


def measure_calm(context: Context, seconds: float, flows: list[dict], runs: int = 3) -> Calm:
    """`flows` are those of calm_flows()."""
    calm = Calm([], [])
    for _ in range(runs):
        result = traffic.run_steady(context, seconds, flows)
        calm.premium_us.append(result.phase("premium", "all").p99_us)
        calm.free_us.append(result.phase("free", "all").p99_us)
    return calm


def calm_flows(port: int, capacity: float, seconds: float, **more) -> list[dict]:
    return [
        traffic.premium(port, traffic.steady(seconds, PREMIUM_SHARE * capacity), **more),
        traffic.free(port, traffic.steady(seconds, FREE_SHARE * capacity), **more),
    ]


def spike_flows(port: int, capacity: float, spikes: Spikes, multiplier: float = MULTIPLIER,
                **more) -> list[dict]:  # fmt: skip
    calm = FREE_SHARE * capacity
    return [
        traffic.premium(port, spikes.steady(PREMIUM_SHARE * capacity), **more),
        traffic.free(port, spikes.rise(calm, multiplier * calm), **more),
    ]


def overload(multiplier: float) -> float:
    return PREMIUM_SHARE + FREE_SHARE * multiplier


def judge_premium(id: str, scenario: str, result: Result, calm: Calm,
                  multiplier: float) -> list[Row]:  # fmt: skip
    """As OV-1 asks it, in three rows."""
    success = result.success("premium", "first", "rest")
    first, rest = result.phase("premium", "first"), result.phase("premium", "rest")
    bound = Calm.bound_of(calm.premium_us)
    first_bound = calm.premium + FIRST_SECOND_US
    place = {"multiplier": multiplier, "overload": overload(multiplier)}
    late = f"generator {us(rest.delay_p99_us)}"
    return [
        Row(id, f"{scenario}: premium success", percent(success, 3), f">= {percent(SUCCESS)}",
            success >= SUCCESS, **place),
        Row(id, f"{scenario}: premium p99", f"{us(rest.p99_us)} ({late})", f"<= {us(bound)}",
            0 < rest.p99_us <= bound, **place),
        Row(id, f"{scenario}: premium p99, first second", us(first.p99_us),
            f"<= {us(first_bound)}", 0 < first.p99_us <= first_bound, **place),
    ]  # fmt: skip


def _efficiency(result: Result, capacity: Capacity, spikes: Spikes, reject_seconds) -> list[Row]:
    """OV-5."""
    rest = result.phase("free", "rest")
    left = capacity.rate - result.phase("premium", "rest").ok_rate
    share = rest.ok_rate / left
    place = {"multiplier": MULTIPLIER, "overload": overload(MULTIPLIER)}
    rows = [
        Row("OV-5", "free goodput, of what premium leaves", percent(share, 1),
            f">= {percent(GOODPUT, 0)}", share >= GOODPUT, **place)
    ]  # fmt: skip
    if reject_seconds is None:
        figure, is_met = "the node does not tell", False
    else:
        spent = reject_seconds / spikes.seconds
        figure, is_met = percent(spent, 1), spent <= REJECTIONS
    bound = f"<= {percent(REJECTIONS, 0)}"
    return [*rows, Row("OV-5", "CPU in rejections", figure, bound, is_met, **place)]


def _recovery_time(result: Result, flow: str, bound: float, spikes: Spikes) -> float:
    """Seconds from the end of the spike until most of half a second's tenths are within the bound:
    a tenth has few requests, and one slow one can be its p99."""
    values = result.slices(flow, "p99_us", spikes.slices(spikes.end, spikes.length))
    window = 5
    for index in range(len(values) - window + 1):
        if statistics.median(values[index : index + window]) <= bound:
            return index * traffic.SLICE
    return float("inf")


def _recovery(result: Result, calm: Calm, capacity: float, spikes: Spikes) -> list[Row]:
    """OV-7."""
    rows = []
    for flow, runs in (("premium", calm.premium_us), ("free", calm.free_us)):
        bound = Calm.bound_of(runs)
        after = result.phase(flow, "recovered")
        took = _recovery_time(result, flow, bound, spikes)
        figure = f"{us(after.p99_us)} (after {took:.1f} s)"
        is_met = 0 < after.p99_us <= bound and after.ok >= 0.999 * after.offered
        rows.append(
            Row("OV-7", f"{flow} p99 from {RECOVERY} s after the spike", figure,
                f"<= {us(bound)}", is_met)
        )  # fmt: skip
    after = result.phase("free", "recovered")
    asked = after.sent / after.seconds / (FREE_SHARE * capacity)
    figure = f"{asked:.2f} of calm"
    rows.append(Row("OV-7", "free requests sent after that", figure, "<= 1.10", asked <= 1.1))
    return rows


def _equal_tenants(result: Result) -> Row:
    """A part of OV-6: tenants that ask the same are served the same."""
    index = traffic.jain(result.phase("free", "rest").tenants)
    text = "free tenants that ask the same: Jain's index"
    return Row("OV-6", text, f"{index:.3f}", ">= 0.9", index >= 0.9, MULTIPLIER,
               overload(MULTIPLIER))  # fmt: skip


def run(context: Context, origin: Origin, capacity: Capacity) -> Outcome:
    spikes = Spikes(context.seconds)
    with TieredNode(context, origin) as node:
        port = node.port()
        seconds = context.seconds / 2
        calm = measure_calm(context, seconds, calm_flows(port, capacity.rate, seconds))
        before = node.sample('selvedge_work_seconds_total{class="reject"')
        result = traffic.run(
            context, spikes.phases(), spike_flows(port, capacity.rate, spikes)
        )
        after = node.sample('selvedge_work_seconds_total{class="reject"')
    rejecting = None if after is None else after - (before or 0)
    rows = judge_premium("OV-1", "known free connections", result, calm, MULTIPLIER)
    rows += _efficiency(result, capacity, spikes, rejecting)
    rows += [_equal_tenants(result)]
    rows += _recovery(result, calm, capacity.rate, spikes)
    document = {
        "capacity": capacity.document(),
        "calm": dataclasses.asdict(calm),
        "run": result.summary(),
        "slices": {
            flow: result.slices(flow, "p99_us", spikes.slices(0, CALM + spikes.seconds + AFTER))
            for flow in ("premium", "free")
        },
    }
    return Outcome(rows, document)


def node_capacity(context: Context, origin: Origin) -> Capacity:
    """Of the node as it is without tiers, which nothing but its core holds back."""
    with TieredNode(context, origin, has_policy=False) as node:
        return hit_capacity(context, node.pids, node.port())
