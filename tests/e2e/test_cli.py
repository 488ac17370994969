#!/usr/bin/env python3
"""The command line: what is printed where, and the exit codes that scripts rely on."""

import json
import pathlib
import re
import tempfile

from harness import expect, expect_equal, run_cases
from node import Node, config_for, directory_origin, run_selvedge, to_yaml


class Scratch:
    """A directory with one file, node.yaml."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="selvedge-test-")
        self.path = pathlib.Path(self._directory.name)
        self.file = self.path / "node.yaml"
        return self

    def __exit__(self, *_):
        self._directory.cleanup()

    def write(self, text: str) -> str:
        self.file.write_text(text)
        return str(self.file)

    def good(self, **sections) -> str:
        return self.write(to_yaml(config_for(directory_origin(self.path), **sections)) + "\n")


def case_check_accepts_a_good_configuration():
    with Scratch() as scratch:
        run = run_selvedge("check", "-c", scratch.good())
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")


def case_check_names_the_place_and_the_nearest_key():
    with Scratch() as scratch:
        path = scratch.good()
        lines = scratch.file.read_text().splitlines()
        at = lines.index("listeners:")
        lines[at] = "listners:"
        scratch.write("\n".join(lines) + "\n")
        run = run_selvedge("check", "-c", path)
        expect_equal(run.returncode, 1, "exit code")
        expect(f"node.yaml:{at + 1}:1:" in run.stderr, f"no place in {run.stderr!r}")
        expect("listeners" in run.stderr, f"no nearest key in {run.stderr!r}")


def case_check_reports_every_problem_at_once():
    with Scratch() as scratch:
        path = scratch.good(cache={"size": "lots"}, workers="-3", route={"prefix": "no-slash"})
        run = run_selvedge("check", "-c", path)
        expect_equal(run.returncode, 1, "exit code")
        places = re.findall(r"node\.yaml:\d+:\d+: ", run.stderr)
        expect(len(places) >= 2, f"fewer than two problems in {run.stderr!r}")


def case_check_opens_what_the_configuration_names():
    with Scratch() as scratch:
        missing = [{"certificate": "/nonexistent/certificate.pem", "key": "/nonexistent/key.pem"}]
        listener = {"name": "https", "address": "127.0.0.1:0", "tls": {"certificates": missing}}
        run = run_selvedge("check", "-c", scratch.good(listeners=[listener]))
        expect_equal(run.returncode, 1, "exit code")
        expect("/nonexistent/certificate.pem" in run.stderr, run.stderr)


def case_run_refuses_a_bad_configuration_and_a_missing_one():
    with Scratch() as scratch:
        run = run_selvedge("run", "-c", scratch.write("workers: many\n"))
        expect_equal(run.returncode, 1, "exit code")
        expect(re.search(r"node\.yaml:1:\d+: ", run.stderr), run.stderr)
        run = run_selvedge("run", "-c", str(scratch.path / "absent.yaml"))
        expect_equal(run.returncode, 1, "exit code for a missing file")
        expect("absent.yaml" in run.stderr, run.stderr)


def case_usage_errors_exit_with_1():
    for arguments in (["frobnicate"], ["run", "--no-such-option"], ["purge"]):
        run = run_selvedge(*arguments)
        expect_equal(run.returncode, 1, f"{arguments}")
        expect(run.stderr.strip(), f"{arguments}: nothing on stderr")
        expect_equal(run.stdout, "", f"{arguments}: stdout")


def case_config_prints_what_check_accepts():
    with Scratch() as scratch:
        run = run_selvedge("config", "-c", scratch.good(cache={"size": "48MiB"}))
        expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
        expect("48MiB" in run.stdout, f"not the effective value: {run.stdout!r}")
        again = run_selvedge("check", "-c", scratch.write(run.stdout))
        expect_equal(again.returncode, 0, f"what config printed is refused: {again.stderr!r}")


def case_config_schema_is_a_json_schema():
    run = run_selvedge("config", "--schema")
    expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
    schema = json.loads(run.stdout)
    for key in ("listeners", "origins", "sites", "cache", "admin", "logs", "limits"):
        expect(key in schema["properties"], f"{key} is not in the schema")


def case_config_reference_names_the_limits():
    run = run_selvedge("config", "--reference")
    expect_equal(run.returncode, 0, f"exit code, stderr {run.stderr!r}")
    for key in ("head_bytes", "first_byte_timeout", "eviction", "default_lifetime", "set_cookie"):
        expect(key in run.stdout, f"{key} is not in the reference")


def case_a_second_instance_on_a_taken_port_exits_with_2():
    with Scratch() as scratch:
        config = config_for(directory_origin(scratch.path))
        with Node(config) as node:
            taken = [{"name": "http", "address": node.address()}]
            run = run_selvedge("run", "-c", scratch.good(listeners=taken))
            expect_equal(run.returncode, 2, f"exit code, stderr {run.stderr!r}")
            expect(node.address() in run.stderr, f"the address is not named in {run.stderr!r}")
            expect("in use" in run.stderr, f"the reason is not named in {run.stderr!r}")


def case_status_and_purge_ask_the_admin_api():
    with Scratch() as scratch:
        (scratch.path / "a.txt").write_text("a")
        with Node(config_for(directory_origin(scratch.path))) as node:
            admin = node.ready["admin"]
            run = run_selvedge("status", "--admin", admin, "-o", "json")
            expect_equal(run.returncode, 0, f"status, stderr {run.stderr!r}")
            expect(isinstance(json.loads(run.stdout), dict), "status -o json is not an object")
            for arguments, said in [
                ([node.url("/a.txt")], "removed 0 stored responses"),
                (["--all", "--soft"], "made stale 0 stored responses"),
                (["--tag", "a b", "--host", "h", node.url("/a.txt")], "removed 0 stored responses"),
            ]:
                run = run_selvedge("purge", "--admin", admin, *arguments)
                expect_equal(run.returncode, 0, f"purge, stderr {run.stderr!r}")
                expect(run.stdout.startswith(said), f"{arguments}: {run.stdout!r}")
            run = run_selvedge("purge", "--admin", admin, "--prefix", "h/a", "-o", "json")
            expect_equal(json.loads(run.stdout)["matched"], 0, "matched, of the receipt")
            run = run_selvedge("purge", "--admin", admin, "--prefix", "/a")
            expect_equal(run.returncode, 3, "a purge that the node refuses")
            expect("not a prefix" in run.stderr, f"the reason is not named in {run.stderr!r}")
            missing = str(scratch.path / "no token")
            run = run_selvedge("status", "--admin", admin, "--token-file", missing)
            expect_equal(run.returncode, 3, "status with a token that cannot be read")
            expect(missing in run.stderr, f"the file is not named in {run.stderr!r}")
        run = run_selvedge("status", "--admin", admin)
        expect_equal(run.returncode, 3, "status without a node")


run_cases(globals())
