"""What Selvedge is to reach in the grid, as ratios of CPU time a request within one run."""

import dataclasses

from peer import PROTOCOLS

# (protocol, size, contender, the highest ratio that meets the target, whether that one meets it)
_SMALL = [
    ("h1", "floor", 1.3, True),
    ("h1", "h2o", 1.0, True),
    ("h1tls", "h2o", 1.0, False),
    ("h2c", "nghttpd", 1.0, True),
    ("h2c", "haproxy", 0.75, True),
    ("h2tls", "nghttpd", 1.0, True),
    ("h2tls", "haproxy", 0.75, True),
]
# Beyond what is asked for: HTTP/2 as cheap as a server of files that has no cache to look into.
_STRETCH = [("h2c", "h2o", 1.0, True), ("h2tls", "h2o", 1.0, True)]
_LARGE = ("16k", "128k", "1m")


@dataclasses.dataclass
class Target:
    case: str
    against: str
    ratio: float
    limit: float
    may_equal: bool
    is_stretch: bool = False
    is_met: bool = dataclasses.field(init=False)

    def __post_init__(self):
        self.is_met = self.ratio <= self.limit if self.may_equal else self.ratio < self.limit


def judge(costs: dict[tuple[str, str, str], float], is_cache: dict[str, bool]) -> list[Target]:
    """The targets for which this run has both figures. `costs` by contender, protocol, size."""
    found = []
    for row in _SMALL + _STRETCH:
        protocol, other, limit, may_equal = row
        ours = costs.get(("selvedge", protocol, "1k"))
        theirs = costs.get((other, protocol, "1k"))
        if ours and theirs:
            case, ratio = f"{protocol}-1k", ours / theirs
            found.append(Target(case, other, ratio, limit, may_equal, row in _STRETCH))
    for protocol in PROTOCOLS:
        for size in _LARGE:
            found += _judge_large(costs, is_cache, protocol, size)
    return found


def _judge_large(costs, is_cache: dict[str, bool], protocol: str, size: str) -> list[Target]:
    """Below every cache; within a tenth of the best server of files. The floor is neither."""
    ours = costs.get(("selvedge", protocol, size))
    if not ours:
        return []
    found = []
    others = [name for name in is_cache if name not in ("selvedge", "floor")]
    for caches, limit, may_equal in ((True, 1.0, False), (False, 1.1, True)):
        rivals = {
            name: costs[name, protocol, size]
            for name in others
            if is_cache[name] is caches and (name, protocol, size) in costs
        }
        if rivals:
            best = min(rivals, key=rivals.get)
            against = f"{best}, the cheapest {'cache' if caches else 'server of files'}"
            ratio = ours / rivals[best]
            found.append(Target(f"{protocol}-{size}", against, ratio, limit, may_equal))
    return found


def targets_text(targets: list[Target]) -> str:
    lines = ["Targets: selvedge's CPU time a request over the other's"]
    for target in targets:
        relation = "<=" if target.may_equal else "<"
        verdict = "met" if target.is_met else "MISSED"
        stretch = " (stretch)" if target.is_stretch else ""
        lines.append(
            f"  {target.case:<10} {target.ratio:5.2f}, wanted {relation} {target.limit:.2f}"
            f"  {verdict:<6}  {target.against}{stretch}"
        )
    return "\n".join(lines)
