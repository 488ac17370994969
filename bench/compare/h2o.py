"""h2o, serving files: it has no cache of answers, and asks no origin."""

import os

from peer import Peer


class H2o(Peer):
    name = "h2o"
    packages = ("h2o",)
    program = "h2o"
    is_cache = False

    def command(self) -> list[str]:
        user = "user: root" if os.geteuid() == 0 else ""
        return [self.executable(), "-c", self.write("h2o.conf", USER=user)]

    def url(self, protocol: str, path: str) -> str:
        # A client of HTTP/2 begins with its preface, on the same port.
        return super().url("h1" if protocol == "h2c" else protocol, path)
