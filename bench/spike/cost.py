"""What the policy costs a hit when all is calm: CPU of a small hit with and without one, by turns,
so that a machine that becomes slower is slower for both, each by its least disturbed round; and
what a token costs that was verified once."""

import traffic
from measure import cpu_seconds
from stand import PREMIUM_KEY, Origin, TieredNode
from traffic import Context
from verdict import Outcome, Row, percent

ROUNDS = 5
RATE, SECONDS = 50_000, 1  # less than a third of what the node can do
MOST, TOKEN_US = 0.05, 1.0
PATHS = [{"path": traffic.SMALL}]
# As many rules as a careful operator has: most of them wait for a load.
RULES = [
    {
        "name": f"rule {number}",
        "when": {"tiers": ["free"], "paths": [f"/part-{number}/*"], "load": "high"},
        "then": {"serve_stale": "1h"},
    }
    for number in range(20)
]
CLASSES = [
    {"name": "code", "is": "core", "paths": ["*.js", "*.css"]},
    {"name": "maps", "is": "secondary", "paths": ["*.map"]},
]


def _measure(context: Context, node: TieredNode, protocol: str, **more) -> float:
    rate = traffic.steady(SECONDS, RATE)
    flow = traffic.free(node.port(), rate, connections=64, protocol=protocol, paths=PATHS, **more)
    before = cpu_seconds(node.pids())
    said = traffic.run_steady(context, SECONDS, [flow]).phase("free", "all")
    asked = said.ok * (SECONDS + 0.5) / SECONDS  # the warm-up too
    return (cpu_seconds(node.pids()) - before) * 1e6 / asked


def run(context: Context, origin: Origin) -> Outcome:
    policy = {"rules": RULES, "classes": CLASSES}
    rows, document = [], {}
    with (
        TieredNode(context, origin, has_policy=False) as plain,
        TieredNode(context, origin, policy=policy) as tiered,
    ):
        for protocol in ("h1", "h2c"):
            key = {"header": {"name": "x-api-key", "values": [PREMIUM_KEY]}}
            figures = {"plain": [], "policy": [], "token": []}
            for _ in range(ROUNDS):
                figures["plain"].append(_measure(context, plain, protocol))
                figures["policy"].append(_measure(context, tiered, protocol))
                figures["token"].append(_measure(context, tiered, protocol, **key))
            document[protocol] = figures
            plain_us, policy_us, token_us = (min(f) for f in figures.values())
            share = policy_us / plain_us - 1
            rows += [
                Row("cost", f"{protocol}: policy on a hit of 1 KiB",
                    f"{plain_us:.2f} -> {policy_us:.2f} us, {percent(share, 1)}",
                    f"<= {percent(MOST, 0)}", share <= MOST),
                Row("cost", f"{protocol}: an API key that is known, with its field",
                    f"{token_us - policy_us:.2f} us", f"< {TOKEN_US:.0f} us",
                    token_us - policy_us < TOKEN_US),
            ]  # fmt: skip
    return Outcome(rows, document)
