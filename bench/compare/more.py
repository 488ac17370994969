"""The cases beyond the grid: each a function from a Context to an Outcome, by its name."""

from collections.abc import Callable

import handshakes
import idle
import latency
import miss
import workers
import zipf
from measure import Context, Outcome

CASES: dict[str, Callable[[Context], Outcome]] = {
    "zipf": zipf.run,
    "miss": miss.run,
    "latency": latency.run,
    "idle": idle.run,
    "handshakes": handshakes.run,
    "workers": workers.run,
}
