"""What the soak stands on: two origins that fail when they are told to, the node, the load."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from harness import expect, wait_until
from node import Node, config_for, http_origin

CACHE = 64 << 20  # bytes: about half of 4,000 objects
PROPER, CHANGED, BROKEN = "proper", "changed", "broken"


class SoakOrigin:
    """selvedge_soak_origin; another process at the same port after kill()."""

    def __init__(self, program: pathlib.Path, pin: list[str]):
        self._command = [*pin, str(program)]
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, str(self.port)],
            stdin=subprocess.PIPE,  # its end is that of the origin
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        expect(line, f"no origin at port {self.port}")
        self.port = int(line)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def tell(self, word: str) -> None:
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def state_of(pid: int) -> str:
    """Its letter in /proc (proc(5)); "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def has_ended(pid: int) -> bool:
    return state_of(pid) in ("", "Z")


class SoakNode:
    """The node, and whoever takes its place after an upgrade."""

    def __init__(self, origins: list[SoakOrigin], pin: list[str]):
        options = {
            "connect_timeout": "1s",
            "first_byte_timeout": "2s",
            "idle_timeout": "2s",
            "fetch_timeout": "8s",
        }
        self._origin = http_origin(*(one.address for one in origins), **options)
        self.node = Node(self._config(PROPER), tls=True, prefix=pin)
        self._listeners = self.node.config["listeners"]
        self.access_log = self.node.directory / "access.log"
        self.node.write_config(self._with_log(PROPER))
        # One change at a time: each looks at what became of it.
        self.configuration = threading.Lock()
        self.node.__enter__()
        self.pid = self.node.pid
        self.generation = 0  # of the process: another one begins with an empty cache
        self.is_upgrading = False

    def _config(self, kind: str) -> dict:
        route = {"default_lifetime": "20s" if kind == CHANGED else "10s"}
        config = config_for(
            self._origin,
            cache={"size": CACHE, "max_object": "2MiB"},
            limits={"requests": 2000, "write_timeout": "5s", "header_timeout": "5s"},
            route=route,
            drain={"deadline": "20s"},
        )
        if kind == CHANGED:
            added = {"prefix": "/added/", "origin": self._origin["name"]}
            config["sites"][0]["routes"].append(added)
        return config

    def _with_log(self, kind: str) -> dict:
        logs = {"access": str(self.access_log), "access_format": "json"}
        return self._config(kind) | {"listeners": self._listeners, "logs": logs}

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def reload(self, kind: str) -> None:
        """Taken, or refused when it is BROKEN; the proper one is in the file afterwards."""
        with self.configuration:
            self.node.write_config(self._with_log(kind))
            if kind == BROKEN:
                text = self.node.config_file.read_text()
                self.node.config_file.write_text(text + "no_such_key: 1\n")
            metric = self.node.metric
            before = metric("selvedge_config_generation")
            self.signal(signal.SIGHUP)
            if kind == BROKEN:
                wait_until(
                    lambda: metric("selvedge_config_last_reload_successful") == 0,
                    "the broken configuration is refused",
                )
            else:
                wait_until(
                    lambda: metric("selvedge_config_generation") > before,
                    "the configuration is taken",
                )
            self.node.write_config(self._with_log(PROPER))

    def upgrade(self) -> None:
        with self.configuration:
            before = self.pid
            self.is_upgrading = True
            self.signal(signal.SIGUSR2)
            wait_until(lambda: self._serving() != before, "another process serves", seconds=30)
            self.pid = self._serving()
            self.generation += 1
            wait_until(lambda: has_ended(before), "the process before has ended", seconds=40)
            time.sleep(1)  # what it answered last is counted by then
            self.is_upgrading = False

    def _serving(self) -> int:
        try:
            return json.loads((self.node.directory / "ready.json").read_text())["pid"]
        except (OSError, ValueError):
            return self.pid  # it is being written

    def rotate_log(self) -> int:
        """The records of the log so far, each of which must be JSON."""
        rotated = self.access_log.with_suffix(".1")
        self.access_log.rename(rotated)
        self.signal(signal.SIGUSR1)
        wait_until(self.access_log.exists, "the log is opened again")
        time.sleep(0.5)  # for the last records
        records = 0
        with open(rotated, "rb") as file:
            for records, line in enumerate(file, start=1):
                if records % 100 == 1:
                    json.loads(line)
        rotated.unlink()
        return records

    def resident_and_descriptors(self) -> tuple[int, int]:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
        return resident * 1024, len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self) -> list[str]:
        """What was wrong with its end."""
        problems = []
        if has_ended(self.pid):
            code = self.node.process.poll() if self.pid == self.node.pid else "unknown"
            words = self.node.stderr()[-2000:]
            problems.append(f"the node had ended (exit code {code}); its last words: {words}")
        elif self.pid != self.node.pid:
            self.signal(signal.SIGTERM)
            wait_until(lambda: has_ended(self.pid), "the node has ended", seconds=30)
        code = self.node.stop()
        if code != 0 and not problems:
            problems.append(f"the node ended with {code}: {self.node.stderr()[-2000:]}")
        return problems


class Load:
    """selvedge_soak_load; each line that it says goes to `on_second`, in a thread of its own."""

    def __init__(self, program, node: SoakNode, rate: float, seconds: float, options, on_second):
        ports = [node.node.port("http"), node.node.port("https")]
        values = [*ports, rate, seconds, options.objects, options.connections, options.seed]
        self._process = subprocess.Popen(
            [str(value) for value in (program, *values)], stdout=subprocess.PIPE, text=True
        )
        self._on_second = on_second
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._on_second(json.loads(line))

    def is_over(self) -> bool:
        return self._process.poll() is not None

    def wait(self) -> None:
        self._process.wait()
        self._thread.join()
        expect(self._process.returncode == 0, "the load has failed")

    def stop(self) -> None:
        if not self.is_over():
            self._process.kill()
        self._process.wait()
        self._thread.join()
