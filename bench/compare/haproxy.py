"""HAProxy: its small-object cache, in memory."""

import resource

from peer import Peer


class Haproxy(Peer):
    name = "haproxy"
    packages = ("haproxy",)
    program = "haproxy"

    def command(self) -> list[str]:
        cache = ""
        if self.options.cache:
            cache = "http-request cache-use cache\n  http-response cache-store cache"
        configuration = self.write(
            "haproxy.cfg",
            USE_CACHE=cache,
            # It does not start with more connections than it may have, with two descriptors each.
            CONNECTIONS=min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 200),
            # The cache takes at most 4095 MiB.
            CACHE_MIB=min(self.options.cache_bytes >> 20, 4095),
        )
        return [self.executable(), "-db", "-f", configuration]
