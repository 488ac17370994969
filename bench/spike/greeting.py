"""OV-3: new TLS connections, a hundred times as many as when all is calm, while premium clients ask
on connections that they have. Once with full handshakes, once with resumed sessions."""

import dataclasses

import traffic
from stand import Capacity, Origin, TieredNode, handshake_capacity, handshakes, hit_capacity
from traffic import FREE_SHARE, PREMIUM_SHARE, Context, Result, Spikes
from verdict import Outcome, Row, percent, us

MULTIPLIER = 100
SUCCESS = 0.999
SPIKE = 5  # seconds
PATHS = [{"path": traffic.SMALL}]


@dataclasses.dataclass
class Costs:
    hits: Capacity  # over TLS, on connections that stay
    handshakes: Capacity

    def document(self) -> dict:
        return {"hits": self.hits.document(), "handshakes": self.handshakes.document()}


def measure_costs(context: Context, pids, port: int) -> Costs:
    return Costs(
        hits=hit_capacity(context, pids, port, protocol="h1tls", paths=PATHS, depth=1),
        handshakes=handshake_capacity(context, pids, port),
    )


def spike(context: Context, port: int, costs: Costs, is_resumed: bool = False) -> Result:
    spikes = Spikes(SPIKE)
    calm = FREE_SHARE * costs.handshakes.rate
    rate = spikes.rise(calm, MULTIPLIER * calm)
    premium = PREMIUM_SHARE * costs.hits.rate
    flows = [
        traffic.premium(port, spikes.steady(premium), protocol="h1tls", paths=PATHS),
        handshakes("free", port, rate, resumed=is_resumed),
    ]
    return traffic.run(context, spikes.phases(), flows)


def judge(name: str, result: Result, costs: Costs) -> list[Row]:
    calm = result.phase("premium", "calm").p99_us
    bound = calm + 2 * costs.handshakes.cpu_us
    success = result.success("premium", "first", "rest")
    rest, free = result.phase("premium", "rest"), result.phase("free", "rest")
    overload = PREMIUM_SHARE + FREE_SHARE * MULTIPLIER
    place = {"multiplier": MULTIPLIER, "overload": overload}
    late = f"generator {us(rest.delay_p99_us)}"
    told = f"{free.ok_rate:,.0f}/s of {free.offered / free.seconds:,.0f}/s"
    return [
        Row("OV-3", f"{name}: premium success", percent(success), f">= {percent(SUCCESS, 1)}",
            success >= SUCCESS, **place),
        Row("OV-3", f"{name}: premium p99", f"{us(rest.p99_us)} ({late})", f"<= {us(bound)}",
            0 < rest.p99_us <= bound, **place),
        Row("OV-3", f"{name}: new connections served", told, "", None, **place),
    ]  # fmt: skip


def run(context: Context, origin: Origin) -> Outcome:
    with TieredNode(context, origin, has_policy=False) as node:
        costs = measure_costs(context, node.pids, node.port("https"))
    rows, runs = [], {}
    for name, is_resumed in (("full handshakes", False), ("resumed sessions", True)):
        with TieredNode(context, origin) as node:
            result = spike(context, node.port("https"), costs, is_resumed)
        rows += judge(name, result, costs)
        runs[name] = result.summary()
    return Outcome(rows, {"costs": costs.document(), "runs": runs})
