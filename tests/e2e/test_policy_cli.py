#!/usr/bin/env python3
"""Policies on the command line: the example that is shipped, its cases, and what failures say."""

import json
import pathlib
import re
import tempfile

from harness import SOURCE, expect, expect_equal, run_cases
from node import config_for, directory_origin, run_selvedge, to_yaml

POLICY = SOURCE / "config" / "policy.yaml"
CASES = SOURCE / "config" / "policy_test.yaml"


class Scratch:
    """A directory with node.yaml, which includes a policy."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        return self

    def __exit__(self, *_):
        self._directory.cleanup()

    def node(self, policy: pathlib.Path = POLICY) -> str:
        config = config_for(directory_origin(self.path), include=[str(policy)])
        return self.write("node.yaml", to_yaml(config) + "\n")

    def write(self, name: str, text: str) -> str:
        (self.path / name).write_text(text)
        return str(self.path / name)


def case_the_example_does_what_its_cases_say():
    with Scratch() as scratch:
        run = run_selvedge("policy", "test", str(CASES), "-c", scratch.node())
        expect_equal(run.returncode, 0, f"exit code, {run.stdout!r} {run.stderr!r}")
        score = re.fullmatch(r"(\d+) passed, 0 failed\n", run.stdout)
        expect(score and int(score[1]) >= 15, f"the score: {run.stdout!r}")
        expect_equal(run.stderr, "", "warnings")


def case_the_example_is_accepted_without_a_warning():
    with Scratch() as scratch:
        run = run_selvedge("check", "-c", scratch.node())
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
        expect_equal(run.stderr, "", "warnings")


def case_the_effective_policy_passes_the_same_cases():
    with Scratch() as scratch:
        run = run_selvedge("config", "-c", scratch.node())
        effective = scratch.write("effective.yaml", run.stdout)
        expect("include" not in run.stdout, "include is written, though all is there")
        run = run_selvedge("policy", "test", str(CASES), "-c", effective)
        expect_equal(run.returncode, 0, f"exit code, {run.stdout!r} {run.stderr!r}")


FAILING = """cases:
  - name: free is never turned away
    request: https://www.example.com/app.js.map
    as: {tier: free}
    load: critical
    expect: {class: secondary, shed: none}
  - name: this one holds
    request: https://www.example.com/
    expect: {tier: free}
"""


def case_a_failure_names_place_case_and_rule():
    with Scratch() as scratch:
        cases = scratch.write("cases.yaml", FAILING)
        run = run_selvedge("policy", "test", cases, "-c", scratch.node())
        expect_equal(run.returncode, 1, "exit code")
        expect_equal(
            run.stdout,
            f"{cases}:6:38: free is never turned away: shed: expected none, got 503 "
            '(decided by rule "extras of free are turned away")\n1 passed, 1 failed\n',
            "what is printed",
        )


def case_failures_as_json():
    with Scratch() as scratch:
        cases = scratch.write("cases.yaml", FAILING)
        run = run_selvedge("policy", "test", cases, cases, "-c", scratch.node(), "-o", "json")
        expect_equal(run.returncode, 1, "exit code")
        answer = json.loads(run.stdout)
        expect_equal((answer["passed"], answer["failed"]), (2, 2), "passed and failed")
        failure = answer["failures"][0]
        expect_equal(failure["place"], f"{cases}:6:38", "place")
        expect_equal(failure["case"], "free is never turned away", "case")
        expect_equal((failure["expected"], failure["got"]), ("none", "503"), "verdicts")
        expect_equal(failure["rule"], "extras of free are turned away", "rule")


def case_a_bad_file_of_cases_names_the_place():
    with Scratch() as scratch:
        cases = scratch.write("cases.yaml", FAILING.replace("shed:", "sched:"))
        run = run_selvedge("policy", "test", cases, "-c", scratch.node())
        expect_equal(run.returncode, 1, "exit code")
        said = "cases.yaml:6:32: unknown key 'sched' (did you mean 'shed'?)"
        expect(said in run.stderr, run.stderr)
        run = run_selvedge("policy", "test", str(scratch.path / "no.yaml"), "-c", scratch.node())
        expect_equal(run.returncode, 1, "exit code for a missing file")
        expect("no.yaml: cannot be read" in run.stderr, run.stderr)


def case_a_rule_for_nothing_is_a_warning_and_no_failure():
    with Scratch() as scratch:
        policy = scratch.path / "policy.yaml"
        rules = "    - {name: a, then: {shed: 503}}\n    - {name: b, then: {shed: 429}}\n"
        policy.write_text("policy:\n  rules:\n" + rules)
        run = run_selvedge("check", "-c", scratch.node(policy))
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
        expect("policy.yaml:4:7: warning: rule 'b'" in run.stderr, run.stderr)


def case_a_bad_policy_is_refused_at_its_place():
    with Scratch() as scratch:
        policy = scratch.path / "policy.yaml"
        policy.write_text(POLICY.read_text().replace("default_tier: free", "default_tier: fre"))
        line = 1 + policy.read_text().splitlines().index(
            next(one for one in policy.read_text().splitlines() if "default_tier" in one)
        )
        run = run_selvedge("check", "-c", scratch.node(policy))
        expect_equal(run.returncode, 1, "exit code")
        expect(f"policy.yaml:{line}:19: " in run.stderr, run.stderr)


run_cases(globals())
