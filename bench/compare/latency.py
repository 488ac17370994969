"""latency: how long a hit takes while the server has room to spare.

Every cache's maximum is found first, with all connections busy all the time. Then it is asked at
70% of that, and at 70% of the slowest cache's maximum, which is the same rate for all, by an
open-loop client: requests come at random times that do not wait for answers, and a latency counts
from the time at which its request was due (bench/client/open_loop.cpp). The client has core 1 to
itself and never sleeps, but it needs time as well: "late" is the median and the p99 of how long
after its time a request was sent, and a part of every latency.
"""

import functools
import json
import subprocess

import load
from case import Target, caches, client_program, document_of, start, take_turns, targets_text
from grid import table
from measure import H1_CONNECTIONS, H2_CONNECTIONS, H2_STREAMS, Context, Outcome, Unfit
from measure import require_hits

PATH = "/hot/1k.bin"
PROTOCOLS = {"h1": H1_CONNECTIONS, "h2tls": H2_CONNECTIONS}
SHARE = 0.7
MOST_BEHIND = 0.001  # of the requests, unanswered at the end: more than the server can do
_PERCENTILES = ("p50_us", "p99_us", "p999_us", "late_p50_us", "late_p99_us")


def _maximum(context: Context, protocol: str, name: str) -> dict[str, float]:
    with start(context, name) as peer:
        require_hits(peer, context, protocol, PATH)
        url, pin = peer.url(protocol, PATH), context.client_pin
        for seconds in (1, context.seconds):
            if protocol == "h1":
                done = load.wrk(pin, url, "hot.lua", seconds, H1_CONNECTIONS)
            else:
                done = load.h2load_untimed(pin, url, seconds, H2_CONNECTIONS, H2_STREAMS)
    if done.errors or not done.requests:
        raise Unfit(f"{done.errors} of {done.requests} requests failed")
    return {"requests_per_second": done.requests / done.seconds}


def _open_loop(context: Context, peer, protocol: str, rate: float) -> dict[str, float]:
    port = peer.url(protocol, "").rpartition(":")[2]
    command = [*context.client_pin, client_program("open_loop"), protocol, port, PATH]
    # A quarter of the time is the client's warm-up.
    command += [f"{rate:.0f}", f"{context.seconds * 4 / 3:.2f}", str(PROTOCOLS[protocol])]
    run = subprocess.run(command, capture_output=True, text=True, timeout=context.seconds * 2 + 30)
    if run.returncode != 0:
        raise Unfit(run.stderr.strip())
    figures = json.loads(run.stdout)
    if figures["unanswered"] > MOST_BEHIND * figures["requests"]:
        raise Unfit(f"{figures['unanswered']} requests unanswered at {rate:.0f} a second")
    return {key: figures[key] for key in _PERCENTILES}


def _measure(
    context: Context, protocol: str, rates: dict[str, float], common: float, name: str
) -> dict[str, float]:
    found = {}
    with start(context, name) as peer:
        require_hits(peer, context, protocol, PATH)
        for kind, rate in (("own", rates[name]), ("common", common)):
            figures = _open_loop(context, peer, protocol, rate)
            found |= {f"{kind}_{key}": value for key, value in figures.items()}
    return found


def _targets(medians: dict[str, dict[str, float]], protocol: str) -> list[Target]:
    others = {name: of for name, of in medians.items() if name != "selvedge"}
    if "selvedge" not in medians or not others:
        return []
    targets = []
    for kind, text in (("own", "its own maximum"), ("common", "the slowest's maximum")):
        key = f"{kind}_p99_us"
        best = min(others, key=lambda name: others[name][key])
        ratio = medians["selvedge"][key] / others[best][key]
        text = f"p99 over {protocol} at 70% of {text}, over the best cache's ({best})"
        targets.append(Target(text, ratio, 1.0, may_equal=False))
    return targets


def _protocol_outcome(context: Context, protocol: str) -> Outcome:
    title = f"latency {protocol}"
    names = list(caches(context, protocol))
    maxima, failures = take_turns(
        context, f"{title} maximum", names, functools.partial(_maximum, context, protocol)
    )
    rates = {name: SHARE * of["requests_per_second"] for name, of in maxima.items()}
    if not rates:
        return Outcome(f"{title}: no figures", {}, failures)
    common = min(rates.values())
    measure = functools.partial(_measure, context, protocol, rates, common)
    medians, more = take_turns(context, title, list(rates), measure)
    parts = []
    for kind, text in (("own", "70% of its own maximum"), ("common", "the same rate for all")):
        rows = [["", "requests/s", "p50 us", "p99 us", "p99.9 us", "late p50", "late p99"]]
        for name, of in medians.items():
            rate = rates[name] if kind == "own" else common
            cells = [f"{of[f'{kind}_{key}']:.0f}" for key in _PERCENTILES]
            rows.append([name, f"{rate:,.0f}", *cells])
        parts.append(f"{title}: 1 KiB hits, open loop, {text}\n{table(rows)}")
    targets = _targets(medians, protocol)
    document = {
        "rates": rates,
        "common_rate": common,
        "figures": medians,
        "targets": document_of(targets),
    }
    return Outcome("\n\n".join([*parts, targets_text(targets)]), document, failures + more)


def run(context: Context) -> Outcome:
    outcomes = {protocol: _protocol_outcome(context, protocol) for protocol in PROTOCOLS}
    return Outcome(
        "\n\n".join(outcome.text for outcome in outcomes.values()),
        {protocol: outcome.document for protocol, outcome in outcomes.items()},
        [failure for outcome in outcomes.values() for failure in outcome.failures],
    )
