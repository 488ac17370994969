"""The floor: floor.cpp, one recv and one send a request. Each file has a port of its own."""

import os
import urllib.parse

from peer import Peer  # first: it says where the modules of the end-to-end tests are

from harness import SOURCE


class Floor(Peer):
    name = "floor"
    protocols = ("h1",)
    is_cache = False
    program = os.environ.get(
        "SELVEDGE_FLOOR", str(SOURCE / "build" / "release" / "bench" / "selvedge_floor")
    )

    def command(self) -> list[str]:
        self._paths = sorted(path for path in self.files.rglob("*") if path.is_file())
        if len(self._paths) > 64:
            raise ValueError("the floor serves a few files, each on a port of its own")
        return [self.program, *map(str, self._paths)]

    def ports_to_await(self) -> list[int]:
        return []

    def _is_up(self) -> bool:
        return super()._is_up() and len(self.output().split()) == len(self._paths)

    def url(self, protocol: str, path: str) -> str:
        if protocol not in self.protocols:
            raise ValueError(f"{self.name} does not speak {protocol}")
        file = self.files / urllib.parse.urlsplit(path).path.lstrip("/")
        port = self.output().split()[self._paths.index(file)]
        return f"http://127.0.0.1:{port}{path}"
