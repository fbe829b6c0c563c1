// What a first view loads, in octets as gzip has them: the page, and what it names. The budget is 150 KB.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET = 150_000;
const folder = process.argv[2];
const page = readFileSync(join(folder, 'index.html'), 'utf8');
const names = ['index.html', 'icon.svg', ...[...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1])];
// Modules that the first one imports without waiting to be asked.
for (const name of names) {
  if (!name.endsWith('.js')) continue;
  for (const [, other] of readFileSync(join(folder, name), 'utf8').matchAll(/(?:import|from)\s*"\.\/([^"]+\.js)"/g)) {
    const path = `assets/${other}`;
    if (!names.includes(path)) names.push(path);
  }
}
let sum = 0;
for (const name of names) {
  const size = gzipSync(readFileSync(join(folder, name)), { level: 9 }).length;
  console.log(`${String(size).padStart(8)} ${name}`);
  sum += size;
}
console.log(`${String(sum).padStart(8)} of ${BUDGET}`);
if (/\sstyle=|<style|<script(?![^>]*\ssrc=)/.test(page)) throw new Error('index.html has scripts or styles of its own');
if (sum > BUDGET) throw new Error('a first view loads too much');
