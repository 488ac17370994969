"""OV-8: ten thousand slow clients of the free tier, half of which read 1 KiB a second of 1 MiB and
half of which send a request at a byte a second. The node's memory stays below its cap."""

import contextlib
import subprocess
import threading

import traffic
from measure import Unfit, fetch
from stand import MEMORY_CAP, Capacity, Origin, TieredNode
from traffic import FREE, PREMIUM_SHARE, TENANTS, Context
from verdict import Outcome, Row, percent, us

COUNT = 10_000
LARGE = f"/size/{1 << 20}/object"
READY_SECONDS = 60


@contextlib.contextmanager
def _slow_clients(context: Context, port: int):
    """They are connected when the block begins, and slow until it ends."""
    command = [*traffic.client(context, "slow_clients"), str(port), str(COUNT), LARGE]
    command += [FREE, str(TENANTS)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = threading.Timer(READY_SECONDS, process.kill)
    watch.start()
    try:
        if not process.stdout.readline().startswith("READY"):
            raise Unfit(f"slow clients: {process.stderr.read().strip()}")
        watch.cancel()
        yield process
    finally:
        watch.cancel()
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(context: Context, origin: Origin, capacity: Capacity) -> Outcome:
    seconds = context.seconds
    rate = PREMIUM_SHARE * capacity.rate
    policy = {"overload": {"memory": MEMORY_CAP}}
    with TieredNode(context, origin, policy=policy) as node:
        fetch(node.node.url(LARGE), "h1")
        flows = [traffic.premium(node.port(), traffic.steady(seconds, rate))]
        before = node.node.resident_bytes()
        with _slow_clients(context, node.port()) as clients:
            result = traffic.run_steady(context, seconds, flows)
            resident = node.node.resident_bytes()
            highest = node.node.resident_bytes("VmHWM")
        still_open = clients.stdout.read().split()[-1]
    said = result.phase("premium", "all")
    mib = f"{highest / (1 << 20):.0f} MiB ({before / (1 << 20):.0f} MiB before)"
    rows = [
        Row("OV-8", f"{COUNT:,} slow clients: resident memory", mib,
            f"<= {MEMORY_CAP >> 20} MiB", highest <= MEMORY_CAP),
        Row("OV-8", "premium meanwhile", f"{percent(said.success)}, p99 {us(said.p99_us)}", "",
            None),
    ]  # fmt: skip
    document = {
        "resident_before": before,
        "resident": resident,
        "highest": highest,
        "still_open": int(still_open),
        "run": result.summary(),
    }
    return Outcome(rows, document)
