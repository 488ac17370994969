"""nginx: proxy_cache, with the files of the cache kept open."""

import os

from peer import Peer


class Nginx(Peer):
    name = "nginx"
    packages = ("nginx",)
    program = "nginx"

    def command(self) -> list[str]:
        configuration = self.write(
            "nginx.conf",
            USER="user root;" if os.geteuid() == 0 else "",
            PROXY_CACHE="cache" if self.options.cache else "off",
        )
        return [self.executable(), "-p", str(self.directory), "-c", configuration]
