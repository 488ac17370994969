"""OV-6: nobody starves. Premium alone asks more than there is, and the free tier still has its
floor; then tenants of one tier want very different amounts, and one has no more than its share."""

import traffic
from stand import Capacity, Origin, TieredNode
from traffic import CALM, FREE_SHARE, PREMIUM_SHARE, Context, Spikes
from verdict import Outcome, Row, percent

FLOOD = 2.0  # premium's demand over the capacity
FLOOR, FLOOR_SECONDS = 0.05, 5
# Of the capacity: what each tenant asks. The fair share lies between the first and the others.
MODEST, GREEDY, HEAVY = [0.02] * 8, [0.1] * 7, [5.0]
JAIN = 0.9


def _flood(context: Context, origin: Origin, capacity: Capacity) -> tuple[Row, dict]:
    spikes = Spikes(max(context.seconds, FLOOR_SECONDS))
    rate = spikes.rise(PREMIUM_SHARE * capacity.rate, FLOOD * capacity.rate)
    with TieredNode(context, origin) as node:
        flows = [
            traffic.premium(node.port(), rate, depth=4, wait=0.1, first=False),
            traffic.free(node.port(), spikes.steady(FREE_SHARE * capacity.rate)),
        ]
        result = traffic.run(context, spikes.phases(), flows)
    ok = result.slices("free", "ok", spikes.slices(CALM, spikes.end))
    window = round(FLOOR_SECONDS / traffic.SLICE)
    least = min(sum(ok[i : i + window]) for i in range(len(ok) - window + 1))
    share = least / FLOOR_SECONDS / capacity.rate
    row = Row("OV-6", f"premium floods: free in the worst {FLOOR_SECONDS} s, of the capacity",
              percent(share, 1), f">= {percent(FLOOR, 0)}", share >= FLOOR,
              overload=FLOOD + FREE_SHARE)  # fmt: skip
    return row, result.summary()


def _tenants(context: Context, origin: Origin, capacity: Capacity) -> tuple[Row, dict]:
    demands = [share * capacity.rate for share in (*MODEST, *GREEDY, *HEAVY)]
    seconds = context.seconds
    with TieredNode(context, origin) as node:
        flows = [
            traffic.premium(
                node.port(), traffic.steady(seconds, PREMIUM_SHARE * capacity.rate)
            )
        ]
        for number, demand in enumerate(demands):
            flows.append(
                traffic.free(
                    node.port(),
                    traffic.steady(seconds, demand),
                    name=f"tenant {number}",
                    source=f"127.2.1.{number + 1}",
                    sources=1,
                    connections=256 if demand == max(demands) else 16,
                )
            )
        result = traffic.run_steady(context, seconds, flows)
    phases = [result.phase(f"tenant {number}", "all") for number in range(len(demands))]
    wanted = [phase.offered / phase.seconds for phase in phases]
    served = [phase.ok_rate for phase in phases]
    fair = traffic.fair_shares(wanted, sum(served))
    index = traffic.jain([got / share for got, share in zip(served, fair) if share > 0])
    heavy = len(demands) - 1
    text = f"{index:.3f} (the heaviest: {served[heavy] / max(1.0, fair[heavy]):.2f} of its share)"
    row = Row("OV-6", "unequal free tenants: Jain's index of served over fair share", text,
              f">= {JAIN}", index >= JAIN,
              overload=PREMIUM_SHARE + sum(demands) / capacity.rate)  # fmt: skip
    return row, {"wanted": wanted, "served": served, "fair": fair, "run": result.summary()}


def run(context: Context, origin: Origin, capacity: Capacity) -> Outcome:
    flood, flood_document = _flood(context, origin, capacity)
    tenants, tenants_document = _tenants(context, origin, capacity)
    return Outcome([flood, tenants], {"flood": flood_document, "tenants": tenants_document})
