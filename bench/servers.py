"""What is measured and what stands behind it: selvedge or nginx as the cache, an origin with files.

Everything listens on loopback, in free ports, and ends with the `with` block that began it.
"""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from harness import wait_until  # noqa: E402
from node import Node, config_for, development_certificate  # noqa: E402
from node import directory_origin, http_origin  # noqa: E402

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
_TICKS = os.sysconf("SC_CLK_TCK")


def write_objects(root: pathlib.Path) -> None:
    """The files of every scenario: NAME/VERSION/PATH."""
    noise = random.Random(1).randbytes(1 << 17)
    hot = root / "hot" / "1.0.0"
    hot.mkdir(parents=True)
    (hot / "1k.bin").write_bytes(noise[:1024])
    zipf = root / "zipf" / "1.0.0"
    zipf.mkdir(parents=True)
    sizes = random.Random(2)
    for number in range(10_000):
        size = min(len(noise), max(200, int(sizes.lognormvariate(8.7, 1.0))))  # median 6 KiB
        (zipf / f"{number}.bin").write_bytes(noise[:size])
    for bundle in range(20):
        for version in ("1.0.0", "1.1.0", "2.0.0"):
            folder = root / f"bundle-{bundle}" / version
            folder.mkdir(parents=True)
            (folder / "bundle.json").write_bytes(b"{}" * 1500)
            for asset in range(30):
                size = sizes.randrange(800, 24_000)
                (folder / f"asset-{asset}.js").write_bytes(noise[:size])


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes (proc(5): fields 14 and 15 of stat)."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_bytes(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) * 1024
    return total


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Selvedge:
    """The node with one worker."""

    name = "selvedge"

    def __init__(self, pin: list[str], origin: str, cache_size: str):
        sections = {"workers": 1, "cache": {"size": cache_size}, "route": {"prefix": "/"}}
        sections["limits"] = {"requests": 1_000_000_000}
        config = config_for(http_origin(origin), **sections)
        self._node = Node(config, tls=True, prefix=pin)

    def __enter__(self) -> "Selvedge":
        self._node.__enter__()
        return self

    def __exit__(self, *exception) -> None:
        self._node.__exit__(*exception)

    def url(self, protocol: str, path: str) -> str:
        return self._node.url(path, "https" if protocol == "h2" else "http")

    def pids(self) -> list[int]:
        return [self._node.pid]

    def hits_and_misses(self) -> tuple[float, float] | None:
        metric = self._node.metric
        return metric("selvedge_cache_hits_total"), metric("selvedge_cache_misses_total")


class NginxProcess:
    """An nginx with one worker, from a configuration of ours and in a directory of its own."""

    def __init__(self, pin: list[str], directory: pathlib.Path, http_block: str, port: int):
        self._command = [*pin, NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf")]
        self._port = port
        directory.mkdir(exist_ok=True)
        temporary = "\n".join(
            f"  {kind}_temp_path {directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (directory / "nginx.conf").write_text(
            f"daemon off; {user} worker_processes 1;\n"
            f"pid {directory}/pid; error_log {directory}/error.log;\n"
            "events { worker_connections 8192; }\n"
            "http {\n"
            "  access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;\n"
            f"{temporary}\n{http_block}\n}}\n"
        )

    def __enter__(self):
        self.process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "nginx listens")
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"nginx ended with {self.process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True

    def pids(self) -> list[int]:
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(int(child) for child in children)]


class Nginx(NginxProcess):
    """nginx as the cache: proxy_cache with what speeds it up, one worker."""

    name = "nginx"

    def __init__(self, pin: list[str], origin: str, directory: pathlib.Path):
        self._ports = {protocol: _free_port() for protocol in ("h1", "h2c", "h2")}
        work = directory / f"nginx-{time.monotonic_ns()}"
        work.mkdir()
        certificate = development_certificate(work)["certificates"][0]
        super().__init__(
            pin,
            work,
            f"  proxy_cache_path {work}/cache levels=1:2 keys_zone=cache:64m max_size=1g"
            " inactive=1h use_temp_path=off;\n"
            "  open_file_cache max=20000 inactive=1h;\n"
            f"  upstream origin {{ server {origin}; keepalive 64; }}\n"
            "  server {\n"
            f"    listen 127.0.0.1:{self._ports['h1']} backlog=4096;\n"
            f"    listen 127.0.0.1:{self._ports['h2c']} http2;\n"
            f"    listen 127.0.0.1:{self._ports['h2']} ssl http2;\n"
            f"    ssl_certificate {certificate['certificate']};\n"
            f"    ssl_certificate_key {certificate['key']};\n"
            "    location / {\n"
            "      proxy_pass http://origin; proxy_http_version 1.1;\n"
            '      proxy_set_header Connection ""; proxy_set_header Host $host;\n'
            "      proxy_cache cache; proxy_cache_valid 200 1h; proxy_cache_lock on;\n"
            "    }\n"
            "  }",
            self._ports["h1"],
        )

    def url(self, protocol: str, path: str) -> str:
        scheme = "https" if protocol == "h2" else "http"
        return f"{scheme}://127.0.0.1:{self._ports[protocol]}{path}"

    def hits_and_misses(self) -> None:
        return None  # it has no counters without a module


class NginxOrigin(NginxProcess):
    """Plain files, as fast as they come."""

    def __init__(self, pin: list[str], root: pathlib.Path, directory: pathlib.Path):
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        self._own_requests = 0
        super().__init__(
            pin,
            directory / "origin",
            "  open_file_cache max=20000 inactive=1h;\n"
            f"  server {{ listen {self.address} backlog=4096; root {root};\n"
            "    location = /requests { stub_status; }\n"
            '    add_header Cache-Control "public, max-age=3600"; }',
            port,
        )

    def requests(self) -> int:
        """How many it has been asked since it began, those of this function aside."""
        with urllib.request.urlopen(f"http://{self.address}/requests", timeout=10) as answer:
            counted = int(answer.read().splitlines()[2].split()[2])
        self._own_requests += 1
        return counted - self._own_requests


class SelvedgeOrigin:
    """A second node that serves the files and caches nothing."""

    def __init__(self, pin: list[str], root: pathlib.Path):
        sections = {"workers": 1, "route": {"cache": False}}
        sections["limits"] = {"requests": 1_000_000_000}
        self._node = Node(config_for(directory_origin(root), **sections), prefix=pin)

    def __enter__(self) -> "SelvedgeOrigin":
        self._node.__enter__()
        self.address = self._node.address()
        return self

    def __exit__(self, *exception) -> None:
        self._node.__exit__(*exception)
