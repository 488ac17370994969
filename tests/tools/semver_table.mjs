// Writes tests/data/semver.tsv: what npm's own `semver` package says of ranges and versions.
//
//   npm install --prefix DIRECTORY semver
//   node tests/tools/semver_table.mjs DIRECTORY > tests/data/semver.tsv
//
// Rows, with tabs between: "range RANGE VERSION yes|no|invalid" (of the range), "order A B <|=|>",
// "version TEXT NORMAL|invalid". White space in texts is written as \t and \n.
import {createRequire} from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(path.resolve(process.argv[2]), 'node_modules', 'x.js'));
const semver = require('semver');

// The same table every time: mulberry32.
let state = 20261129;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const chance = share => random() < share;
const pick = list => list[Math.floor(random() * list.length)];

const identifiers = ['alpha', 'beta', 'rc', 'next', '0', '1', '2', '10', '11', 'x-1', 'A', 'a1',
  '-'];
function prerelease() {
  return Array.from({length: pick([1, 1, 2, 2, 3])}, () => pick(identifiers)).join('.');
}
const number = () => pick([0, 0, 0, 1, 1, 2, 3, 4, 10, 12]);
function version() {
  let text = `${number()}.${number()}.${number()}`;
  if (chance(0.35)) text += `-${prerelease()}`;
  if (chance(0.08)) text += `+${pick(['build', '5', 'sha.0f1', '001'])}`;
  return text;
}
function partial() {
  const form = random();
  if (form < 0.45) return version();
  const part = () => (chance(0.12) ? pick(['x', 'X', '*']) : number());
  if (form < 0.65) return `${part()}`;
  if (form < 0.85) return `${part()}.${part()}`;
  return `${part()}.${part()}.${part()}` + (chance(0.1) ? `-${prerelease()}` : '');
}
const operators = ['', '', '^', '^', '^', '~', '~', '~>', '>', '>=', '>=', '<', '<=', '='];
function comparator() {
  const prefix = chance(0.03) ? pick(['v', '=', 'v=', '==']) : '';
  return pick(operators) + (chance(0.1) ? ' ' : '') + prefix + partial();
}
function alternative() {
  const form = random();
  if (form < 0.15) return `${partial()}${pick([' - ', '  -  ', ' - '])}${partial()}`;
  if (form < 0.7) return comparator();
  if (form < 0.95) return `${comparator()} ${comparator()}`;
  return pick(['', '*', 'x', ' ', '>=0.0.0', '<0.0.0-0']);
}
function range() {
  const all = [alternative()];
  while (chance(0.2) && all.length < 4) all.push(alternative());
  return all.join(pick(['||', ' || ', ' ||']));
}

const odd = [
  'latest', 'next', '1.2.3.4', '01.2.3', '1.02.3', '1.2.03', '^', '~', '>', '<=', '> ', '^ 1',
  '~> 1.2',
  '>=1.2.3<2', '1 2', '1.2.3 || latest', '||', '|| 1', '1 ||', '1.2.3 - ', ' - 1.2.3',
  '1 - 2 - 3',
  '1-2', '1.2-beta', '1.2.3-', '1.2.3-01', '1.2.3-0a', '1.2.3+', '1.2.3-a..b', '1.2.3-é', '1..2',
  '.1', '1.', '>>1', '=>1', '><1', '^^1', '~^1', '!1', '1,2', 'v1', 'V1', 'vv1', 'vv1.2.3',
  '=v1.2.3',
  '==1.2.3', '>==1.2', '>=v1.2.3', '^=1.2.3', '~=1', '*.1', 'x.x', '1.x.3', '1.*.*', '1.2.x-beta',
  '^9007199254740991', '^9007199254740992', '9007199254740991.0.0', '>9007199254740991', '-1',
  '1.-1',
  '\t^1.2', '^1.2\n', '^1.2.3+build', '>=1.2.3+a <2', '=1.2.3 - 2.0.0', 'v1.2.3 - v2',
  '1.2.3 - =2.0.0',
  '=*', '>=*', '<*', '>*', '<=*', '^*', '~*', '~>x', 'v', '=', '>=', 'a.b.c', '1.2.3 a',
  '1.2.3 -2',
  '1.2.3 -beta', '^0', '^0.0', '^0.0.0', '^0.0.x', '~0', '~0.0', '^0.1', '^0-beta', '1 .2',
  '^1.2 .3',
];

const clean = text => text.replaceAll('\t', '\\t').replaceAll('\n', '\\n');
function verdict(text, candidate) {
  try {
    return new semver.Range(text).test(candidate) ? 'yes' : 'no';
  } catch {
    return 'invalid';
  }
}
function row(...cells) {
  process.stdout.write(cells.map(clean).join('\t') + '\n');
}

// Versions near what a range is about, or most of the answers would be "no".
function near(text) {
  const found = text.match(/\d+(\.\d+)?(\.\d+)?(-[0-9A-Za-z.-]+)?/g);
  if (!found || chance(0.2)) return version();
  const parts = pick(found).split('-')[0].split('.').map(Number);
  while (parts.length < 3) parts.push(number());
  if (chance(0.7)) {
    const at = pick([0, 1, 2]);
    parts[at] = Math.max(0, parts[at] + pick([-1, 1, 1, 2]));
    if (chance(0.5)) parts.fill(0, at + 1);
  }
  const whole = pick(found);
  if (chance(0.15) && semver.valid(whole)) return semver.valid(whole);
  return parts.join('.') + (chance(0.3) ? `-${prerelease()}` : '');
}

for (const text of odd) {
  for (const candidate of ['0.0.0', '1.2.3', '1.2.4-beta', '2.0.0', near(text)]) {
    if (semver.valid(candidate)) row('range', text, candidate, verdict(text, candidate));
  }
}
for (let i = 0; i < 3000; ++i) {
  const text = range();
  const candidate = near(text);
  if (semver.valid(candidate)) row('range', text, candidate, verdict(text, candidate));
}
for (let i = 0; i < 600; ++i) {
  const a = version();
  const b = chance(0.5) ? near(a) : version();
  if (semver.valid(a) && semver.valid(b)) row('order', a, b, '<=>'[semver.compare(a, b) + 1]);
}
const texts = [...odd, ...Array.from({length: 200}, version), ' 1.2.3 ', 'v1.2.3', ' v1.2.3-a+b',
  '=1.2.3',
  '9007199254740991.9007199254740991.9007199254740991', '9007199254740992.0.0',
  '1.2.3-' + 'a'.repeat(300)];
for (const text of texts) row('version', text, semver.valid(text) ?? 'invalid');
