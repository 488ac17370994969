"""A contender: one server program with a configuration of ours, in a directory of its own.

    with Nginx(pin, origin.address, files, work) as peer:
        peer.url("h2tls", "/hot/1k.bin"), peer.pids()

It listens on free loopback ports, one worker unless the options say otherwise, and ends by its
process id with the `with` block. Each peer is a subclass in a file of its own, beside the commented
template of its configuration; peers.py lists them.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "e2e"))
from harness import wait_until  # noqa: E402
from node import development_certificate  # noqa: E402

PROTOCOLS = ("h1", "h2c", "h1tls", "h2tls")


@dataclasses.dataclass(frozen=True)
class Options:
    cache_bytes: int = 1 << 30
    workers: int = 1
    cache: bool = True  # without: a plain proxy that asks the origin every time


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def certificate(work: pathlib.Path) -> dict[str, str]:
    """The development certificate (ECDSA P-256) and its key, the same for all peers of one run."""
    directory = work / "certificate"
    if not directory.exists():
        directory.mkdir()
        made = development_certificate(directory)["certificates"][0]
        # HAProxy and h2o want both in one file.
        both = pathlib.Path(made["certificate"]).read_text() + pathlib.Path(made["key"]).read_text()
        (directory / "both.pem").write_text(both)
    return {
        "certificate": str(directory / "certificate.pem"),
        "key": str(directory / "key.pem"),
        "both": str(directory / "both.pem"),
    }


def render(template: str, values: dict) -> str:
    """A template of this folder with each @NAME@ replaced; one without a value is an error."""
    text = (HERE / template).read_text()
    return re.sub(r"@([A-Z0-9_]+)@", lambda match: str(values[match[1]]), text)


def descendants(pid: int) -> list[int]:
    """The process and all processes below it that are alive."""
    found = [pid]
    for parent in found:
        for children in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


class Peer:
    """What peers have in common. A subclass names itself and says what to run."""

    name = ""
    packages: tuple[str, ...] = ()  # of Debian
    program = ""
    protocols = PROTOCOLS
    is_cache = True  # or it serves the files itself and never asks the origin

    def __init__(self, pin: list[str], origin: str, files: pathlib.Path, work: pathlib.Path,
                 options: Options = Options()):  # fmt: skip
        self.pin = pin
        self.origin = origin
        self.files = files
        self.options = options
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=work))
        self.certificate = certificate(work)
        self.ports = {"clear": free_port(), "h2c": free_port(), "tls": free_port()}
        self.process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        """Writes the configuration and returns the command that runs it in the foreground."""
        raise NotImplementedError

    def values(self) -> dict:
        """What the templates may name."""
        return {
            "DIRECTORY": self.directory,
            "CLEAR_PORT": self.ports["clear"],
            "H2C_PORT": self.ports["h2c"],
            "TLS_PORT": self.ports["tls"],
            "ORIGIN": self.origin,
            "FILES": self.files,
            "CERTIFICATE": self.certificate["certificate"],
            "KEY": self.certificate["key"],
            "CERTIFICATE_AND_KEY": self.certificate["both"],
            "CACHE_BYTES": self.options.cache_bytes,
            "CACHE_MIB": self.options.cache_bytes >> 20,
            "WORKERS": self.options.workers,
        }

    def write(self, template: str, **more) -> str:
        """The rendered template in the peer's directory: its path."""
        path = self.directory / template
        path.write_text(render(template, self.values() | more))
        return str(path)

    @classmethod
    def executable(cls) -> str | None:
        return shutil.which(cls.program) or shutil.which(cls.program, path="/usr/sbin:/usr/bin")

    def __enter__(self) -> "Peer":
        with open(self.directory / "output", "wb") as output:
            self.process = subprocess.Popen(
                [*self.pin, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,  # Ctrl-C reaches us, and we end it
            )
        try:
            wait_until(self._is_up, f"{self.name} listens", seconds=20)
        except BaseException:
            self.stop()
            print(f"--- {self.name} says ---\n{self.output()}---", file=sys.stderr)
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def stop(self) -> None:
        """TERM, and KILL for what is left of it after ten seconds."""
        processes = descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            for pid in processes:
                if pathlib.Path(f"/proc/{pid}").exists():
                    os.kill(pid, 9)
            self.process.wait()

    def output(self) -> str:
        return (self.directory / "output").read_text(errors="replace")[-4000:]

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}")
        return all(self._accepts(port) for port in self.ports_to_await())

    def ports_to_await(self) -> list[int]:
        return [self.ports["clear"]]

    @staticmethod
    def _accepts(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True

    def url(self, protocol: str, path: str) -> str:
        """TLS: one port, and the client says by ALPN what it wants."""
        if protocol not in self.protocols:
            raise ValueError(f"{self.name} does not speak {protocol}")
        if protocol in ("h1tls", "h2tls"):
            return f"https://127.0.0.1:{self.ports['tls']}{path}"
        return f"http://127.0.0.1:{self.ports['h2c' if protocol == 'h2c' else 'clear']}{path}"

    def pids(self) -> list[int]:
        return descendants(self.process.pid)
