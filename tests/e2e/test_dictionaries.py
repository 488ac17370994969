#!/usr/bin/env python3
"""Who has one version of an asset gets the next as a difference (RFC 9842): other programs read it,
and Chromium does all of it by itself."""

import base64
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile

from client import Answer, curl
from harness import browser, expect, expect_equal, require_program, run_cases, wait_until
from node import Node, config_for, directory_origin

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-quic --virtual-time-budget=60000"
).split()
NAME = "acme-ui"
WITHOUT = ("br", "")  # "": while the load is critical nothing new is coded

# Loads one version and then the next. In between the browser has the time of some requests to write
# down what it has.
PAGE = """<!doctype html><meta charset="utf-8"><title>versions</title><output id="report"></output>
<script type="module">
const load = (url) => new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = url;
  script.onload = done;
  script.onerror = failed;
  document.head.append(script);
});
const hex = (bytes) =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
await load("/lib/acme-ui@1.0.0/dist/ui.js");
const first = globalThis.version;
for (let i = 0; i < 200; ++i) await (await fetch("/index.html", { cache: "no-store" })).text();
const url = new URL("/lib/acme-ui@1.0.1/dist/ui.js", location).href;
await load(url);
const timing = performance.getEntriesByName(url)[0];
const answer = await fetch(url); // the browser has it
const content = await answer.arrayBuffer();
document.querySelector("#report").textContent = JSON.stringify({
  first, second: globalThis.version, coding: answer.headers.get("content-encoding"),
  encoded: timing.encodedBodySize, decoded: timing.decodedBodySize,
  digest: hex(await crypto.subtle.digest("SHA-256", content)),
});
</script>"""


def script(version: int) -> bytes:
    """Its versions differ in a few lines; it says which one it is."""
    lines = [f"globalThis.version = '1.0.{version}';"]
    for number in range(3000):
        value = number * 7919 % 100_003 + (version if number % 500 == 0 else 0)
        lines.append(f"export{number} = (a) => a + {value};")
    return "\n".join(lines).replace("export", "globalThis.token").encode()


def available(content: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return f"available-dictionary: :{digest}:"


def node_for(root: pathlib.Path, **logs) -> Node:
    """A page at /, and the bundle below /lib/."""
    (root / "index.html").write_text(PAGE)
    for version in range(3):
        path = root / "lib" / NAME / f"1.0.{version}" / "dist" / "ui.js"
        path.parent.mkdir(parents=True)
        path.write_bytes(script(version))
    config = config_for(directory_origin(root), logs=logs or {"access_format": "off"})
    config["sites"][0]["routes"].append({
        "prefix": "/lib/", "origin": "files", "default_lifetime": "1h",
        "bundles": {"enabled": True, "integrity": "off"},
        "compression": {"enabled": True, "dictionaries": {"enabled": True}},
    })  # fmt: skip
    return Node(config, tls=True)


def get(node: Node, version: int, protocol: str = "h2", has: bytes | None = None) -> Answer:
    is_secure = protocol not in ("h1", "h2c")
    more = [] if has is None else ["-H", available(has)]
    host = f"localhost:{node.port('https' if is_secure else 'http')}" # as the browser calls it
    url = f"{'https' if is_secure else 'http'}://{host}/lib/{NAME}@1.0.{version}/dist/ui.js"
    return curl(url, protocol, "-H", "accept-encoding: br, dcz", *more)


def difference(node: Node, version: int, has: bytes) -> Answer:
    """Once it was made."""
    first = get(node, version, has=has)
    expect(first.field("content-encoding") in WITHOUT, "what the first gets")
    return wait_until(
        lambda: (a := get(node, version, has=has)).field("content-encoding") == "dcz" and a,
        "the difference is made",
        seconds=120,  # by a thread that takes what others leave
    )


def decoded(content: bytes, dictionary: bytes) -> bytes:
    require_program("zstd")
    with tempfile.NamedTemporaryFile() as file:
        file.write(dictionary)
        file.flush()
        # The digest in front is a frame that decoders skip.
        command = ["zstd", "-dcq", f"--patch-from={file.name}"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def case_the_difference_is_what_other_programs_read():
    with tempfile.TemporaryDirectory() as root, node_for(pathlib.Path(root)) as node:
        old = get(node, 0)
        expect_equal(
            old.field("use-as-dictionary"), 'match="/lib/acme-ui@*/dist/ui.js"', "what is offered"
        )
        answer = difference(node, 1, script(0))
        expect_equal(answer.field("vary"), "accept-encoding, available-dictionary", "vary")
        expect(answer.is_hit, answer.cache_status)
        expect(len(answer.body) < len(script(1)) / 50, f"{len(answer.body)} bytes")
        digest = hashlib.sha256(script(0)).digest()
        expect_equal(answer.body[:40], b"\x5e\x2a\x4d\x18\x20\0\0\0" + digest, "the header")
        expect(decoded(answer.body, script(0)) == script(1), "content")
        made = node.metric('selvedge_coding_variants_total{coding="dcz"}')
        expect_equal(made, 1, "differences that were made")


def case_cleartext_has_none():
    with tempfile.TemporaryDirectory() as root, node_for(pathlib.Path(root)) as node:
        get(node, 0)
        difference(node, 1, script(0))
        for protocol in ("h1", "h2c"):
            for _ in range(3):
                answer = get(node, 1, protocol, script(0))
                expect(answer.field("content-encoding") in WITHOUT, f"coding over {protocol}")
                expect(not answer.field("use-as-dictionary"), "nothing is offered")
                expect_equal(answer.field("vary"), "accept-encoding", "vary")


def case_after_a_purge_there_is_none():
    with tempfile.TemporaryDirectory() as root, node_for(pathlib.Path(root)) as node:
        get(node, 0)
        difference(node, 1, script(0))
        node.admin("/v1/purge", {"bundles": [NAME]})
        for _ in range(3):
            answer = get(node, 1, has=script(0))
            expect(answer.field("content-encoding") in WITHOUT, "coding")
        unknown = 'selvedge_dictionary_not_made_total{reason="unknown"}'
        wait_until(lambda: node.metric(unknown) >= 1, "it says why")


def key_digest(certificate: pathlib.Path) -> str:
    """By which the browser trusts it: behind errors that are ignored it keeps no dictionaries."""
    command = f"openssl x509 -in {certificate} -noout -pubkey | openssl pkey -pubin -outform der"
    key = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def load(node: Node, profile: str) -> str:
    """The document as it is when all its work is done."""
    trusted = key_digest(node.directory / "certificate.pem")
    url = f"https://localhost:{node.port('https')}/index.html"
    run = subprocess.run(
        [browser(), *FLAGS, f"--user-data-dir={profile}"]
        + [f"--ignore-certificate-errors-spki-list={trusted}", "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=180,
    )
    expect_equal(run.returncode, 0, f"the browser's exit code: {run.stderr[-1000:]}")
    return run.stdout


def case_chromium_loads_the_next_version_as_a_difference():
    browser()
    with (
        tempfile.TemporaryDirectory(prefix="selvedge-browser-") as profile,
        tempfile.TemporaryDirectory() as folder,
        node_for(pathlib.Path(folder)) as node,
    ):
        get(node, 0)
        difference(node, 1, script(0))
        document = load(node, profile)
        found = re.search(r'<output id="report">(\{.*?\})</output>', document)
        expect(found, f"the page did not report: {document[-500:]}")
        report = json.loads(found[1].replace("&quot;", '"'))
        expect_equal(report["first"], "1.0.0", f"the first script that ran: {report}")
        expect_equal(report["second"], "1.0.1", f"the second script that ran: {report}")
        expect_equal(report["decoded"], len(script(1)), f"bytes of content: {report}")
        expect_equal(report["digest"], hashlib.sha256(script(1)).hexdigest(), "content")
        expect(report["encoded"] < len(script(1)) / 50, f"it came as a difference: {report}")
        expect_equal(report["coding"], "dcz", f"content-encoding: {report}")


run_cases(globals())
