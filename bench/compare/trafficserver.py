"""Traffic Server: its cache of answers with the memory tier large enough for everything."""

import pathlib

from peer import Peer


class TrafficServer(Peer):
    name = "trafficserver"
    packages = ("trafficserver",)
    program = "traffic_server"

    def command(self) -> list[str]:
        for folder in ("etc", "run", "log", "cache"):
            (self.directory / folder).mkdir()
        certificate, key = (pathlib.Path(self.certificate[kind]) for kind in ("certificate", "key"))
        files = {
            "remap.config": f"map / http://{self.origin}/\n",
            "ssl_multicert.config": f"dest_ip=* ssl_cert_name={certificate.name}"
            f" ssl_key_name={key.name}\n",
            # A file as large as the cache; what is in the memory tier is there too.
            "storage.config": f"{self.directory}/cache {self.options.cache_bytes}\n",
            "ip_allow.yaml": "ip_allow:\n"
            "  - {apply: in, ip_addrs: 127.0.0.0/8, action: allow, methods: ALL}\n",
        }
        for name, text in files.items():
            (self.directory / "etc" / name).write_text(text)
        records = self.write(
            "records.config",
            CERTIFICATES=certificate.parent,
            IS_CACHE=int(self.options.cache),
        )
        pathlib.Path(records).rename(self.directory / "etc" / "records.config")
        # Its directories: without them it would use those of the package below /etc and /var.
        places = {
            "prefix": "",
            "exec_prefix": "",
            "sysconfdir": "etc",
            "localstatedir": "",
            "runtimedir": "run",
            "logdir": "log",
            "cachedir": "cache",
        }
        root = self.directory / "runroot.yaml"
        root.write_text("".join(f"{n}: {self.directory / to}\n" for n, to in places.items()))
        return [self.executable(), f"--run-root={root}"]
