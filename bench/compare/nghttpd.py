"""nghttpd: nghttp2's own server of files, HTTP/2 only. It caches no answers and asks no origin, and
keeps files open once it has sent them."""

from peer import Peer


class Nghttpd(Peer):
    name = "nghttpd"
    packages = ("nghttp2-server",)
    program = "nghttpd"
    protocols = ("h2c", "h2tls")
    is_cache = False

    def command(self) -> list[str]:
        # TLS and cleartext exclude each other in one process: a process each, under one shell that
        # waits for both and ends them when it is told to end.
        common = f"--htdocs={self.files} --workers={self.options.workers} --address=127.0.0.1"
        common += " --max-concurrent-streams=128"
        clear = f"{self.executable()} {common} --no-tls {self.ports['h2c']}"
        files = f"{self.certificate['key']} {self.certificate['certificate']}"
        tls = f"{self.executable()} {common} {self.ports['tls']} {files}"
        script = f"trap 'kill $a $b; wait' TERM; {clear} & a=$!; {tls} & b=$!; wait"
        return ["/bin/sh", "-c", script]

    def ports_to_await(self) -> list[int]:
        return [self.ports["h2c"], self.ports["tls"]]
