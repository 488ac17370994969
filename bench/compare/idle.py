"""idle: the memory that idle connections hold.

10,000 connections over TLS with HTTP/2: a full handshake, SETTINGS exchanged and acknowledged, one
request answered, then silence. The figure is the proportional set size of all processes of the
server, less that of the same processes before the connections came, but after some others had come
and gone, for each connection. What the kernel holds for a socket is in no process and not in it.
Beside it stands what OpenSSL's end of such a connection takes alone, by glibc's account.
"""

import contextlib
import functools
import pathlib
import resource
import subprocess
import sys
import time

from case import Target, bare_handshake, client_program, document_of, start, take_turns
from case import targets_text
from grid import table
from measure import Context, Outcome, Unfit
from peers import PEERS

CONNECTIONS = 10_000
FIRST_CONNECTIONS = 100  # so that what is made once is there already
SETTLE_SECONDS = 2  # some allocators give memory back a moment later
LIMIT_KIB = 12
PATH = "/hot/1k.bin"


def _set_sizes(pids: list[int]) -> dict[str, int]:
    """Octets of memory: {"Rss": resident, "Pss": the same with shared pages divided by sharers}."""
    total = {"Rss": 0, "Pss": 0}
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            kind, _, rest = line.partition(":")
            if kind in total:
                total[kind] += int(rest.split()[0]) * 1024
    return total


@contextlib.contextmanager
def _connections(context: Context, port: str, count: int):
    command = [*context.client_pin, client_program("idle_connections"), port, str(count), PATH]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        try:
            if client.stdout.readline().strip() != f"READY {count}":
                raise Unfit(f"fewer than {count} connections")
            yield
            client.stdin.close()
            said = client.stdout.readline().strip()
            if said != f"OPEN {count}":
                raise Unfit(f"the server closed connections: {said} of {count}")
        finally:
            client.terminate()


def _measure(context: Context, name: str) -> dict[str, float]:
    with start(context, name) as peer:
        port = peer.url("h2tls", "").rpartition(":")[2]
        with _connections(context, port, FIRST_CONNECTIONS):
            pass
        time.sleep(SETTLE_SECONDS)
        before = _set_sizes(peer.pids())
        with _connections(context, port, CONNECTIONS):
            time.sleep(SETTLE_SECONDS)
            held = _set_sizes(peer.pids())
    return {
        "idle_mib": before["Pss"] / 2**20,
        "pss_kib_each": (held["Pss"] - before["Pss"]) / 1024 / CONNECTIONS,
        "rss_kib_each": (held["Rss"] - before["Rss"]) / 1024 / CONNECTIONS,
    }


def run(context: Context) -> Outcome:
    # The servers inherit it; a soft limit of 1,024 descriptors is usual.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = [name for name in context.peers if "h2tls" in PEERS[name].protocols]
    # HAProxy sets two descriptors aside for each connection, and takes no more than that allows.
    if hard < 2 * (CONNECTIONS + 500) and "haproxy" in names:
        print(f"idle: no haproxy, it needs ulimit -Hn {2 * (CONNECTIONS + 500)}", file=sys.stderr)
        names.remove("haproxy")
    medians, failures = take_turns(context, "idle", names, functools.partial(_measure, context))
    rows = [["", "idle process MiB", "KiB a connection", "by RSS", "selvedge/it"]]
    ours = medians.get("selvedge")
    for name, of in medians.items():
        ratio = f"{ours['pss_kib_each'] / of['pss_kib_each']:.2f}" if ours else "-"
        kib = [f"{of[key]:.2f}" for key in ("idle_mib", "pss_kib_each", "rss_kib_each")]
        rows.append([name, *kib, ratio])
    try:
        bare = bare_handshake(context)["held_bytes"] / 1024
        rows.append(["OpenSSL alone", "-", f"{bare:.2f}", "-", "-"])
    except Unfit as error:
        bare = None
        failures.append(f"idle OpenSSL alone: {error}")
    targets = []
    if ours:
        text = f"KiB of memory for each of {CONNECTIONS:,} idle TLS h2 connections"
        targets.append(Target(text, ours["pss_kib_each"], LIMIT_KIB))
    text = f"idle: {CONNECTIONS:,} connections, h2 over TLS\n{table(rows)}\n{targets_text(targets)}"
    document = {
        "connections": CONNECTIONS,
        "figures": medians,
        "openssl_kib": bare,
        "targets": document_of(targets),
    }
    return Outcome(text, document, failures)
