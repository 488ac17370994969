#!/usr/bin/env python3
"""A browser loads a page with more than 50 assets through the node, over HTTP/2 with TLS."""

import json
import pathlib
import re
import subprocess
import tempfile

from harness import SOURCE, browser, expect, expect_equal, run_cases, wait_until
from node import Node, config_for, directory_origin

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-quic --ignore-certificate-errors"
).split()
BOXES = 40  # one style sheet and one picture each

# Every module, picture and style sheet says that it has come; the page counts them. The title
# changes when all are there.
PAGE = """<!doctype html><meta charset="utf-8"><title>loading</title>
{head}
<body>{boxes}<output id="report"></output>
<script type="module">
import "/acme/main.js";
await new Promise((done) => document.readyState === "complete" ? done() : onload = done);
const pictures = [...document.images].filter((picture) => picture.naturalWidth === 7).length;
const boxes = [...document.querySelectorAll("div")];
const styled = boxes.filter((box) => getComputedStyle(box).width === "123px").length;
const entries = performance.getEntriesByType("resource");
const protocols = [...new Set(entries.map((entry) => entry.nextHopProtocol))];
const report = {{pictures, styled, modules: globalThis.modules, assets: entries.length, protocols}};
document.querySelector("#report").textContent = JSON.stringify(report);
</script>"""

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"><circle r="3"/></svg>'
MODULE = "globalThis.modules = (globalThis.modules ?? 0) + 1;\n"


def write_site(root: pathlib.Path) -> None:
    acme = root / "acme"
    acme.mkdir()
    imports = []
    for number in range(BOXES):
        (acme / f"box{number}.css").write_text(f"#box{number} {{ width: 123px }}\n")
        (acme / f"box{number}.svg").write_text(PICTURE)
    for number in range(10):
        (acme / f"part{number}.js").write_text(MODULE)
        imports.append(f'import "./part{number}.js";\n')
    (acme / "main.js").write_text("".join(imports))
    numbers = range(BOXES)
    head = "".join(f'<link rel="stylesheet" href="/acme/box{n}.css">' for n in numbers)
    boxes = "".join(f'<div id="box{n}"><img src="/acme/box{n}.svg"></div>' for n in numbers)
    (root / "index.html").write_text(PAGE.format(head=head, boxes=boxes))


def load(url: str) -> str:
    """The document as it is when all its work is done."""
    with tempfile.TemporaryDirectory(prefix="selvedge-browser-") as profile:
        run = subprocess.run(
            [browser(), *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=20000"]
            + ["--dump-dom", url],
            capture_output=True,
            text=True,
            timeout=120,
        )
    expect_equal(run.returncode, 0, f"the browser's exit code: {run.stderr[-1000:]}")
    return run.stdout


def records_of(log: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def case_a_page_with_many_assets():
    browser()
    with tempfile.TemporaryDirectory(prefix="selvedge-site-") as directory:
        root = pathlib.Path(directory) / "site"
        root.mkdir()
        write_site(root)
        log = pathlib.Path(directory) / "access.log"
        logs = {"access": str(log), "access_format": "json"}
        with Node(config_for(directory_origin(root), logs=logs), tls=True) as node:
            document = load(node.url("/index.html", "https"))
            found = re.search(r'<output id="report">(\{.*?\})</output>', document)
            expect(found, f"the page did not report: {document[-500:]}")
            report = json.loads(found[1].replace("&quot;", '"'))
            expect_equal(report["pictures"], BOXES, "pictures that were shown")
            expect_equal(report["styled"], BOXES, "style sheets that took effect")
            expect_equal(report["modules"], 10, "modules that ran")
            expect(report["assets"] > 50, f"{report['assets']} assets")
            expect_equal(report["protocols"], ["h2"], "protocols as the browser names them")
            of_page = wait_until(
                lambda: [r for r in records_of(log) if "/acme/" in json.dumps(r)], "access records"
            )
            wait_until(lambda: len(records_of(log)) > 50, "a record for every asset")
            for record in of_page:
                version = str(record["network.protocol.version"])
                expect_equal(version.removesuffix(".0"), "2", f"protocol version in {record}")


def case_the_demo_page_works():
    browser()
    with Node(arguments=["demo", "--bundles", str(SOURCE / "config" / "demo")]) as node:
        document = load(node.url("/index.html", "https"))
        rows = re.findall(r"<tr><td>.*?</tr>", document)
        expect(len(rows) >= 6, f"the page shows {len(rows)} answers")
        for row in rows:
            expect("selvedge" in row, f"no Cache-Status of the node in {row}")
            expect("<td>h2</td>" in row, f"not over HTTP/2: {row}")


run_cases(globals())
