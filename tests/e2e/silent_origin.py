"""An origin that takes all it is sent and answers nothing, at little cost for many connections."""

import contextlib
import pathlib
import selectors
import socket
import tempfile
import threading

from node import Node, config_for, directory_origin, http_origin


class SilentOrigin:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stops = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "SilentOrigin":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stops.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._stops.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                if key.fileobj is self._listener:
                    self._accept()
                elif not self._has_more(key.fileobj):
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has gone already
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ)

    @staticmethod
    def _has_more(connection: socket.socket) -> bool:
        try:
            return bool(connection.recv(65536))
        except BlockingIOError:
            return True
        except OSError:
            return False


@contextlib.contextmanager
def silent_node(**sections):
    """Two files below /files/, index.html and large, of 1 MiB; the rest is never answered."""
    with SilentOrigin() as origin, tempfile.TemporaryDirectory() as www:
        files = pathlib.Path(www) / "files"
        files.mkdir()
        (files / "index.html").write_text("a file\n")
        (files / "large").write_bytes(b"b" * (1 << 20))
        routes = [{"prefix": "/files/", "origin": "files"}, {"prefix": "/", "origin": "app"}]
        config = config_for(directory_origin(www)) | {
            "origins": [directory_origin(www), http_origin(origin.address)],
            "sites": [{"name": "all", "hosts": ["*"], "routes": routes}],
        }
        with Node(config | sections) as node:
            yield node
