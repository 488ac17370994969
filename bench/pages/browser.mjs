// Pages in headless Chromium that run what the node serves, and which versions each of them got.
//   node browser.mjs JOB        JOB: a JSON file that browser.py writes
// Prints a JSON report. A page is mixed when its versions are of no set, and failed when what it
// imported does not work or a request was not answered.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { chromium } = createRequire(job.tools)("playwright-core");
const base = `http://127.0.0.1:${job.port}`;

// What a page does with its root once that is imported; "" when it works.
const uses = {
  "@shoelace-style/shoelace": async () => {
    await customElements.whenDefined("sl-button");
    const button = document.createElement("sl-button");
    document.body.append(button);
    await button.updateComplete;
    return button.shadowRoot.querySelector("button") ? "" : "sl-button does not render";
  },
  lit: async (lit) => {
    class Greeting extends lit.LitElement {
      render() {
        return lit.html`<p>${"it works"}</p>`;
      }
    }
    customElements.define("x-greeting", Greeting);
    const greeting = document.body.appendChild(document.createElement("x-greeting"));
    await greeting.updateComplete;
    return greeting.shadowRoot.textContent.includes("it works") ? "" : "nothing is rendered";
  },
  "@lit/context": async (context) => {
    const options = { context: "key", initialValue: 7 };
    const provider = new context.ContextProvider(document.body, options);
    return provider.value === 7 ? "" : "the context has no value";
  },
  "@floating-ui/dom": async (floating) => {
    const [anchor, box] = ["a", "div"].map((name) =>
      document.body.appendChild(document.createElement(name)),
    );
    const { x, y } = await floating.computePosition(anchor, box);
    return Number.isFinite(x) && Number.isFinite(y) ? "" : "no position";
  },
  bootstrap: async (bootstrap) => {
    const anchor = document.body.appendChild(document.createElement("button"));
    const tooltip = new bootstrap.Tooltip(anchor, { title: "it works", animation: false });
    tooltip.show();
    await new Promise((done) => requestAnimationFrame(done));
    return document.querySelector(".tooltip") ? "" : "no tooltip";
  },
  // It imports `color`, a CommonJS package, which no browser runs: only what it needs otherwise.
  "@carbon/themes": async () => {
    const { blue60 } = await import("@carbon/colors");
    const { spacing } = await import("@carbon/layout");
    const { fontWeights } = await import("@carbon/type");
    return blue60 === "#0f62fe" && spacing.length > 0 && fontWeights.semibold ? "" : "no tokens";
  },
};
const onlyFetched = new Set(["@carbon/themes"]);

// Runs in the page. With a map, this is what names stand for; else the closure's own.
async function walk({ root, map, fetched, use }) {
  globalThis.process = { env: { NODE_ENV: "production" } }; // as @popperjs/core expects
  let importmap = map;
  if (!importmap) {
    const answer = await fetch(`/${root}@latest/?closure`);
    if (!answer.ok) return `?closure: ${answer.status}`;
    importmap = (await answer.json()).importmap;
  }
  const script = document.createElement("script");
  script.type = "importmap";
  script.textContent = JSON.stringify(importmap);
  document.head.append(script);
  const module = fetched ? await fetch(importmap.imports[root]) : await import(root);
  return await new Function(`return ${use}`)()(module);
}

// "/NAME@VERSION/PATH", exact; else nothing.
function exactVersion(url) {
  const found = /^\/((?:@[^/@]+\/)?[^/@]+)@(\d+\.\d+\.\d+[^/]*)\//.exec(url);
  return found && { name: found[1], version: found[2] };
}

async function versionOf(response) {
  const path = decodeURIComponent(new URL(response.url()).pathname);
  if (new URL(response.url()).search === "?closure") return null;
  const location = (await response.allHeaders())["content-location"];
  return exactVersion(location ? decodeURIComponent(location) : path);
}

function setsWith(versions) {
  return Object.keys(job.sets).filter((title) =>
    versions.every(({ name, version }) => (job.sets[title][name] ?? []).includes(version)),
  );
}

const report = { pages: 0, requests: 0, cached: 0, failed: 0, mixed: 0, ambiguous: 0, moved: 0 };
Object.assign(report, { sets: {}, failures: [], mixtures: [] });

async function loadPage(context, root, isByClosure) {
  const page = await context.newPage();
  const responses = [];
  const problems = [];
  page.on("response", (response) => responses.push(response));
  page.on("requestfailed", (request) => problems.push(`${request.url()} failed`));
  page.on("pageerror", (error) => problems.push(String(error)));
  let outcome;
  try {
    await page.goto(base + job.document);
    const map = isByClosure ? null : job.importmap;
    const use = uses[root].toString();
    outcome = await page.evaluate(walk, { root, map, fetched: onlyFetched.has(root), use });
  } catch (error) {
    outcome = String(error).split("\n")[0];
  }
  if (outcome) problems.push(outcome);
  const versions = [];
  for (const response of responses) {
    if (response.url() === base + job.document) continue;
    ++report.requests;
    if (response.status() !== 200) problems.push(`${response.url()}: ${response.status()}`);
    const version = await versionOf(response);
    if (version) versions.push(version);
  }
  // Memory keeps some without asking again: all that the page has used counts.
  const used = await page.evaluate(() =>
    performance.getEntriesByType("resource").map((r) => [r.name, r.transferSize === 0]),
  );
  for (const [url, isCached] of used) {
    report.cached += isCached;
    const version = exactVersion(decodeURIComponent(new URL(url).pathname));
    if (version) versions.push(version);
  }
  await page.close();
  return { versions, problems };
}

function judge(session, root, isByClosure, { versions, problems }) {
  ++report.pages;
  const what = `${root} ${isByClosure ? "by closure" : "by selectors"}`;
  if (problems.length > 0) {
    ++report.failed;
    const text = `${what}: ${problems.slice(0, 3).join("; ")}`;
    if (report.failures.length < 10) report.failures.push(text);
  }
  const sets = setsWith(versions);
  const seen = [...new Set(versions.map(({ name, version }) => `${name}@${version}`))].sort();
  if (sets.length === 0) {
    ++report.mixed;
    if (report.mixtures.length < 5) report.mixtures.push(`${what}: ${seen.join(" ")}`);
    return;
  }
  if (sets.length > 1) return void ++report.ambiguous;
  if (session.set && session.set !== sets[0]) ++report.moved;
  session.set = sets[0];
  report.sets[sets[0]] = (report.sets[sets[0]] ?? 0) + 1;
}

async function walkAll(browser) {
  for (const root of job.roots) {
    for (const isByClosure of [true, false]) {
      const context = await browser.newContext();
      judge({}, root, isByClosure, await loadPage(context, root, isByClosure));
      await context.close();
    }
  }
}

// Sessions of one to eight pages, several side by side. Some rest before their next page for longer
// than a page lasts: what was taken back meanwhile, they lose.
async function loadMany(browser) {
  let left = job.pages;
  const drawn = (count) => Math.floor(Math.random() * count);
  async function user() {
    while (left > 0) {
      const context = await browser.newContext();
      const session = {};
      for (let pages = 1 + drawn(8); pages > 0 && left > 0; --pages) {
        --left;
        const root = job.roots[drawn(job.roots.length)];
        const isByClosure = drawn(2) === 0;
        judge(session, root, isByClosure, await loadPage(context, root, isByClosure));
        if (drawn(job.rests) === 0) await new Promise((done) => setTimeout(done, job.restMs));
      }
      await context.close();
    }
  }
  await Promise.all(Array.from({ length: job.users }, user));
}

const browser = await chromium.launch({
  executablePath: job.browser,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  await (job.pages > 0 ? loadMany(browser) : walkAll(browser));
} finally {
  await browser.close();
}
console.log(JSON.stringify(report, null, 1));
