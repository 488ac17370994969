#!/usr/bin/env python3
"""Who may ask: signed URLs as `selvedge sign` makes them and as any program can, and a process that
gives its rights up."""

import hashlib
import hmac
import json
import os
import pathlib
import pwd
import signal
import tempfile
import time

from client import curl
from harness import expect, expect_equal, run_cases, skip, wait_until
from node import Node, config_for, directory_origin, run_selvedge

CONTENT = b"<svg/>\n"
KEY = bytes(range(32))


class SignedNode:
    """A node that serves /pro/ with tokens only, and its keys."""

    def __enter__(self) -> "SignedNode":
        self._folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self._folder.name)
        (root / "pro").mkdir()
        for name in ("icons.svg", "more.svg"):
            (root / "pro" / name).write_bytes(CONTENT)
        self.key_file = root / "url-keys"
        self.key_file.write_text(f"k1 {KEY.hex()}\n")
        route = {"access": {"signed_urls": {"enabled": True, "key_file": str(self.key_file)}}}
        self.node = Node(config_for(directory_origin(root), route=route))
        self.node.__enter__()
        return self

    def __exit__(self, *failure) -> None:
        self.node.__exit__(*failure)
        self._folder.cleanup()

    def sign(self, path: str, *options: str) -> str:
        run = run_selvedge("sign", self.node.url(path), "--key-file", str(self.key_file), *options)
        expect_equal(run.returncode, 0, run.stderr)
        return run.stdout.strip()

    def status(self, url: str, *arguments: str) -> int:
        return curl(url, "h1", *arguments).status


def case_a_signed_url_works_and_others_do_not():
    with SignedNode() as signed:
        url = signed.sign("/pro/icons.svg", "--for", "1h")
        expect_equal(curl(url).body, CONTENT, "content")
        expect_equal(curl(url, "h2c").body, CONTENT, "content over HTTP/2")
        expect_equal(signed.status(signed.node.url("/pro/icons.svg")), 403, "without a token")
        expect_equal(signed.status(url.replace("icons", "more")), 403, "of another URL")
        expect_equal(signed.status(url + "&x=1"), 403, "with another query")
        again = signed.sign("/pro/icons.svg", "--for", "2h")
        expect(curl(again).is_hit, "another token for the same is a hit")
        denied = "selvedge_access_denied_total"
        expect_equal(signed.node.metric(denied + '{reason="missing"}'), 1, "missing")
        expect_equal(signed.node.metric(denied + '{reason="wrong"}'), 2, "wrong")


def case_a_token_for_a_folder_in_a_cookie():
    with SignedNode() as signed:
        run = run_selvedge(
            "sign", signed.node.url("/pro/icons.svg"), "--key-file", str(signed.key_file),
            "--below", "/pro/", "-o", "json",
        )  # fmt: skip
        token = json.loads(run.stdout)["token"]
        cookie = f"Cookie: selvedge-token={token}"
        more = signed.node.url("/pro/more.svg")
        expect_equal(signed.status(more, "-H", cookie), 200, "below the path")
        expect_equal(signed.status(signed.node.url("/url-keys"), "-H", cookie), 403, "elsewhere")
        dotted = signed.node.url("/pro/../url-keys")
        expect_equal(signed.status(dotted, "--path-as-is", "-H", cookie), 403, "by way of ..")


def case_a_token_for_one_client():
    with SignedNode() as signed:
        mine = signed.sign("/pro/icons.svg", "--client", "127.0.0.1")
        expect_equal(signed.status(mine), 200, "of this client")
        other = signed.sign("/pro/icons.svg", "--client", "192.0.2.1")
        expect_equal(signed.status(other), 403, "of another")


def case_any_program_can_sign():
    """As the README says it."""
    with SignedNode() as signed:
        for expires, status in ((int(time.time()) + 60, 200), (int(time.time()) - 1, 403)):
            lines = ["selvedge-url-1", "127.0.0.1", str(expires), "u", "/pro/icons.svg", ""]
            text = "".join(line + "\n" for line in lines).encode()
            mac = hmac.new(KEY, text, hashlib.sha256).hexdigest()
            token = f"k1.{expires}.u.{mac}"
            url = signed.node.url(f"/pro/icons.svg?selvedge-token={token}")
            expect_equal(signed.status(url), status, f"until {expires}")


def case_sign_says_what_is_wrong():
    with tempfile.TemporaryDirectory() as folder:
        keys = pathlib.Path(folder) / "keys"
        keys.write_text("k1 0011\n")
        run = run_selvedge("sign", "http://a.test/x", "--key-file", str(keys))
        expect_equal(run.returncode, 1, "exit code")
        expect("keys: line 1: is no key" in run.stderr, run.stderr)
        keys.write_text(f"k1 {KEY.hex()}\n")
        run = run_selvedge("sign", "/x", "--key-file", str(keys))
        expect("is no http or https URL" in run.stderr, run.stderr)
        run = run_selvedge("sign", "http://a.test/x", "--key-file", str(keys), "--below", "/y/")
        expect("does not begin with '/y/'" in run.stderr, run.stderr)


def case_root_becomes_somebody_without_rights():
    if os.geteuid() != 0:
        skip("only root can become somebody else")
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        (pathlib.Path(root) / "a").write_bytes(CONTENT)
        config = config_for(directory_origin(root), run_as={"user": "nobody"})
        node = Node(config)
        os.chmod(node.directory, 0o777)  # the ready file is written by that user
        os.chmod(node.config_file, 0o644)
        with node:
            status = pathlib.Path(f"/proc/{node.pid}/status").read_text()
            uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
            expect_equal(set(uids), {str(nobody.pw_uid)}, "user ids")
            expect("NoNewPrivs:\t1" in status, "no_new_privs")
            threads = list(pathlib.Path(f"/proc/{node.pid}/task").iterdir())
            for thread in threads:
                line = f"Uid:\t{nobody.pw_uid}\t"
                expect(line in (thread / "status").read_text(), f"user id of thread {thread.name}")
            expect_equal(curl(node.url("/a")).body, CONTENT, "content")
            node.signal(signal.SIGHUP)
            wait_until(lambda: node.metric("selvedge_config_generation") == 2, "it reloads")
            expect_equal(curl(node.url("/a")).body, CONTENT, "content after a reload")


def case_its_logs_belong_to_who_it_becomes():
    """They are opened by root, in a folder where nobody else may make files; and opened again."""
    if os.geteuid() != 0:
        skip("only root can become somebody else")
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        folder = pathlib.Path(root)
        (folder / "a").write_bytes(CONTENT)
        access, events = folder / "access.log", folder / "events.log"
        logs = {"access": str(access), "access_format": "json", "events": str(events)}
        node = Node(config_for(directory_origin(root), run_as={"user": "nobody"}, logs=logs))
        os.chmod(node.directory, 0o777)  # the ready file is written by that user
        with node:
            for log in (access, events):
                owner = (log.stat().st_uid, log.stat().st_gid)
                expect_equal(owner, (nobody.pw_uid, nobody.pw_gid), f"owner of {log.name}")
            node.signal(signal.SIGUSR1)
            wait_until(lambda: "logs reopened" in events.read_text(), "the event log is reopened")
            curl(node.url("/a?again"))
            wait_until(lambda: "again" in access.read_text(), "the access log is written")
            expect("cannot open" not in events.read_text(), "a log could not be opened")


def case_what_a_link_names_is_not_given_away():
    if os.geteuid() != 0:
        skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        folder = pathlib.Path(root)
        (folder / "a").write_bytes(CONTENT)
        secret = folder / "secret"
        secret.write_text("not a log")
        (folder / "events.log").symlink_to(secret)
        # Nothing is logged, so there is no such file.
        logs = {"access": str(folder / "access.log"), "access_format": "off",
                "events": str(folder / "events.log")}  # fmt: skip
        node = Node(config_for(directory_origin(root), run_as={"user": "nobody"}, logs=logs))
        os.chmod(node.directory, 0o777)
        with node:
            expect_equal(secret.stat().st_uid, 0, "owner of what the link names")
            expect_equal(curl(node.url("/a")).body, CONTENT, "content")


def case_no_such_user():
    with tempfile.TemporaryDirectory() as root:
        config = config_for(directory_origin(root), run_as={"user": "no-such-user"})
        node = Node(config)
        run = run_selvedge("run", "-c", str(node.config_file))
        expect_equal(run.returncode, 1, "exit code")
        expect("there is no user 'no-such-user'" in run.stderr, run.stderr)


run_cases(globals())
