"""A real S3 server, s3rver from the npm registry, with one bucket:

    with S3Server("patterns") as store:
        store.put("a.js", b"...")

s3rver is installed once, next to the other downloads of the tests; the test skips where npm or the
registry are not there. It looks at the form of signatures of version 4 but does not compute them:
what stands in front of it at `address` does.
"""

import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

from harness import expect, require_program, skip, wait_until
from origin import Exchange, Origin
from packages import downloads

VERSION = "3.7.1"
ACCESS_KEY = SECRET_KEY = "S3RVER"  # the only account it has


def _install() -> pathlib.Path:
    """Where s3rver and what it needs are installed."""
    target = downloads() / f"s3rver-{VERSION}"
    if target.exists():
        return target
    require_program("npm")
    # Made aside and renamed: an install that was interrupted is not taken for a whole one.
    with tempfile.TemporaryDirectory(dir=target.parent) as aside:
        fresh = pathlib.Path(aside) / "s3rver"
        fresh.mkdir()
        command = ["npm", "install", "--prefix", str(fresh), "--no-audit", "--no-fund"]
        command += ["--ignore-scripts", "--loglevel=error", f"s3rver@{VERSION}"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            skip("npm install s3rver took more than 300 s")
        if run.returncode != 0:
            last_line = (run.stderr.strip().splitlines() or ["no message"])[-1]
            skip(f"npm install s3rver failed: {last_line}")
        try:
            fresh.rename(target)
        except OSError:
            expect(target.exists(), f"cannot rename {fresh} to {target}")  # others were faster
    return target


def signature(secret_key: str, method: str, path: str, fields: dict, date: str, region: str) -> str:
    """AWS Signature Version 4 of a request without a query. `fields` are those that are signed,
    with lower-case names; x-amz-content-sha256 and x-amz-date are among them."""
    names = ";".join(sorted(fields))
    lines = [method, path, ""] + [f"{name}:{fields[name]}" for name in sorted(fields)]
    request = "\n".join(lines + ["", names, fields["x-amz-content-sha256"]])
    text = "\n".join(
        ["AWS4-HMAC-SHA256", fields["x-amz-date"], f"{date}/{region}/s3/aws4_request"]
        + [hashlib.sha256(request.encode()).hexdigest()]
    )
    key = ("AWS4" + secret_key).encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def signed_fields(method: str, host: str, path: str, body: bytes, more: dict) -> dict:
    """Fields for a request with a signature: `more` and what signing adds."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    date, region = now[:8], "us-east-1"
    fields = {name.lower(): value for name, value in more.items()}
    fields |= {"host": host, "x-amz-date": now}
    fields["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
    value = signature(SECRET_KEY, method, path, fields, date, region)
    names = ";".join(sorted(fields))
    scope = f"{ACCESS_KEY}/{date}/{region}/s3/aws4_request"
    fields["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={value}"
    )
    return fields


def is_signed(exchange: Exchange) -> bool:
    """By the secret key, over what was sent, whichever access key is named."""
    form = r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d{8})/([^/]+)/s3/aws4_request, ?"
    form += r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
    match = re.fullmatch(form, exchange.fields.get("authorization", ""))
    if not match or not {"host", "x-amz-date"} <= set(match[3].split(";")):
        return False
    if exchange.fields.get("x-amz-content-sha256") != hashlib.sha256(exchange.body).hexdigest():
        return False
    fields = {name: exchange.fields.get(name, "") for name in match[3].split(";")}
    path = urllib.parse.unquote_to_bytes(exchange.target.partition("?")[0])
    path = urllib.parse.quote(path, safe="/~")
    return match[4] == signature(SECRET_KEY, exchange.method, path, fields, match[1], match[2])


def refuse(exchange: Exchange) -> None:
    body = f"<Error><Code>SignatureDoesNotMatch</Code><Key>{exchange.target}</Key></Error>".encode()
    exchange.respond(body, "Content-Type: application/xml", status="403 Forbidden")


class S3Server:
    def __init__(self, bucket: str):
        require_program("node")
        self.bucket = bucket
        self._program = _install() / "node_modules" / "s3rver" / "bin" / "s3rver.js"
        self._gate = Origin(fallback=self._check)
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="selvedge-s3-"))
        self._log = self._directory / "log"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "S3Server":
        command = ["node", str(self._program), "-d", str(self._directory / "data")]
        command += ["-a", "127.0.0.1", "-p", "0", "--configure-bucket", self.bucket]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("S3RVER_")}
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        try:
            self._port = wait_until(self._listening_port, "s3rver listens", seconds=30)
        except BaseException:
            self._stop()
            raise
        self._gate.__enter__()
        self.address = self._gate.address
        return self

    def __exit__(self, *_) -> None:
        self._gate.__exit__()
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _listening_port(self) -> int:
        text = self._log.read_text(errors="replace")
        expect(self._process.poll() is None, f"s3rver ended: {text}")
        match = re.search(r"listening on \S+:(\d+)", text)
        return int(match[1]) if match else 0

    def _check(self, exchange: Exchange) -> None:
        if not is_signed(exchange):
            return refuse(exchange)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        connection.request(exchange.method, exchange.target, exchange.body, exchange.fields)
        response = connection.getresponse()
        body = response.read()
        own = ("connection", "keep-alive", "transfer-encoding")
        lines = [f"{k}: {v}" for k, v in response.getheaders() if k.lower() not in own]
        if response.getheader("content-length") is None and response.status != 304:
            lines.append(f"Content-Length: {len(body)}")
        connection.close()
        head = "\r\n".join([f"HTTP/1.1 {response.status} {response.reason}", *lines, "", ""])
        exchange.send(head.encode("latin-1") + body)

    def put(self, key: str, body: bytes, **fields: str) -> None:
        """cache_control="..." becomes the field of the object's answers."""
        more = {name.replace("_", "-"): value for name, value in fields.items()}
        path = f"/{self.bucket}/{urllib.parse.quote(key, safe='/~')}"
        fields = signed_fields("PUT", self.address, path, body, more)
        connection = http.client.HTTPConnection(self.address, timeout=20)
        connection.request("PUT", path, body, fields)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        expect(response.status == 200, f"PUT {path}: {response.status} {text.decode()}")
