"""Selvedge itself: the program under comparison, its cache in memory."""

import os

from peer import Options, Peer  # first: it says where the modules of the end-to-end tests are

from harness import SELVEDGE
from node import Node, http_origin


class Selvedge(Peer):
    name = "selvedge"

    def __init__(self, pin, origin, files, work, options: Options = Options()):
        super().__init__(pin, origin, files, work, options)
        chain = {"certificate": self.certificate["certificate"], "key": self.certificate["key"]}
        self._node = Node(
            {
                "workers": options.workers,
                "listeners": [
                    {"name": "http", "address": "127.0.0.1:0"},
                    {"name": "https", "address": "127.0.0.1:0", "tls": {"certificates": [chain]}},
                ],
                # Connections live as long as the load lasts, as they do for every peer.
                "limits": {
                    "requests": 1_000_000_000,
                    "connections": 100_000,
                    "idle_timeout": "600s",
                },
                "cache": {"size": options.cache_bytes},
                "origins": [http_origin(origin)],
                "sites": [
                    {
                        "name": "all",
                        "hosts": ["*"],
                        "routes": [{"prefix": "/", "origin": "app", "cache": options.cache}],
                    }
                ],
                "admin": {"enabled": True, "address": "127.0.0.1:0"},
                "logs": {"access_format": "off"},
            },
            prefix=pin,
        )

    @classmethod
    def executable(cls) -> str | None:
        return SELVEDGE if os.access(SELVEDGE, os.X_OK) else None

    def __enter__(self) -> "Selvedge":
        self._node.__enter__()
        self.process = self._node.process
        clear, tls = self._node.port("http"), self._node.port("https")
        self.ports = {"clear": clear, "h2c": clear, "tls": tls}
        return self

    def __exit__(self, *exception) -> None:
        self._node.__exit__(*exception)

    def metric(self, line_start: str) -> float:
        return self._node.metric(line_start)
