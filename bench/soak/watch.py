"""What is seen while the soak runs: a record a second, from the load and from the node's /proc."""

import collections
import dataclasses
import threading
import time

from stand import SoakNode

CALM_AFTER = 4  # seconds since a fault of the origins: fetches have ended, or been given up
CUT_WITHIN = 12  # longer than a fetch may take: what an origin began to answer when it was ill
COUNTS = (
    "right", "right_hit", "wrong", "refused", "refused_hit", "cut", "cut_hit", "stuck", "told",
    "unanswered_fresh", "unanswered_reused", "unopened", "unsent",
)  # fmt: skip


@dataclasses.dataclass
class Second:
    at: float  # from the start of the load
    fault: str
    is_calm: bool  # the origins have been well for a while, and no process takes another's place
    may_cut: bool  # an origin was ill not long ago
    is_upgrading: bool
    generation: int
    resident: int
    descriptors: int
    load: dict

    def count(self, name: str) -> int:
        return self.load.get(name, 0)


def percentiles(seconds: list[Second], kinds=("hits_us", "others_us")) -> dict[str, float]:
    """By sixteenths of octaves: at most 4.4% too high."""
    counts: collections.Counter = collections.Counter()
    for second in seconds:
        for kind in kinds:
            for bucket, count in second.load[kind].items():
                counts[int(bucket)] += count
    result = {}
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        rest = share * counts.total()
        result[name] = 0.0
        for bucket in sorted(counts):
            rest -= counts[bucket]
            if rest <= 0:
                result[name] = 2 ** (bucket / 16)
                break
    return result


class Watch:
    """Gathers the seconds. `on_second` is called by the thread that reads the load's lines."""

    def __init__(self, node: SoakNode):
        self._node = node
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self.faults = None  # once there are any
        self.fault = ""  # the current one
        self.seconds: list[Second] = []
        self.problems: list[str] = []
        self._was_upgrading = False

    def on_second(self, load: dict) -> None:
        try:
            resident, descriptors = self._node.resident_and_descriptors()
        except (OSError, StopIteration):
            resident, descriptors = 0, 0  # a process that has ended has no memory
        now = time.monotonic()
        since_fault = now - self.faults.last_at_origin if self.faults else now
        # What ended in the last second may have met what was so at its start.
        is_upgrading = self._node.is_upgrading
        second = Second(
            at=now - self._start,
            fault=self.fault,
            is_calm=since_fault > CALM_AFTER and not is_upgrading,
            may_cut=since_fault < CUT_WITHIN,
            is_upgrading=is_upgrading or self._was_upgrading,
            generation=self._node.generation,
            resident=resident,
            descriptors=descriptors,
            load=load,
        )
        self._was_upgrading = is_upgrading
        with self._lock:
            self.seconds.append(second)
            self._judge(second)

    def _judge(self, second: Second) -> None:
        never = ("wrong", "cut_hit", "refused_hit", "stuck", "unopened", "unanswered_fresh")
        bad = [name for name in never if second.count(name)]
        if second.count("cut") and not second.may_cut:
            bad.append("cut")
        if second.count("unanswered_reused") and not second.is_upgrading:
            bad.append("unanswered_reused")
        for name in bad:
            examples = "; ".join(second.load["examples"])
            self.problems.append(
                f"at {second.at:.0f} s ({second.fault}): {second.count(name)} {name} {examples}"
            )

    def total(self, name: str, of=lambda second: True) -> int:
        return sum(second.count(name) for second in self.seconds if of(second))

    def progress(self, last: int) -> str:
        with self._lock:
            seconds = self.seconds[-last:]
        if not seconds:
            return "nothing yet"
        sums = {name: sum(second.count(name) for second in seconds) for name in COUNTS}
        rest = ", ".join(
            f"{count} {name}" for name, count in sums.items()
            if count and not name.startswith("right")
        )  # fmt: skip
        end = seconds[-1]
        right = sums["right"] + sums["right_hit"]
        return (
            f"{end.at:5.0f} s: {right / len(seconds):,.0f} right/s, {rest or 'nothing else'}; "
            f"{end.resident / 2**20:.0f} MiB, {end.descriptors} descriptors"
        )
