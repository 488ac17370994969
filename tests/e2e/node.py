"""Starts the real program for a test and always stops it again.

    with Node(config_for(directory("www"))) as node:
        curl(node.url("http", "/index.html"))

Ports are always free ones: every address ends in :0 and the ready file says what became of it.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

from harness import SELVEDGE, expect, wait_until


def to_yaml(value, indent: str = "") -> str:
    """Block YAML of dicts, lists and scalars. Strings are JSON strings, which YAML accepts."""
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and item
            text = "\n" + to_yaml(item, indent + "  ") if nested else " " + to_yaml(item)
            lines.append(f"{indent}{key}:{text}")
        return "\n".join(lines)
    if isinstance(value, list) and value:
        # The item's own indent makes room for the dash.
        return "\n".join(
            f"{indent}- " + to_yaml(item, indent + "  ").removeprefix(indent + "  ")
            for item in value
        )
    return json.dumps(value)


def directory_origin(root, name: str = "files") -> dict:
    return {"name": name, "kind": "directory", "root": str(root)}


def http_origin(*servers: str, name: str = "app", **options) -> dict:
    return {"name": name, "kind": "http", "servers": list(servers), **options}


def config_for(origin: dict, **sections) -> dict:
    """A node with one cleartext listener, "http", that sends everything to one origin."""
    route = {"prefix": "/", "origin": origin["name"]} | sections.pop("route", {})
    config = {
        "workers": 2,
        "listeners": [{"name": "http", "address": "127.0.0.1:0"}],
        "origins": [origin],
        "sites": [{"name": "all", "hosts": ["*"], "routes": [route]}],
        "admin": {"enabled": True, "address": "127.0.0.1:0"},
        "logs": {"access_format": "off"},
    }
    return config | sections


def development_certificate(where: pathlib.Path) -> dict:
    """A self-signed certificate for localhost, as listeners[].tls wants it."""
    certificate, key = where / "certificate.pem", where / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return {"certificates": [{"certificate": str(certificate), "key": str(key)}]}


class Node:
    """One running selvedge. Its files (configuration, logs, certificate) lie in `directory`."""

    def __init__(self, config: dict | None = None, *, tls=False, arguments=(), prefix=()):
        """Without a configuration, `arguments` say what to run (for instance the demo). `prefix` is
        a command that starts the program in its own place, such as taskset."""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="selvedge-test-"))
        self.config_file = self.directory / "node.yaml"
        self._ready_file = self.directory / "ready.json"
        self._arguments = list(arguments)
        self._prefix = list(prefix)
        if config is not None:
            if tls:
                listener = {"name": "https", "address": "127.0.0.1:0"}
                listener["tls"] = development_certificate(self.directory)
                config = config | {"listeners": config["listeners"] + [listener]}
            self.write_config(config)
            self._arguments = ["run", "-c", str(self.config_file)]
        self.process: subprocess.Popen | None = None
        self.ready: dict = {}

    def write_config(self, config: dict) -> None:
        self.config = config
        self.config_file.write_text(to_yaml(config) + "\n")

    def __enter__(self) -> "Node":
        command = [*self._prefix, SELVEDGE, *self._arguments]
        command += ["--ready-file", str(self._ready_file)]
        with (
            open(self.directory / "stdout", "wb") as out,
            open(self.directory / "stderr", "wb") as err,
        ):
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        try:
            wait_until(self._is_up, "the node is ready", seconds=30)
        except BaseException:
            self.stop()
            self._show_stderr()
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        self.ready = json.loads(self._ready_file.read_text())
        return self

    def __exit__(self, kind, value, trace) -> None:
        code = self.stop()
        if kind is not None:
            self._show_stderr()
        shutil.rmtree(self.directory, ignore_errors=True)
        if kind is None:
            expect(code == 0, f"the node ended with {code}")

    def _is_up(self) -> bool:
        expect(self.process.poll() is None, f"the node ended with {self.process.returncode}")
        return self._ready_file.exists()

    def _show_stderr(self) -> None:
        print(f"--- stderr of the node ---\n{self.stderr()}---", file=sys.stderr)

    def stop(self) -> int:
        """TERM, then KILL when that is not obeyed. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def pid(self) -> int:
        return self.process.pid

    def stdout(self) -> str:
        return (self.directory / "stdout").read_text(errors="replace")

    def stderr(self) -> str:
        return (self.directory / "stderr").read_text(errors="replace")

    def address(self, listener: str = "http") -> str:
        return self.ready["listeners"][listener]

    def port(self, listener: str = "http") -> int:
        return int(self.address(listener).rpartition(":")[2])

    def url(self, path: str = "/", listener: str = "http") -> str:
        scheme = "https" if listener == "https" else "http"
        return f"{scheme}://{self.address(listener)}{path}"

    def admin(self, path: str, body: dict | None = None) -> str:
        """The text of an answer of the admin API; POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.ready['admin']}{path}", data=data)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()

    def metric(self, line_start: str) -> float:
        """The sum of the samples whose line begins so: a name, or a name with labels."""
        lines = self.admin("/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(line_start))

    def resident_bytes(self, field: str = "VmRSS") -> int:
        """VmRSS now, or VmHWM at its highest."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field + ":"))
        return int(line.split()[1]) * 1024


def run_selvedge(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess:
    """A command that ends by itself; its output as text."""
    return subprocess.run(
        [SELVEDGE, *arguments], capture_output=True, text=True, timeout=timeout, env=os.environ
    )
