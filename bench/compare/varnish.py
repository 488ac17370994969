"""Varnish: cleartext only (TLS is for a program before it), its cache in memory."""

from peer import Peer


class Varnish(Peer):
    name = "varnish"
    packages = ("varnish",)
    program = "varnishd"
    protocols = ("h1", "h2c")

    def command(self) -> list[str]:
        address, _, port = self.origin.rpartition(":")
        vcl = self.write(
            "varnish.vcl",
            ORIGIN_ADDRESS=address,
            ORIGIN_PORT=port,
            IS_CACHE="true" if self.options.cache else "false",
        )
        parameters = {
            # One pool of threads a worker asked for. A connection with something to do has a
            # thread, and the load is 64 connections.
            "thread_pools": self.options.workers,
            "thread_pool_min": 100,
            "thread_pool_max": 1000,
            "feature": "+http2",
            "timeout_idle": 600,
            # The log in shared memory cannot be turned off; these leave out most of what it says.
            "vsl_mask": "-VCL_call,-VCL_trace,-ReqHeader,-RespHeader,-ReqUnset,-RespUnset",
            "vsl_space": "16M",
            "h2_max_concurrent_streams": 128,
        }
        command = [self.executable(), "-F", "-n", str(self.directory / "instance"), "-f", vcl]
        command += ["-j", "none"]  # no change of user, whose directories would have to be its own
        command += ["-a", f"127.0.0.1:{self.ports['clear']},HTTP"]
        command += ["-s", f"malloc,{self.options.cache_bytes}"]
        for name, value in parameters.items():
            command += ["-p", f"{name}={value}"]
        return command

    def url(self, protocol: str, path: str) -> str:
        # A client of HTTP/2 begins with its preface, on the same port.
        return super().url("h1" if protocol == "h2c" else protocol, path)
