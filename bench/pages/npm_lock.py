"""What npm itself makes of the versions that an origin has: `npm install --package-lock-only` with
a registry on loopback that knows these and no others."""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import urllib.parse

from packages import NoPackages, Origin

# NAME@VERSION to what it takes of each dependency, NAME to VERSION.
Closure = dict[str, set[tuple[str, str]]]


class Registry:
    """Answers GET /NAME as the npm registry does, from the packages of an origin's folder."""

    def __init__(self, origin: Origin):
        self._documents = {name: self._packument(origin, name) for name in origin.names()}
        documents = self._documents

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                name = urllib.parse.unquote(self.path.partition("?")[0]).lstrip("/")
                content = documents.get(name)
                self.send_response(404 if content is None else 200)
                content = content or b"{}"
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def _packument(self, origin: Origin, name: str) -> bytes:
        index = json.loads((origin.root / name / "index.json").read_text())
        versions = {}
        for version in index["versions"]:
            about = origin.package_json(name, version)
            kept = ("dependencies", "peerDependencies", "peerDependenciesMeta")
            versions[version] = {key: about[key] for key in kept if key in about}
            versions[version] |= {"name": name, "version": version}
            # Nobody fetches it for a lock file.
            versions[version]["dist"] = {"tarball": f"http://127.0.0.1/{name}-{version}.tgz"}
        document = {"name": name, "dist-tags": index["channels"], "versions": versions}
        return json.dumps(document).encode()

    def __enter__(self) -> "Registry":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()


class Lock:
    """The tree that npm makes for a package with these dependencies."""

    def __init__(self, registry: Registry, cache: pathlib.Path, dependencies: dict[str, str]):
        with tempfile.TemporaryDirectory(prefix="selvedge-pages-") as directory:
            folder = pathlib.Path(directory)
            about = {"name": "page", "version": "1.0.0", "dependencies": dependencies}
            (folder / "package.json").write_text(json.dumps(about))
            command = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit"]
            command += ["--no-fund", "--install-strategy=hoisted", f"--registry={registry.url}"]
            command += [f"--cache={cache}", "--prefer-online", "--loglevel=error"]
            run = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=120,
                env=os.environ | {"npm_config_update_notifier": "false"},
            )  # fmt: skip
            if run.returncode != 0:
                raise NoPackages(f"npm install {dependencies}: {run.stderr.strip()[-500:]}")
            self._places = json.loads((folder / "package-lock.json").read_text())["packages"]

    def _resolve(self, place: str, name: str) -> str | None:
        """Where Node.js finds a package that is asked for in this place."""
        while True:
            found = f"{place}/node_modules/{name}".lstrip("/")
            if found in self._places:
                return found
            if not place:
                return None
            place = place.rpartition("node_modules/")[0].rstrip("/")

    def _needs(self, place: str) -> list[str]:
        about = self._places[place]
        optional = {
            name for name, meta in about.get("peerDependenciesMeta", {}).items()
            if meta.get("optional")
        }  # fmt: skip
        peers = [name for name in about.get("peerDependencies", {}) if name not in optional]
        return [*about.get("dependencies", {}), *peers]

    def closure(self, *names: str) -> Closure:
        """Of these of its dependencies; of all when none is named."""
        names = names or tuple(self._places[""]["dependencies"])
        places = [self._resolve("", name) for name in names]
        found: Closure = {}
        seen = set(places)
        while places:
            place = places.pop()
            name = place.rpartition("node_modules/")[2]
            takes = found.setdefault(f"{name}@{self._places[place]['version']}", set())
            for need in self._needs(place):
                other = self._resolve(place, need)
                takes.add((need, self._places[other]["version"] if other else "none"))
                if other and other not in seen:
                    seen.add(other)
                    places.append(other)
        return found


def closure_of_node(document: dict) -> Closure:
    """The same of an answer to "?closure"."""
    return {
        f"{one['name']}@{one['version']}": {
            (name, version or "none") for name, version in one["dependencies"].items()
        }
        for one in document["bundles"]
    }


def difference(node: Closure, npm: Closure) -> str:
    """Empty when they are equal."""
    said = []
    for spec in sorted(node.keys() | npm.keys()):
        if spec not in npm:
            said.append(f"{spec} only by the node")
        elif spec not in node:
            said.append(f"{spec} only by npm")
        elif node[spec] != npm[spec]:
            said.append(f"{spec} takes {sorted(node[spec] - npm[spec])} by the node, "
                        f"{sorted(npm[spec] - node[spec])} by npm")  # fmt: skip
    return "; ".join(said)


def versions_of(closure: Closure) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for spec in sorted(closure):
        name, _, version = spec.rpartition("@")
        found.setdefault(name, []).append(version)
    return found
