"""The peers under OV-1 and OV-3, each with its own capacity and its best settings. All results are
told, also where they do better."""

import sys

import greeting
import known
import traffic
from grid import table
from limited import CONTENDERS, Limited
from measure import Unfit, fetch
from stand import OBJECT, Capacity, Origin, TieredNode, hit_capacity
from traffic import CALM, FREE_SHARE, PREMIUM_SHARE, Context, Result, Spikes
from verdict import percent, us

SPIKE = 5  # seconds
MARGIN = 0.1  # of the capacity, that limits leave unused
HEADS = ["", "case", "capacity/s", "premium ok", "calm p99", "spike p99", "first second"]
HEADS += ["free ok/s"]


def packages(names: list[str]) -> list[str]:
    return sorted({package for name in names for package in CONTENDERS[name].packages})


def _write_files(context: Context) -> None:
    for path, size in ((traffic.PATH, OBJECT), (traffic.SMALL, 1024)):
        file = context.work / "files" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)


def _start(context: Context, origin: Origin, name: str, free_rate: int | None = None) -> Limited:
    peer = CONTENDERS[name](
        context.server_pin, origin.address, context.work / "files", context.work
    )
    peer.free_rate = free_rate
    return peer


def _limit(capacity: float) -> int:
    """What the free class may have: what premium and the margin leave."""
    return int((1 - PREMIUM_SHARE - MARGIN) * capacity)


def _row(name: str, case: str, capacity: float, calm_us: float, result: Result) -> list[str]:
    first, rest = result.phase("premium", "first"), result.phase("premium", "rest")
    success = result.success("premium", "first", "rest")
    figures = [percent(success, 3), us(calm_us), us(rest.p99_us), us(first.p99_us)]
    free = f"{result.phase('free', 'rest').ok_rate:,.0f}"
    return [name, case, f"{capacity:,.0f}", *figures, free]


def _known(context: Context, start) -> tuple[Capacity, float, Result]:
    """`start` makes a contender for a limit."""
    with start(None) as server:
        fetch(f"http://127.0.0.1:{server.port('http')}{traffic.PATH}", "h1")
        capacity = hit_capacity(context, server.pids, server.port("http"))
    spikes = Spikes(SPIKE)
    with start(_limit(capacity.rate)) as server:
        port = server.port("http")
        fetch(f"http://127.0.0.1:{port}{traffic.PATH}", "h1")
        calm_flows = known.calm_flows(port, capacity.rate, CALM)
        calm = known.measure_calm(context, CALM, calm_flows, 1)
        flows = known.spike_flows(port, capacity.rate, spikes)
        return capacity, calm.premium, traffic.run(context, spikes.phases(), flows)


def _greeting(context: Context, start) -> tuple[greeting.Costs, Result]:
    with start(None) as server:
        fetch(f"https://127.0.0.1:{server.port('https')}{traffic.SMALL}", "h1tls")
        costs = greeting.measure_costs(context, server.pids, server.port("https"))
    limit = _limit(costs.handshakes.rate)
    with start(limit) as server:
        port = server.port("https")
        fetch(f"https://127.0.0.1:{port}{traffic.SMALL}", "h1tls")
        return costs, greeting.spike(context, port, costs)


def _starts(context: Context, origin: Origin, names: list[str]) -> dict:
    """By name: what makes a contender, not yet running, for a limit of the free class."""

    def selvedge(limit: int | None) -> TieredNode:
        return TieredNode(context, origin, has_policy=limit is not None)

    def peer(name: str):
        return lambda limit: _start(context, origin, name, limit)

    return {"selvedge": selvedge} | {name: peer(name) for name in names}


def run(context: Context, origin: Origin, names: list[str]) -> tuple[str, dict, list[str]]:
    """A table, the document, and what went wrong."""
    _write_files(context)
    rows, document, failures = [HEADS], {}, []
    for name, start in _starts(context, origin, names).items():
        print(f"peers: {name}", file=sys.stderr)
        said = document[name] = {}
        try:
            capacity, calm, result = _known(context, start)
            rows.append(_row(name, "OV-1", capacity.rate, calm, result))
            said["OV-1"] = {"capacity": capacity.document(), "calm_us": calm}
            said["OV-1"]["run"] = result.summary()
            if name in CONTENDERS and "h1tls" not in CONTENDERS[name].protocols:
                continue
            costs, result = _greeting(context, start)
            calm = result.phase("premium", "calm").p99_us
            rows.append(_row(name, "OV-3", costs.handshakes.rate, calm, result))
            said["OV-3"] = {"costs": costs.document(), "run": result.summary()}
        except (Unfit, RuntimeError, AssertionError, OSError) as error:
            failures.append(f"{name}: {error}")
    text = f"""{table(rows)}
Free calm at {FREE_SHARE:.0%} of each one's capacity, a hundred times that in the spike."""
    settings = [f"  {name}: {CONTENDERS[name].settings}" for name in names]
    return "\n".join([text, *settings]), document, failures
