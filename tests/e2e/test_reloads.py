#!/usr/bin/env python3
"""A thousand reloads while clients ask: no request fails, and no memory stays behind."""

import pathlib
import signal
import tempfile

from harness import expect, is_sanitized, run_cases, wait_until
from node import Node, config_for, directory_origin
from steady_clients import SteadyClients

CONTENT = b"export const version = 1;\n" * 100
RELOADS = 1000
WARM = 200  # until then, memory is what a first use takes


def case_a_thousand_reloads():
    reloads = 100 if is_sanitized() else RELOADS
    warm = reloads * WARM // RELOADS
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "a.js").write_bytes(CONTENT)
        config = config_for(directory_origin(root))
        config["logs"]["level"] = "error"
        with Node(config, tls=True) as node:
            config = node.config
            with SteadyClients(node.port(), "/a.js", CONTENT, count=4) as clients:
                before = 0
                for count in range(1, reloads + 1):
                    # Every other one changes something: a lifetime, and with it each route.
                    config["sites"][0]["routes"][0]["default_lifetime"] = f"{count % 2 + 60}s"
                    node.write_config(config)
                    node.signal(signal.SIGHUP)
                    wait_until(lambda: generation(node) == count + 1, f"reload {count}")
                    if count == warm:
                        before = node.resident_bytes()
            clients.check(least=reloads)
            grown = node.resident_bytes() - before
            flat = grown < 8 << 20 or is_sanitized()  # what is freed is kept there
            expect(flat, f"{grown} bytes more after {reloads - warm} reloads")


def generation(node: Node) -> float:
    return node.metric("selvedge_config_generation")


run_cases(globals())
