"""The grid: every contender, protocol and size, one object that is always a hit.

In every round each contender is started anew for each case, and the order turns from round to
round, so that a busy minute of the machine does not hit the same one every time.
"""

import dataclasses
import statistics
import sys

from measure import Context, Figure, Outcome, Unfit, measure_hits
from peer import PROTOCOLS
from peers import PEERS
from targets import judge, targets_text

SIZES = {"1k": 1 << 10, "16k": 1 << 14, "128k": 1 << 17, "1m": 1 << 20}
CASES = [(protocol, size) for protocol in PROTOCOLS for size in SIZES]
_TITLES = {
    "h1": "HTTP/1.1, cleartext",
    "h2c": "HTTP/2, cleartext",
    "h1tls": "HTTP/1.1 over TLS",
    "h2tls": "HTTP/2 over TLS",
}

# CPU microseconds a request by contender, protocol, size.
Costs = dict[tuple[str, str, str], float]


@dataclasses.dataclass
class Cell:
    """A contender in a case: the figures of its rounds, or why there are none."""

    rounds: list[Figure] = dataclasses.field(default_factory=list)
    failure: str = ""

    def median(self) -> Figure | None:
        if self.failure or not self.rounds:
            return None
        names = [field.name for field in dataclasses.fields(Figure)]
        return Figure(*(statistics.median(getattr(r, name) for r in self.rounds) for name in names))


def _measure_once(name: str, context: Context, protocol: str, size: str, cell: Cell) -> None:
    peer_type = PEERS[name]
    try:
        with peer_type(
            context.server_pin, context.origin.address, context.files, context.work
        ) as peer:
            cell.rounds.append(measure_hits(peer, context, protocol, f"/hot/{size}.bin"))
    except (Unfit, RuntimeError, AssertionError, OSError) as error:
        cell.failure = cell.failure or str(error)


def run_grid(context: Context, cases: list[tuple[str, str]]) -> Outcome:
    cells: dict[tuple[str, str, str], Cell] = {}
    for number in range(context.rounds):
        for protocol, size in cases:
            contenders = [name for name in context.peers if protocol in PEERS[name].protocols]
            turn = number % max(1, len(contenders))
            for name in contenders[turn:] + contenders[:turn]:
                cell = cells.setdefault((name, protocol, size), Cell())
                if cell.failure:
                    continue
                _measure_once(name, context, protocol, size, cell)
                print(
                    f"round {number + 1} of {context.rounds}: {protocol}-{size} {name}: "
                    + (cell.failure or f"{cell.rounds[-1].cpu_us:.2f} us of CPU a request"),
                    file=sys.stderr,
                )
    return _outcome(cells, context)


def _outcome(cells: dict[tuple[str, str, str], Cell], context: Context) -> Outcome:
    medians = {key: cell.median() for key, cell in cells.items()}
    costs: Costs = {key: figure.cpu_us for key, figure in medians.items() if figure}
    kinds = {name: PEERS[name].is_cache for name in context.peers}
    targets = judge(costs, kinds)
    parts = [
        _protocol_text(protocol, context.peers, cells, costs)
        for protocol in PROTOCOLS
        if any(key[1] == protocol for key in cells)
    ]
    return Outcome(
        text="\n\n".join(parts + ([targets_text(targets)] if targets else [])),
        document={
            "figures": [
                {"contender": name, "protocol": protocol, "size": size}
                | (dataclasses.asdict(figure) if (figure := medians[key]) else {})
                | {"rounds": [dataclasses.asdict(r) for r in cells[key].rounds]}
                | ({"failure": cells[key].failure} if cells[key].failure else {})
                for key in cells
                for name, protocol, size in [key]
            ],
            "ratios": {
                f"{protocol}-{size}": ratios
                for protocol, size in CASES
                if (ratios := _ratios(costs, context.peers, protocol, size))
            },
            "targets": [dataclasses.asdict(target) for target in targets],
        },
        failures=[
            f"{protocol}-{size} {name}: {cell.failure}"
            for (name, protocol, size), cell in cells.items()
            if cell.failure
        ],
    )


def _ratios(costs: Costs, names: list[str], protocol: str, size: str) -> dict[str, float]:
    """Selvedge's cost over each other's: below 1 it is the cheaper one."""
    ours = costs.get(("selvedge", protocol, size))
    others = {name: costs.get((name, protocol, size)) for name in names if name != "selvedge"}
    return {name: ours / theirs for name, theirs in others.items() if ours and theirs}


def table(rows: list[list[str]]) -> str:
    """Columns as wide as they must be, the first one to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(t.rjust(w) if i else t.ljust(w) for i, (t, w) in enumerate(zip(row, widths)))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _protocol_text(protocol: str, names: list[str], cells, costs: Costs) -> str:
    sizes = [size for size in SIZES if any(key[1:] == (protocol, size) for key in cells)]
    names = [name for name in names if any((name, protocol, size) in cells for size in sizes)]
    by_size = {size: _ratios(costs, names, protocol, size) for size in sizes}

    def row(name: str, format_of) -> list[str]:
        return [name] + [format_of(size) for size in sizes]

    def cost(name: str):
        return lambda s: f"{costs[name, protocol, s]:.2f}" if (name, protocol, s) in costs else "-"

    def ratio(name: str):
        return lambda s: f"{by_size[s][name]:.2f}" if name in by_size[s] else "-"

    text = f"{_TITLES[protocol]}: CPU us a request\n"
    text += table([["", *sizes]] + [row(name, cost(name)) for name in names])
    compared = [name for name in names if any(name in of for of in by_size.values())]
    if compared:
        text += "\nselvedge over\n" + table([row(name, ratio(name)) for name in compared])
    return text
