"""An HTTP server in a process of its own, which a test may stop, kill and start again:

    with ServerProcess() as server:
        server.kill()
        server.start()  # at the same address

It answers 200 with content_of(the path), or 503 while the file `failing` exists.
"""

import pathlib
import signal
import subprocess
import sys
import threading
import urllib.request

from harness import wait_until
from origin import Exchange, Origin

REQUESTS = "/requests"  # answers how many other requests there were


def content_of(target: str) -> bytes:
    return f"content of {target}\n".encode() * 20


class ServerProcess:
    def __init__(self, failing: pathlib.Path | None = None, pin: list[str] | None = None):
        self._command = [*(pin or []), sys.executable, str(pathlib.Path(__file__).resolve())]
        self._failing = failing or pathlib.Path("/nonexistent")
        self._port = 0  # a free one, until there is one to keep
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.kill()

    def start(self) -> None:
        # A port that was left may be taken for a moment, by a connection to somebody else.
        wait_until(self._try_to_start, f"a server at port {self._port}")
        self.address = f"127.0.0.1:{self._port}"

    def _try_to_start(self) -> bool:
        self._process = subprocess.Popen(
            [*self._command, str(self._port), str(self._failing)],
            stdin=subprocess.PIPE,  # its end is that of the server, should this process be gone
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        if not line:
            self.kill()
            return False
        self._port = int(line)
        return True

    def kill(self) -> None:
        """At once: connections are reset, and nobody listens any more."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def stall(self) -> None:
        """Connections are still accepted, by the system; nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def requests(self) -> int:
        with urllib.request.urlopen(f"http://{self.address}{REQUESTS}", timeout=10) as answer:
            return int(answer.read())


def _serve(port: int, failing: pathlib.Path) -> None:
    lock = threading.Lock()
    count = 0

    def answer(exchange: Exchange) -> None:
        nonlocal count
        if exchange.target == REQUESTS:
            return exchange.respond(str(count).encode(), "Cache-Control: no-store")
        with lock:
            count += 1
        if failing.exists():
            return exchange.respond(b"failing\n", status="503 Service Unavailable")
        exchange.respond(content_of(exchange.target), "Cache-Control: max-age=3600")

    try:
        server = Origin(fallback=answer, port=port)
    except OSError as error:
        sys.exit(f"port {port}: {error}")
    with server:
        print(server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
