#!/usr/bin/env python3
"""Tiers, tokens, rules and money in the real program: what clients get, and what is counted."""

import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error

from client import Answer, RawConnection, curl
from harness import expect, expect_equal, require_program, run_cases, skip, wait_until
from node import Node, config_for, http_origin, run_selvedge
from origin import Origin
from tokens import OTHER_SECRET, SECRET, Ed25519, bearer, claims, encoded, hs256, signing_input

API_KEY = "premium-key"
GLOBEX, INITECH = "127.1.0.9", "127.2.0.9"  # clients; Linux has all of 127.0.0.0/8
STORED = "Cache-Control: max-age=600"

RULES = [
    {
        "name": "maps are shed",
        "when": {"tiers": ["free"], "classes": ["secondary"]},
        "then": {"shed": {"status": 503, "retry_after": "10s"}},
    },
    {
        "name": "downloads move",
        "when": {"paths": ["/downloads/*"]},
        "then": {"redirect": {"to": "https://slow.example.com{path}{query}", "status": 307}},
    },
    {
        "name": "one at a time",
        "when": {"paths": ["/slow/*"]},
        "then": {"concurrency": 1},
    },
    {
        "name": "few",
        "when": {"paths": ["/few/*"]},
        "then": {"rate_limit": {"rate": "1/m", "burst": 2}},
    },
    {
        "name": "free goes the cheap way",
        "when": {"tiers": ["free"], "paths": ["/cheap/*"]},
        "then": {"origin": "cheap"},
    },
    {
        "name": "free lives from the cache",
        "when": {"tiers": ["free"], "paths": ["/lean/*"], "load": "critical"},
        "then": {"hits_only": True},
    },
]


def policy(**sections) -> dict:
    sha256 = hashlib.sha256(API_KEY.encode()).hexdigest()
    identify = {
        "default_tier": "free",
        "api_keys": [{"sha256": sha256, "tier": "premium", "tenant": "acme"}],
        "networks": [
            {"network": "127.1.0.0/16", "tier": "premium", "tenant": "globex"},
            {"network": "127.2.0.0/16", "tier": "standard"},
        ],
    }
    tiers = [
        {"name": "premium", "priority": "premium", "reserved_cpu": "40%", "value": 4000},
        {"name": "standard", "priority": "standard", "value": 1000},
        {"name": "free", "priority": "free", "value": 10},
    ]
    tiers[0] |= {"objective_p99": "5s", "objective_availability": "99%"}
    return {
        "version": "e2e-1",
        "tiers": tiers,
        "identify": identify | sections.pop("identify", {}),
        "classes": [{"is": "secondary", "paths": ["*.map"]}],
        "rules": sections.pop("rules", RULES),
        "economics": {"currency": "EUR", "origin_gib": 1024},
        # Only rules decide, and most of them whatever the load: the machine may be busy.
        "overload": {"enabled": False} | sections.pop("overload", {}),
    } | sections


def answers(name: str) -> Origin:
    return Origin(fallback=lambda exchange: exchange.respond(name.encode() * 100, STORED))


@contextlib.contextmanager
def node_with(origin: Origin | None = None, sections: dict | None = None, **of_policy):
    with origin or answers("app ") as app, answers("cheap ") as cheap:
        config = config_for(http_origin(app.address), **(sections or {}))
        config["origins"].append(http_origin(cheap.address, name="cheap"))
        config["policy"] = policy(**of_policy)
        with Node(config) as node:
            yield node


def ask(node: Node, path: str, *headers: str, source: str | None = None) -> Answer:
    arguments = [part for header in headers for part in ("-H", header)]
    if source is not None:
        arguments += ["--interface", source]
    return curl(node.url(path), "h1", *arguments)


def is_premium(node: Node, *headers: str, source: str | None = None) -> bool:
    """By the rule that turns maps away for free clients. The path is new, to be no hit."""
    answer = ask(node, f"/{time.monotonic_ns()}.map", *headers, source=source)
    expect(answer.status in (200, 503), f"status {answer.status}")
    return answer.status == 200


# --- tokens


@contextlib.contextmanager
def node_with_tokens(content: str = SECRET + "\n", **issuer):
    """A node with one issuer, and the file of its keys: that of a secret, unless told otherwise."""
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "keys"
        file.write_text(content)
        jwt = {"name": "login", "tiers": [{"value": "gold", "tier": "premium"}], "leeway": "0s"}
        jwt |= {"jwks_file" if issuer else "secret_file": str(file)} | issuer
        with node_with(identify={"jwt": [jwt]}) as node:
            yield node, file


def tokens(node: Node, result: str) -> float:
    return node.metric(f'selvedge_identity_tokens_total{{result="{result}"}}')


# --- cases


def case_who_asks_is_known_by_key_network_or_not_at_all():
    require_program("curl")
    with node_with() as node:
        expect(not is_premium(node), "nobody is premium")
        expect(is_premium(node, f"X-Api-Key: {API_KEY}"), "the key is not known")
        expect(not is_premium(node, "X-Api-Key: another"), "another key is believed")
        expect(is_premium(node, source=GLOBEX), "the network is not known")
        expect(is_premium(node, source=INITECH), "standard is free")  # not free, anyway
        unknown = node.metric("selvedge_identity_api_keys_unknown_total")
        expect_equal(unknown, 1, "unknown keys")
        served = 'selvedge_tier_requests_total{tier="%s",result="%s"}'
        expect_equal(node.metric(served % ("premium", "served")), 2, "premium")
        expect_equal(node.metric(served % ("standard", "served")), 1, "standard")
        expect_equal(node.metric(served % ("free", "shed")), 2, "free")


def case_a_rule_sheds_with_retry_after():
    require_program("curl")
    with node_with() as node:
        answer = ask(node, "/app.js.map")
        expect_equal(answer.status, 503, "status")
        after = int(answer.field("retry-after"))
        expect(10 <= after <= 16, f"Retry-After is {after}")
        expect_equal(ask(node, "/app.js").status, 200, "status of what is no map")
        expect_equal(node.metric('selvedge_shed_total{class="free",reason="rule"}'), 1, "shed")
        expect_equal(node.metric('selvedge_tier_shed_total{tier="free",reason="rule"}'), 1, "shed")


def case_a_rule_redirects():
    require_program("curl")
    with node_with() as node:
        answer = ask(node, "/downloads/a.zip?v=2")
        expect_equal(answer.status, 307, "status")
        expect_equal(
            answer.field("location"), "https://slow.example.com/downloads/a.zip?v=2", "Location"
        )


def case_a_rate_is_limited_by_tenant():
    require_program("curl")
    with node_with() as node:
        key = f"X-Api-Key: {API_KEY}"
        first = ask(node, "/few/a", key)
        expect_equal(first.status, 200, "status of the first")
        expect_equal(first.field("ratelimit-policy"), '"few";q=2;w=120', "RateLimit-Policy")
        expect(first.field("ratelimit").startswith('"few";r=1'), first.field("ratelimit"))
        expect_equal(ask(node, "/few/a", key).status, 200, "status of the second")
        third = ask(node, "/few/a", key)
        expect_equal(third.status, 429, "status of the third")
        expect(third.field("ratelimit").startswith('"few";r=0;t='), third.field("ratelimit"))
        expect(int(third.field("retry-after")) >= 30, third.field("retry-after"))
        # Another tenant of the same tier, and clients of whom only the address is known.
        expect_equal(ask(node, "/few/a", source=GLOBEX).status, 200, "status for another tenant")
        expect_equal(ask(node, "/few/a", source="127.3.0.1").status, 200, "for an address")
        expect_equal(ask(node, "/few/a", source="127.3.0.2").status, 200, "for another address")
        shed = node.metric('selvedge_tier_shed_total{tier="premium",reason="rate-limit"}')
        expect_equal(shed, 1, "shed")


def case_concurrency_is_limited_by_tenant():
    require_program("curl")
    let_go = threading.Event()

    def slowly(exchange):
        if exchange.target == "/slow/a":
            let_go.wait(20)
        exchange.respond(b"late", "Cache-Control: no-store")

    origin = Origin(fallback=slowly)
    with node_with(origin) as node, RawConnection(node.port()) as first:
        try:
            first.send(b"GET /slow/a HTTP/1.1\r\nHost: h\r\n\r\n")
            wait_until(lambda: origin.count("/slow/a") == 1, "the origin is asked")
            second = ask(node, "/slow/b")
            expect_equal(second.status, 429, "status of the second")
            expect(second.field("retry-after") != "", "no Retry-After")
            expect_equal(ask(node, "/slow/b", source=GLOBEX).status, 200, "for another tenant")
        finally:
            let_go.set()
        expect_equal(first.answer().status, 200, "status of the first")
        wait_until(lambda: ask(node, "/slow/c").status == 200, "the place is free again")
        name = 'selvedge_tier_shed_total{tier="free",reason="concurrency"}'
        expect(node.metric(name) >= 1, "it is not counted")


def case_a_rule_chooses_a_cheaper_origin():
    require_program("curl")
    with node_with() as node:
        expect(ask(node, "/cheap/a").body.startswith(b"cheap "), "free asks the wrong origin")
        key = f"X-Api-Key: {API_KEY}"
        expect(ask(node, "/cheap/b", key).body.startswith(b"app "), "premium asks the wrong one")


def case_good_tokens_are_verified_once():
    require_program("curl")
    with node_with_tokens() as (node, _):
        token = hs256(claims())
        with RawConnection(node.port()) as connection:  # one worker, so one memory of tokens
            for name in ("a", "b", "c"):
                head = f"GET /{name}.map HTTP/1.1\r\nHost: h\r\n{bearer(token)}\r\n\r\n"
                expect_equal(connection.send(head.encode()).answer().status, 200, "status")
        expect_equal((tokens(node, "verified"), tokens(node, "cached")), (1, 2), "counted")


def case_bad_tokens_are_nobody_s_and_are_counted():
    require_program("curl")
    with node_with_tokens() as (node, _):
        good = hs256(claims())
        bad = {
            "expired": [hs256(claims(-60)), hs256(claims(nbf=9_000_000_000))],
            "forged": [hs256(claims(), OTHER_SECRET), good[:-4] + "AAAA"],
            "refused": [signing_input(claims(), "none") + "."],
            "malformed": ["a.b.c", "x", good.replace(".", "..", 1), encoded(b"{}") + ".e30.AA"],
            "oversized": [hs256(claims(filler="x" * 9000))],
            "untiered": [hs256(claims(tier="platinum"))],
        }
        for result, texts in bad.items():
            for text in texts:
                before = tokens(node, result)
                expect(not is_premium(node, bearer(text)), f"{result}: it is believed")
                expect_equal(tokens(node, result), before + 1, f"{result} tokens, {text[:80]}")
                expect_equal(ask(node, "/page", bearer(text)).status, 200, f"{result}: status")
        expect(is_premium(node, bearer(good)), "the good one is not believed any more")
        failed = node.metric('selvedge_tier_requests_total{tier="free",result="failed"}')
        expect_equal(failed, 0, "requests that failed")


def case_a_changed_secret_is_read_again():
    require_program("curl")
    with node_with_tokens() as (node, file):
        old, new = hs256(claims()), hs256(claims(), OTHER_SECRET)
        expect(is_premium(node, bearer(old)) and not is_premium(node, bearer(new)), "at first")
        file.write_text(OTHER_SECRET + "\n")
        wait_until(lambda: is_premium(node, bearer(new)), "the new secret is in force", 20)
        expect(not is_premium(node, bearer(old)), "the old secret is still in force")
        expect("key files read again" in node.stderr(), "the log does not say so")


def case_a_changed_key_set_is_read_again_and_a_bad_one_is_not():
    require_program("curl", "openssl")
    with tempfile.TemporaryDirectory() as directory:
        first = Ed25519(pathlib.Path(directory), "first")
        second = Ed25519(pathlib.Path(directory), "second")
        with node_with_tokens(first.jwks(), algorithms=["EdDSA"]) as (node, file):
            old, new = first.token(claims()), second.token(claims())
            expect(is_premium(node, bearer(old)), "the key is not known")
            expect(not is_premium(node, bearer(new)), "another key is believed")
            file.write_text('{"keys": [')
            wait_until(lambda: "the old keys stay in force" in node.stderr(), "it is said", 20)
            expect(is_premium(node, bearer(old)), "a bad file has ended the old keys")
            file.write_text(second.jwks())
            wait_until(lambda: is_premium(node, bearer(new)), "the new key is in force", 20)
            expect(not is_premium(node, bearer(old)), "the old key is still in force")


def case_a_bad_policy_is_refused_and_the_old_one_stays():
    require_program("curl")
    with node_with() as node:
        good = node.config
        broken = [RULES[0] | {"when": {"tiers": ["fre"]}}]
        node.write_config(good | {"policy": policy(rules=broken, version="e2e-2")})
        node.signal(signal.SIGHUP)
        wait_until(lambda: "reload refused" in node.stderr(), "the reload is refused")
        said = next(line for line in node.stderr().splitlines() if "reload refused" in line)
        place = re.search(r"node\.yaml:(\d+):(\d+): ", said)
        expect(place is not None, f"no file:line:col in {said!r}")
        lines = node.config_file.read_text().splitlines()
        expect("fre" in lines[int(place[1]) - 1], f"line {place[1]} is not the one: {said!r}")
        expect("did you mean 'free'?" in said, f"{said!r}")
        expect_equal(ask(node, "/a.map").status, 503, "status by the old policy")
        expect_equal(json.loads(node.admin("/v1/overload"))["policy_version"], "e2e-1", "version")
        expect_equal(node.metric("selvedge_config_last_reload_successful"), 0, "success")

        node.write_config(good | {"policy": policy(rules=[], version="e2e-3")})
        node.signal(signal.SIGHUP)
        wait_until(lambda: ask(node, "/a.map").status == 200, "the new policy is in force")
        expect(node.metric('selvedge_policy_info{version="e2e-3"}') == 1, "version")


def case_a_rule_for_nothing_is_a_warning():
    late = {"name": "too late", "when": {"tiers": ["free"]}, "then": {"shed": 429}}
    early = {"name": "all are shed", "then": {"shed": 503}}
    with node_with(rules=[early, late]) as node:
        run = run_selvedge("check", "-c", str(node.config_file))
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
        place = re.search(r"node\.yaml:(\d+):(\d+): ", run.stderr)
        expect(place is not None and "all are shed" in run.stderr, f"{run.stderr!r}")
        run = run_selvedge("check", "-c", str(node.config_file))
        expect("good" in run.stdout, f"{run.stdout!r}")


def case_value_is_counted():
    require_program("curl")
    with node_with() as node:
        key = f"X-Api-Key: {API_KEY}"
        for path in ("/acme-ui@2.3.1/a.js", "/acme-ui@2.3.1/a.js", "/docs/a.html"):
            expect_equal(ask(node, path, key).status, 200, path)
        ask(node, "/acme-ui@2.3.1/a.js.map")
        body = json.loads(node.admin("/v1/economics"))
        expect_equal(body["currency"], "EUR", "currency")
        rows = {(row["tier"], row["bundle"]): row for row in body["rows"]}
        ui = rows["premium", "acme-ui"]
        expect_equal((ui["served"], ui["value_served"]), (2, 8.0), "of acme-ui")
        expect_equal(ui["sent_bytes"], 800, "bytes sent")
        expect_equal(ui["origin_bytes"], 400, "bytes fetched")
        cost = 400 / 2**20
        expect(abs(ui["origin_cost"] - cost) < 2e-6, f"cost {ui['origin_cost']}, not {cost}")
        expect_equal(rows["premium", "docs"]["value_served"], 4.0, "of docs")
        totals = body["totals"]
        expect_equal((totals["value_served"], totals["value_shed"]), (12.0, 0.01), "totals")
        premium = next(tier for tier in body["tiers"] if tier["tier"] == "premium")
        expect_equal((premium["served"], premium["value_served"]), (3, 12.0), "of the tier")
        served = 'selvedge_value_total{tier="premium",outcome="served"}'
        expect_equal(node.metric(served), 12, served)
        expect_equal(node.metric('selvedge_value_total{tier="free",outcome="shed"}'), 0.01, "shed")


def case_overload_is_reported():
    require_program("curl")
    with node_with() as node:
        key = f"X-Api-Key: {API_KEY}"
        for _ in range(10):
            ask(node, "/a", key)
        ask(node, "/a.map")
        body = json.loads(node.admin("/v1/overload"))
        expect_equal(body["policy_version"], "e2e-1", "version")
        expect(body["level"] in ("calm", "elevated", "high", "critical"), f"{body['level']}")
        expect_equal([one["worker"] for one in body["workers"]], [0, 1], "workers")
        lanes = body["workers"][0]["lanes"]
        names = {"control", "premium", "standard", "free", "background"}
        names |= {"refused", "handshake"}
        expect_equal(set(lanes), names, "lanes")
        turns = sum(lane["turns"] for one in body["workers"] for lane in one["lanes"].values())
        expect(turns > 0, "no turns")
        premium = body["tiers"]["premium"]
        expect_equal((premium["served"], premium["failed"]), (10, 0), "premium")
        expect(0 < premium["p99_seconds"] < 5, f"p99 is {premium['p99_seconds']}")
        expect_equal(premium["objective"], {"p99_seconds": 5, "availability": 0.99}, "objective")
        expect_equal(premium["meets_objective"], True, "objective met")
        expect_equal(body["tiers"]["free"]["shed"]["rule"], 1, "shed")
        expect_equal(body["memory_limit"], None, "limit of memory")
        try:
            node.admin("/v1/overload", {})
            raise AssertionError("POST is taken")
        except urllib.error.HTTPError as error:
            expect_equal(error.code, 405, "status of a POST")


def case_events_say_which_knob_moved_and_why():
    require_program("curl")
    origin = Origin(fallback=lambda exchange: exchange.respond(b"x" * 4_000_000, STORED))
    overload = {"enabled": True, "memory": "64MiB"}
    with node_with(origin, overload=overload) as node:
        for i in range(25):
            ask(node, f"/{i}", f"X-Api-Key: {API_KEY}")

        def is_critical() -> bool:
            body = json.loads(node.admin("/v1/overload"))
            is_over = body["resident_bytes"] > body["memory_limit"] == 64 << 20
            return is_over and all(one["level"] == "critical" for one in body["workers"])

        wait_until(is_critical, "the load of both workers is critical", 20)
        events = json.loads(node.admin("/v1/events"))["events"]
        event = next(one for one in events if one["to"] == "critical")
        expect(event["why"].startswith("busy "), f"why: {event['why']!r}")
        expect_equal(event["knob"], "load-level", "knob")
        expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"]), event["time"])
        number = event["number"]
        later = json.loads(node.admin(f"/v1/events?after={number}"))["events"]
        expect(all(one["number"] > number for one in later), "events before it are shown")
        # What free clients want and nobody has, is not fetched now.
        answer = ask(node, "/lean/not-there-yet")
        expect_equal(answer.status, 503, "status of a miss of free at critical load")
        expect_equal(node.metric("selvedge_load_level "), 3, "level")
        said = run_selvedge("events", "--admin", node.ready["admin"]).stdout
        expect("load-level" in said and "-> critical (" in said, f"{said!r}")
        try:
            node.admin("/v1/events?after=x")
            raise AssertionError("a word is taken for a number")
        except urllib.error.HTTPError as error:
            expect_equal(error.code, 400, "status")


def case_metrics_are_well_formed():
    require_program("curl")
    with node_with() as node:
        ask(node, "/a")
        ask(node, "/a.map")
        text = node.admin("/metrics")
        sample = re.compile(r'(\w+)(\{(\w+="([^"\\]|\\.)*",?)*\})? (-?[0-9.e+-]+|\+Inf)')
        family, families, samples = "", [], set()
        for line in text.splitlines():
            if line.startswith("# "):
                _, what, name, _ = line.split(" ", 3)
                if what == "HELP":
                    expect(name not in families, f"{name} is told twice")
                    families.append(name)
                    family = name
                expect_equal(name, family, line)
                continue
            match = sample.fullmatch(line)
            expect(match is not None, f"no sample: {line!r}")
            name = re.sub("_(bucket|sum|count)$", "", match[1])
            expect(family in (name, match[1]), f"{line!r} stands below {family}")
            series = line.rpartition(" ")[0]
            expect(series not in samples, f"{series} is there twice")
            samples.add(series)
        for name in ("worker_busy_seconds_total", "work_seconds_total", "ready_delay_seconds"):
            expect(f"selvedge_{name}" in families, f"no {name}")
        for name in ("load_level", "admitted_level", "strangers_wait", "handshakes_total"):
            expect(f"selvedge_{name}" in families, f"no {name}")
        expect(not any("bundle=" in series for series in samples), "bundles are labels")
        if shutil.which("promtool") is None:
            skip("promtool is not installed")
        run = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20
        )
        expect_equal(run.returncode, 0, run.stdout + run.stderr)


def explained(node: Node, path: str, *arguments: str) -> dict:
    run = run_selvedge(
        "explain", node.url(path), "-o", "json", "--admin", node.ready["admin"], *arguments
    )
    expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
    return json.loads(run.stdout)


def case_explain_says_which_rule_decides_and_why():
    require_program("curl")
    with node_with() as node:
        free = ("--as", "tier=free")
        shed = explained(node, "/a.map", *free, "--load", "calm")
        expect_equal(shed["decision"]["would_be"], "shed", "outcome")
        said = shed["policy"]
        expect_equal((said["tier"], said["source"]), ("free", "given"), "who asks")
        expect_equal(said["class"], "secondary", "class")
        expect_equal(said["verdict"]["shed"], {"status": 503, "retry_after": 10}, "shed")
        expect_equal(said["decided_by"], {"shed": "maps are shed"}, "rules that decide")
        because = {rule["rule"]: rule["because"] for rule in said["rules"]}
        expect_equal(because["downloads move"], "path", "why a rule does not decide")
        expect_equal(because["free lives from the cache"], "load", "why another does not")

        # As the node does: by the address, or by what the request carries.
        globex = explained(node, "/a.map", "--as", f"client={GLOBEX}")["policy"]
        expect_equal((globex["tier"], globex["source"]), ("premium", "network"), "by address")
        keyed = explained(node, "/a.map", "-H", f"X-Api-Key: {API_KEY}")["policy"]
        expect_equal((keyed["tier"], keyed["source"]), ("premium", "api-key"), "by key")
        expect_equal(keyed["value"], 4.0, "value")

        expect_equal(explained(node, "/cheap/a", *free)["origin"], "cheap", "origin")
        critical = explained(node, "/lean/b", *free, "--load", "critical")
        expect_equal(critical["decision"]["would_be"], "shed", "a miss at critical load")
        ask(node, "/lean/b", f"X-Api-Key: {API_KEY}")
        critical = explained(node, "/lean/b", *free, "--load", "critical")
        expect_equal(critical["decision"]["would_be"], "hit", "a hit at critical load")
        used = node.metric("selvedge_tier_requests_total")
        expect_equal(used, 1, "requests that were counted")


def case_explain_in_words():
    with node_with() as node:
        admin = ("--admin", node.ready["admin"])
        run = run_selvedge("explain", node.url("/a.map"), "--as", "tier=free,tenant=acme", *admin)
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
        for text in (
            "Would be: shed, since a rule of the policy turns it away (maps are shed).",
            "answered 503, and may come back after 10 s",
            "asked by   free (as asked), tenant ",
            'verdict    shed 503, again after 10 s (rule "maps are shed")',
            "not for it: path",
            "decides shed",
        ):
            expect(text in run.stdout, f"{text!r} is not in\n{run.stdout}")
        wrong = run_selvedge("explain", node.url("/"), "--as", "tier=fre", *admin)
        expect_equal(wrong.returncode, 3, "exit code")
        expect("there is no tier 'fre' (did you mean 'free'?)" in wrong.stderr, wrong.stderr)
        wrong = run_selvedge("explain", node.url("/"), "--load", "hot", *admin)
        expect_equal(wrong.returncode, 1, "exit code for a load that there is not")


def case_command_line():
    require_program("curl")
    with node_with() as node:
        key = f"X-Api-Key: {API_KEY}"
        ask(node, "/acme-ui@1/a.js", key)
        ask(node, "/acme-ui@1/a.js.map")
        admin = ("--admin", node.ready["admin"])
        table = run_selvedge("overload", *admin)
        expect_equal(table.returncode, 0, f"exit code, stderr {table.stderr!r}")
        expect("policy e2e-1" in table.stdout, table.stdout)
        rows = {line.split()[0]: line.split() for line in table.stdout.splitlines() if line.strip()}
        expect_equal(rows["premium"][:5], ["premium", "premium", "1", "0", "0"], "premium")
        expect("turned away: rule 1" in table.stdout, table.stdout)
        shown = json.loads(run_selvedge("overload", "-o", "json", *admin).stdout)
        expect_equal(shown["tiers"]["premium"]["served"], 1, "served")

        money = run_selvedge("economics", *admin)
        expect_equal(money.returncode, 0, f"exit code, stderr {money.stderr!r}")
        lines = [line.split() for line in money.stdout.splitlines()]
        expect_equal(lines[0], ["amounts", "in", "EUR"], "currency")
        expect(["acme-ui", "1", "0", "4.0000"] in [line[:4] for line in lines], money.stdout)
        expect_equal(lines[-1][:4], ["all", "1", "1", "4.0000"], "totals")
        shown = json.loads(run_selvedge("economics", "-o", "json", *admin).stdout)
        expect_equal(shown["totals"]["value_served"], 4.0, "value")

        expect_equal(run_selvedge("events", *admin).returncode, 0, "exit code of events")


def case_the_access_log_says_the_tier():
    require_program("curl")
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory) / "access.log"
        sections = {"logs": {"access": str(log), "access_format": "json"}}
        with node_with(sections=sections) as node:
            ask(node, "/a", f"X-Api-Key: {API_KEY}")
            ask(node, "/b")
            wait_until(lambda: log.read_text().count("\n") == 2, "two lines")
            tiers = [json.loads(line)["selvedge.tier"] for line in log.read_text().splitlines()]
            expect_equal(sorted(tiers), ["free", "premium"], "tiers")  # of two workers


run_cases(globals())
