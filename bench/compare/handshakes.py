"""handshakes: full TLS 1.3 handshakes, by the server's CPU time.

X25519 and an ECDSA P-256 certificate, no resumption, 32 at a time; each connection is ended when
the handshake is. Two bounds stand beside the figure. The arithmetic: what `openssl speed` takes for
the signature and the shared secret, and OpenSSL for the key pair, which `openssl speed` does not
time. And the bare handshake: OpenSSL's server in one process with its client, without sockets,
which is what any server that leaves TLS to OpenSSL pays before its first system call.
"""

import functools
import json
import re

from case import Target, bare_handshake, client_program, cpu_by_process, cpu_since, document_of
from case import output_of, start, take_turns, targets_text
from grid import table
from measure import Context, Outcome, Unfit
from peers import PEERS

WARM_UP = 500
PARALLEL = 32
LIMIT = 1.10
BARE = "bare handshake, in memory"
ARITHMETIC = "arithmetic (openssl speed)"


def _shake_hands(context: Context, port: str, count: int) -> float:
    """The seconds that `count` handshakes took."""
    command = [*context.client_pin, client_program("handshakes"), port, str(count), str(PARALLEL)]
    return json.loads(output_of(command, 300))["seconds"]


def _measure_arithmetic(context: Context, generate_us: float) -> dict[str, float]:
    command = [*context.server_pin, "openssl", "speed", "-seconds", "1"]
    lines = output_of([*command, "ecdsap256", "ecdhx25519"], 60)
    # " 256 bits ecdsa (nistp256)   0.0000s   0.0001s  32437.1  10682.0": signatures a second third.
    sign = re.search(r"ecdsa \(nistp256\) +[\d.]+s +[\d.]+s +([\d.]+)", lines)
    derive = re.search(r"ecdh \(X25519\) +[\d.]+s +([\d.]+)", lines)
    if not (sign and derive):
        raise Unfit(f"openssl speed says something else: {lines}")
    return {"cpu_us": 1e6 / float(sign[1]) + 1e6 / float(derive[1]) + generate_us}


def _measure(context: Context, count: int, name: str) -> dict[str, float]:
    if name == BARE:
        return {"cpu_us": bare_handshake(context)["handshake_us"]}
    if name == ARITHMETIC:
        return _measure_arithmetic(context, bare_handshake(context)["generate_us"])
    with start(context, name) as peer:
        port = peer.url("h1tls", "").rpartition(":")[2]
        _shake_hands(context, port, WARM_UP)
        before = cpu_by_process(peer)
        seconds = _shake_hands(context, port, count)
        cpu = cpu_since(peer, before)
    return {"cpu_us": cpu * 1e6 / count, "handshakes_per_second": count / seconds}


def run(context: Context) -> Outcome:
    names = [name for name in context.peers if "h1tls" in PEERS[name].protocols]
    count = 1000 * context.seconds
    medians, failures = take_turns(
        context,
        "handshakes",
        [ARITHMETIC, BARE, *names],
        functools.partial(_measure, context, count),
    )
    bounds = [medians.get(ARITHMETIC), medians.get(BARE)]
    rows = [["", "CPU us", "a CPU second", "over arithmetic", "over bare"]]
    for name, of in medians.items():
        us = of["cpu_us"]
        ratios = [f"{us / bound['cpu_us']:.2f}" if bound else "-" for bound in bounds]
        rows.append([name, f"{us:.1f}", f"{1e6 / us:,.0f}", *ratios])
    targets = []
    if ours := medians.get("selvedge"):
        for bound, text in zip(bounds, ("the arithmetic's", "the bare handshake's")):
            if bound:
                ratio = ours["cpu_us"] / bound["cpu_us"]
                targets.append(Target(f"CPU of a full handshake over {text}", ratio, LIMIT))
    text = f"handshakes: full, TLS 1.3, ECDSA P-256\n{table(rows)}\n{targets_text(targets)}"
    return Outcome(text, {"figures": medians, "targets": document_of(targets)}, failures)
