#!/usr/bin/env python3
"""Origins seen and changed while the node runs: /v1/origins, its metrics, `selvedge origins`."""

import contextlib
import json
import shutil
import signal
import subprocess
import urllib.error

from client import curl
from harness import expect, expect_equal, require_program, run_cases, skip, wait_until
from node import Node, config_for, directory_origin, http_origin, run_selvedge
from origin import Origin


def answers(name: str):
    """An origin whose every answer is its name, and is not stored."""
    no_store = "Cache-Control: no-store"
    return Origin(fallback=lambda exchange: exchange.respond(name.encode(), no_store))


@contextlib.contextmanager
def node_and_servers(**options):
    with (
        answers("one") as one,
        answers("two") as two,
        Node(config_for(http_origin(one.address, two.address, **options))) as node,
    ):
        yield node, one, two


def origin_of(node: Node, name: str = "app") -> dict:
    origins = json.loads(node.admin("/v1/origins"))["origins"]
    return next(origin for origin in origins if origin["name"] == name)


def server_of(node: Node, address: str) -> dict:
    return next(one for one in origin_of(node)["servers"] if one["address"] == address)


def who_answers(node: Node, times: int = 12) -> set[str]:
    return {curl(node.url("/")).body.decode() for _ in range(times)}


def refusal(node: Node, body: dict) -> tuple[int, str]:
    try:
        node.admin("/v1/origins", body)
    except urllib.error.HTTPError as error:
        kind = error.headers["Content-Type"].partition(";")[0]
        expect_equal(kind, "application/problem+json", "type of the answer (RFC 9457)")
        return error.code, json.loads(error.read())["detail"]
    raise AssertionError(f"{body}: no error")


def case_servers_are_shown_with_what_they_did():
    require_program("curl")
    far = {"region": "far", "priority": 0, "weight": 3, "cost": 0.5}
    with answers("one") as one, answers("two") as two:
        servers = [one.address, {"address": two.address} | far]
        origin = http_origin(balance="least_requests") | {"servers": servers}
        with Node(config_for(origin)) as node:
            expect_equal(who_answers(node, 40), {"one", "two"}, "servers that were asked")
            shown = origin_of(node)
            expect_equal(shown["kind"], "http", "kind")
            expect_equal(shown["balance"], "least_requests", "balance")
            expect_equal(shown["breaker"]["state"], "closed", "breaker")
            expect_equal(shown["requests"], 40, "requests")
            expect(shown["limit"] > 0, "no limit is shown")
            first, second = (server_of(node, server.address) for server in (one, two))
            expect_equal(first["requests"] + second["requests"], 40, "requests of the servers")
            expect_equal(first["requests"], one.count("/"), "requests that the first one saw")
            expect_equal((second["region"], second["weight"]), ("far", 3), "region and weight")
            expect(second["bytes_received"] > 0, "no bytes are counted")
            cost = 0.5 * second["bytes_received"] / 2**30
            expect(abs(second["cost"] - cost) < 1e-12, f"cost is {second['cost']}, not {cost}")
            expect(second["healthy"] and second["ejected"] is None, "it is said to be unwell")
            expect_equal(second["in_flight"], 0, "fetches under way")


def case_a_drained_server_gets_nothing_new():
    require_program("curl")
    with node_and_servers() as (node, one, two):
        expect_equal(who_answers(node), {"one", "two"}, "servers that were asked at first")
        body = {"name": "app", "server": one.address, "weight": 0}
        said = json.loads(node.admin("/v1/origins", body))
        change = f"origins[app].servers[{one.address}].weight: 1 -> 0"
        expect_equal(said["changes"], [change], "changes")
        expect_equal(said["generation"], 2, "generation")
        expect_equal(said["kept_until"], "the next reload or restart", "how long it is kept")
        expect_equal(server_of(node, one.address)["weight"], 0, "weight")
        before = one.count("/")
        expect_equal(who_answers(node), {"two"}, "servers that are asked")
        expect_equal(one.count("/"), before, "requests to the drained one")
        node.admin("/v1/origins", body | {"weight": 1})
        expect_equal(who_answers(node), {"one", "two"}, "servers that are asked again")


def case_servers_are_replaced():
    require_program("curl")
    with node_and_servers() as (node, one, two), answers("three") as three:
        who_answers(node)
        known = server_of(node, two.address)["requests"]
        servers = [{"address": three.address, "weight": 2}, two.address]
        node.admin("/v1/origins", {"name": "app", "servers": servers})
        addresses = [server["address"] for server in origin_of(node)["servers"]]
        expect_equal(addresses, [three.address, two.address], "servers")
        expect(known > 0, "the second server was not asked")
        kept = server_of(node, two.address)["requests"]
        expect_equal(kept, known, "requests of the one that stayed")
        expect_equal(who_answers(node), {"two", "three"}, "servers that are asked")


def case_the_file_is_in_force_again_after_a_reload():
    with node_and_servers() as (node, one, _):
        node.admin("/v1/origins", {"name": "app", "server": one.address, "weight": 5})
        expect_equal(server_of(node, one.address)["weight"], 5, "weight")
        node.signal(signal.SIGHUP)
        wait_until(lambda: server_of(node, one.address)["weight"] == 1, "the file's weight is back")


def case_changes_that_cannot_be_made():
    with node_and_servers() as (node, one, _):
        for body, status, detail in [
            ({"name": "other", "servers": ["a:80"]}, 404, "there is no origin 'other'"),
            ({"name": "app", "server": "a:80", "weight": 1}, 404, "has no server 'a:80'"),
            ({"name": "app", "servers": ["a"]}, 400, "request:1:29: 'servers' must be an address"),
            ({"name": "app", "servers": []}, 400, "not an empty list"),
            ({"name": "app"}, 400, "'servers' is missing, or 'server' and 'weight'"),
            ({"name": "app", "serves": []}, 400, "unknown key 'serves' (did you mean 'servers'?)"),
            ([], 400, "expected a JSON object"),
        ]:
            code, said = refusal(node, body)
            expect_equal(code, status, f"{body}")
            expect(detail in said, f"{body}: {said!r}")
        expect_equal(server_of(node, one.address)["weight"], 1, "weight")
        expect_equal(node.metric("selvedge_config_generation"), 1, "generation")


def case_a_directory_has_no_servers():
    with answers("one") as one:
        app = http_origin(one.address)
        config = config_for(app)
        with Node(config | {"origins": [app, directory_origin("/")]}) as node:
            files = origin_of(node, "files")
            expect_equal((files["kind"], files["servers"]), ("directory", []), "the directory")
            code, said = refusal(node, {"name": "files", "servers": ["a:80"]})
            expect_equal((code, said), (400, "'files' is a directory: it has no servers"), "answer")


def case_metrics():
    require_program("curl")
    with node_and_servers() as (node, one, two):
        who_answers(node)
        for server in (one, two):
            labels = f'{{origin="app",server="{server.address}"}}'
            for family, value in [("requests_total", server.count("/")), ("healthy", 1)]:
                name = f"selvedge_origin_server_{family}{labels}"
                expect_equal(node.metric(name), value, name)
        expect(node.metric('selvedge_origin_limit{origin="app"}') > 0, "no limit")
        reasons = ("queue", "wait", "breaker", "throttle")
        text = node.admin("/metrics")
        for reason in reasons:
            expect(f'refused_total{{origin="app",reason="{reason}"}} 0\n' in text, reason)
        if shutil.which("promtool") is None:
            skip("promtool is not installed")
        run = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20
        )
        expect_equal(run.returncode, 0, run.stdout + run.stderr)


def case_command_line():
    with node_and_servers() as (node, one, two):
        admin = ["--admin", node.ready["admin"]]
        table = run_selvedge("origins", *admin)
        expect_equal(table.returncode, 0, f"exit code, stderr {table.stderr!r}")
        lines = table.stdout.splitlines()
        expect(lines[0].startswith("app (http): 0 requests"), f"first line {lines[0]!r}")
        rows = [line.split() for line in lines[2:]]
        expect_equal([row[0] for row in rows], [one.address, two.address], "servers")
        expect_equal(rows[0][-1], "healthy", "state")

        drained = run_selvedge("origins", "drain", "app", one.address, *admin)
        expect_equal(drained.returncode, 0, f"exit code, stderr {drained.stderr!r}")
        expect("weight: 1 -> 0" in drained.stdout, f"{drained.stdout!r}")
        expect("drained" in run_selvedge("origins", *admin).stdout, "not shown as drained")

        back = run_selvedge("origins", "set", "app", one.address, "--weight", "7", *admin)
        expect_equal(back.returncode, 0, f"exit code, stderr {back.stderr!r}")
        shown = json.loads(run_selvedge("origins", "-o", "json", *admin).stdout)
        expect_equal(shown["origins"][0]["servers"][0]["weight"], 7, "weight")

        wrong = run_selvedge("origins", "drain", "app", "nowhere:1", *admin)
        expect_equal(wrong.returncode, 3, "exit code for a server that is not there")
        expect("has no server 'nowhere:1'" in wrong.stderr, f"{wrong.stderr!r}")


run_cases(globals())
