"""OV-1, OV-5 and OV-7: clients of the free tier on connections that stay, whose class their address
tells, ask a hundred times as much as when all is calm, thirty times what the server can do."""

import dataclasses
import statistics
import subprocess

import traffic
from stand import Capacity, Origin, TieredNode, hit_capacity
from traffic import AFTER, CALM, FREE_SHARE, PREMIUM_SHARE, RECOVERY, Context, Result, Spikes
from verdict import Outcome, Row, percent, us

MULTIPLIER = 100
SUCCESS = 0.9999
FIRST_SECOND_US = 10_000  # above calm
GOODPUT, REJECTIONS = 0.7, 0.05
RUNS = 3
TAILS = ("premium_us", "free_us")


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


def busy_core(context: Context):
    """The server's core has nothing left to give: what runs there gives way to the server at once,
    but the machine is as busy as in a spike. A machine that shares its processors takes more from
    those who use more, and that is its noise, not the server's."""
    loop = ["timeout", "60", "sh", "-c", "while :; do :; done"]
    return subprocess.Popen([*context.server_pin, "chrt", "--idle", "0", *loop])


def measure_busy_calm(context: Context, seconds: float, flows: list[dict], runs: int) -> Calm:
    process = busy_core(context)
    try:
        return measure_calm(context, seconds, flows, runs)
    finally:
        process.terminate()
        process.wait(timeout=10)


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


def _recovery(rounds: list["Round"], calm: Calm, spikes: Spikes) -> list[Row]:
    """OV-7: the middle one of the rounds, as of the calm runs."""
    rows = []
    for flow, runs in (("premium", calm.premium_us), ("free", calm.free_us)):
        bound = Calm.bound_of(runs)
        phases = [one.spike.phase(flow, "recovered") for one in rounds]
        p99 = statistics.median(phase.p99_us for phase in phases)
        took = statistics.median(_recovery_time(r.spike, flow, bound, spikes) for r in rounds)
        figure = f"{us(p99)} (after {took:.1f} s)"
        is_answered = all(phase.ok >= 0.999 * phase.offered for phase in phases)
        rows.append(
            Row("OV-7", f"{flow} p99 from {RECOVERY} s after the spike", figure,
                f"<= {us(bound)}", 0 < p99 <= bound and is_answered)
        )  # fmt: skip
    asked = max(
        one.spike.phase("free", "recovered").sent
        / one.spike.phase("free", "recovered").seconds
        / (FREE_SHARE * one.capacity.rate)
        for one in rounds
    )
    figure = f"{asked:.2f} of calm"
    rows.append(Row("OV-7", "free requests sent after that", figure, "<= 1.10", asked <= 1.1))
    return rows


def _equal_tenants(result: Result) -> Row:
    """A part of OV-6: tenants that ask the same are served the same."""
    index = traffic.jain(result.phase("free", "rest").tenants)
    text = "free tenants that ask the same: Jain's index"
    return Row("OV-6", text, f"{index:.3f}", ">= 0.9", index >= 0.9, MULTIPLIER,
               overload(MULTIPLIER))  # fmt: skip


def _beside_busy_calm(results: list[Result], busy: Calm) -> Row:
    figure = statistics.median(r.phase("premium", "rest").p99_us for r in results)
    bound = Calm.bound_of(busy.premium_us)
    name = "known free connections: premium p99, calm with a busy core"
    return Row("OV-1", name, us(figure), f"<= {us(bound)}", figure <= bound, MULTIPLIER,
               overload(MULTIPLIER))  # fmt: skip


@dataclasses.dataclass
class Round:
    """A machine that others use too changes its speed: what is compared is measured together."""

    capacity: Capacity
    calm: Calm
    busy: Calm  # calm, with a busy core
    spike: Result


def middle_of(rounds: list, result_of):
    """The one whose tail is in the middle, as of the calm runs."""
    in_order = sorted(rounds, key=lambda one: result_of(one).phase("premium", "rest").p99_us)
    return in_order[len(in_order) // 2]


def _round(context: Context, origin: Origin, node: TieredNode, spikes: Spikes) -> Round:
    capacity = node_capacity(context, origin)
    seconds = context.seconds / 2
    flows = calm_flows(node.port(), capacity.rate, seconds)
    return Round(
        capacity,
        measure_calm(context, seconds, flows, 1),
        measure_busy_calm(context, seconds, flows, 1),
        traffic.run(context, spikes.phases(), spike_flows(node.port(), capacity.rate, spikes)),
    )


def run(context: Context, origin: Origin, _: Capacity) -> Outcome:
    spikes = Spikes(context.seconds)
    with TieredNode(context, origin) as node:
        before = node.sample("selvedge_refusal_seconds_total")
        rounds = [_round(context, origin, node, spikes) for _ in range(RUNS)]
        after = node.sample("selvedge_refusal_seconds_total")
    rejecting = None if after is None else (after - (before or 0)) / RUNS
    calm = Calm(*([us for r in rounds for us in getattr(r.calm, of)] for of in TAILS))
    busy = Calm(*([us for r in rounds for us in getattr(r.busy, of)] for of in TAILS))
    middle = middle_of(rounds, lambda one: one.spike)
    result = middle.spike
    rows = judge_premium("OV-1", "known free connections", result, calm, MULTIPLIER)
    rows += [_beside_busy_calm([one.spike for one in rounds], busy)]
    rows += _efficiency(result, middle.capacity, spikes, rejecting)
    rows += [_equal_tenants(result)]
    rows += _recovery(rounds, calm, spikes)
    document = {
        "capacity": [one.capacity.document() for one in rounds],
        "calm": dataclasses.asdict(calm),
        "busy_calm": dataclasses.asdict(busy),
        "runs": [one.spike.summary() for one in rounds],
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
