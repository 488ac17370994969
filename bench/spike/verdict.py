"""Rows of the result: a figure, what it is held against, and whether it holds."""

import dataclasses

from grid import table


@dataclasses.dataclass
class Row:
    id: str
    scenario: str
    figure: str
    bound: str
    is_met: bool | None  # None: only told, nothing is asked of it
    multiplier: float | None = None  # of the low tier's rate, over the calm one
    overload: float | None = None  # offered work over capacity

    def cells(self) -> list[str]:
        verdict = {True: "pass", False: "FAIL", None: ""}[self.is_met]
        multiplier = "-" if self.multiplier is None else f"x{self.multiplier:.3g}"
        overload = "-" if self.overload is None else f"{self.overload:.1f}"
        return [self.id, self.scenario, multiplier, overload, self.figure, self.bound, verdict]


HEADS = ["id", "scenario", "multiplier", "overload", "figure", "bound", ""]


def text_of(rows: list[Row]) -> str:
    return table([HEADS, *(row.cells() for row in rows)])


@dataclasses.dataclass
class Outcome:
    """What a scenario gives: rows, and a part of the JSON document."""

    rows: list[Row]
    document: dict


def us(value: float) -> str:
    return f"{value:,.0f} us"


def percent(value: float, digits: int = 2) -> str:
    """Rounded down: 99.996% is not 100%."""
    scale = 10 ** (digits + 2)
    return f"{int(value * scale + 1e-9) / scale * 100:.{digits}f}%"
