"""An HTTP/1.1 origin whose answers a test scripts: with Origin({"/path": function}) as origin.

A function gets the Exchange: what was asked, and send() for the bytes of the answer, exactly as
given. Paths without a function get 404. `origin.count(path)` says how often one was asked.
"""

import collections
import socket
import socketserver
import threading


class Exchange:
    def __init__(self, method: str, target: str, fields: dict, body: bytes, connection):
        self.method, self.target, self.fields, self.body = method, target, fields, body
        self._connection: socket.socket = connection
        self.closes = False  # set it to end the connection after this answer

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def inform(self, status: str, *fields: str) -> None:
        """An interim response, such as "103 Early Hints"."""
        self.send("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode())

    def respond(self, body: bytes, *fields: str, status: str = "200 OK") -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.send(head if self.method == "HEAD" else head + body)


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            while (exchange := self._read()) is not None:
                self.server.answer(exchange)
                if exchange.closes:
                    return
        except (BrokenPipeError, ConnectionResetError):
            pass  # the node gave up, as some tests want it to

    def _read(self) -> Exchange | None:
        line = self.rfile.readline()
        if not line:
            return None
        method, target, _ = line.decode("latin-1").split(" ", 2)
        fields = {}
        while (line := self.rfile.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        if fields.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(fields.get("content-length", 0)))
        return Exchange(method, target, fields, body, self.connection)

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        self.server.on_chunk(data)
        return data


def not_found(exchange: Exchange) -> None:
    exchange.respond(b"", status="404 Not Found")


class Origin(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(
        self, answers: dict | None = None, fallback=not_found, on_chunk=lambda data: None, port=0
    ):
        """`on_chunk` gets every chunk of a request's content when it has come. Port 0: any."""
        super().__init__(("127.0.0.1", port), _Connection)
        self._answers = answers or {}
        self._fallback = fallback
        self.on_chunk = on_chunk
        self._counts: collections.Counter = collections.Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> "Origin":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, exchange: Exchange) -> None:
        path = exchange.target.partition("?")[0]
        with self._lock:
            self._counts[path] += 1
        self._answers.get(path, self._fallback)(exchange)

    def count(self, path: str) -> int:
        with self._lock:
            return self._counts[path]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


def unused_address() -> str:
    """A loopback address at which nothing listens (the port was free a moment ago)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"
