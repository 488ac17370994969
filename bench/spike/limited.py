"""The peers with what each has against overload: its rate limits, queues and priorities.

The templates are beside this file. `free_rate` is what the free class may have a second, None: no
limit.
"""

import os
import pathlib
import re

import haproxy
import nginx
import varnish
from peer import Peer, free_port

HERE = pathlib.Path(__file__).resolve().parent


class Limited(Peer):
    """A peer with templates from this folder."""

    free_rate: int | None = None
    settings = ""  # for the table: how it tells classes apart

    def write(self, template: str, **more) -> str:
        values = self.values() | {"FREE_RATE": self.free_rate or 1_000_000} | more
        text = (HERE / template).read_text()
        path = self.directory / template
        path.write_text(re.sub(r"@([A-Z0-9_]+)@", lambda match: str(values[match[1]]), text))
        return str(path)

    def port(self, listener: str) -> int:
        return self.ports["tls" if listener == "https" else "clear"]


class LimitedNginx(Limited, nginx.Nginx):
    settings = "cache; limit_req of the free class"


class LimitedHaproxy(Limited, haproxy.Haproxy):
    """HAProxy has priorities in the queue of a server, and its cache does not queue: with them it
    asks an nginx behind it, which has the object in memory and is a part of this contender."""

    packages = ("haproxy", "nginx")
    settings = "set-priority-class, maxconn 4 to an nginx behind"

    def command(self) -> list[str]:
        self.ports["backend"] = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        files = self.write("backend.conf", USER=user, BACKEND_PORT=self.ports["backend"])
        proxy = self.write("haproxy.cfg", BACKEND_PORT=self.ports["backend"])
        return [
            "sh",
            "-c",
            # Both end with the shell, which is told to.
            f'"{nginx.Nginx.executable()}" -p "{self.directory}" -c "{files}" & behind=$!\n'
            f'"{self.executable()}" -db -f "{proxy}" & before=$!\n'
            'trap "kill $before $behind; wait; exit 0" TERM\nwait',
        ]

    def ports_to_await(self) -> list[int]:
        return [self.ports["clear"], self.ports["backend"]]


class CachingHaproxy(Limited, haproxy.Haproxy):
    """The other way of HAProxy's: its cache, and a rate limit for a class, without priorities."""

    settings = "cache; 429 above a rate of the free class"

    def command(self) -> list[str]:
        proxy = self.write("haproxy_cache.cfg")
        return [self.executable(), "-db", "-f", proxy]


class LimitedVarnish(Limited, varnish.Varnish):
    packages = ("varnish", "varnish-modules")
    settings = "cache; vsthrottle of the free class"

    def command(self) -> list[str]:
        # A thread for every connection: one that waits for a thread waits long.
        return [*super().command(), "-p", "thread_pool_min=700"]


CONTENDERS: dict[str, type[Limited]] = {
    "nginx": LimitedNginx,
    "haproxy": LimitedHaproxy,
    "haproxy-cache": CachingHaproxy,
    "varnish": LimitedVarnish,
}
