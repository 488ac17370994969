// Asks for the page's assets again and shows what the node says about each answer.
import "/acme-ui/2.3.1/index.js";

const assets = [
  "/acme-tokens/1.5.0/tokens.css",
  "/acme-tokens/1.5.0/icons.svg",
  "/acme-ui/2.3.1/button.js",
  "/acme-ui/2.3.1/card.css",
  "/acme-ui/2.3.1/tabs.js",
  "/acme-ui/index.json",
];

async function ask(path) {
  performance.clearResourceTimings();
  // The browser's own cache must stay out of it: what counts here is the node's answer.
  const response = await fetch(path, { cache: "no-store" });
  const body = await response.arrayBuffer();
  const timing = performance.getEntriesByType("resource").find((entry) => entry.name === response.url);
  return [
    path,
    timing?.nextHopProtocol || "?",
    String(body.byteLength),
    response.headers.get("age") ?? "-",
    response.headers.get("cache-status") ?? "-",
  ];
}

async function refresh() {
  const rows = [];
  for (const path of assets) {
    const row = document.createElement("tr");
    for (const text of await ask(path)) row.insertCell().textContent = text;
    rows.push(row);
  }
  document.querySelector("#answers").replaceChildren(...rows);
}

document.querySelector("#again").addEventListener("click", refresh);
refresh();
