// Fetches many paths over one HTTP/2 connection and compares every body with a file.
// usage: node fetch_all.mjs ORIGIN ROOT LIST     LIST: one path a line, below ROOT
// Prints a line a path: its status, the word "same" or "other", the path, Cache-Status.
//
// It is here because curl 7.88 of Debian 12 cannot reuse an h2c connection with prior knowledge.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http2 from "node:http2";

const [origin, root, list] = process.argv.slice(2);
const paths = readFileSync(list, "utf8").split("\n").filter(Boolean);
const session = http2.connect(origin, { rejectUnauthorized: false });
session.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});

function target(path) {
  const parts = path.split("/").map((part) => encodeURIComponent(part).replace("%40", "@"));
  return "/" + parts.join("/");
}

function fetchOne(path) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": target(path) });
    const hash = createHash("sha256");
    let head = {};
    stream.setTimeout(30_000, () => reject(new Error(`no progress for 30 s: ${path}`)));
    stream.on("response", (fields) => (head = fields));
    stream.on("data", (chunk) => hash.update(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      const expected = createHash("sha256").update(readFileSync(`${root}/${path}`)).digest("hex");
      const verdict = hash.digest("hex") === expected ? "same" : "other";
      console.log(head[":status"], verdict, path, head["cache-status"] ?? "");
      resolve();
    });
  });
}

// Forty at a time, each taking the next path when it is done.
let next = 0;
async function worker() {
  while (next < paths.length) await fetchOne(paths[next++]);
}
try {
  await Promise.all(Array.from({ length: 40 }, worker));
  session.close();
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
