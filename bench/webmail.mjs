#!/usr/bin/env node
// What the webmail costs in a browser: octets of a first view, time until it can be used on a slow processor, and frames while a large
// folder is scrolled, from Chromium's own trace.
//
//   bench/webmail.mjs [--messages 1000000] [--slowdown 4] [--rounds 5] [--seconds 5] [--keep DIR] [--json]
//
// Starts a server of its own on fresh data (script/server --no-build: build first), fills the mailbox by `gatepost account import`, and opens
// build/web in Debian's chromium. --keep DIR: data that stays for the next run, which fills nothing. Times mean something only on a machine
// that does nothing else: the load average is told with them.
import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { once } from 'node:events';

const top = resolve(new URL('.', import.meta.url).pathname, '..');
const { chromium } = createRequire(join(top, 'web/package.json'))('playwright-core');
const { values: options } = parseArgs({
  options: { messages: { type: 'string', default: '1000000' }, slowdown: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' }, keep: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const messages = Number(options.messages);
const slowdown = Number(options.slowdown);
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

async function writeMbox(path, to) {
  const out = createWriteStream(path);
  for (let i = 0; i < messages; ++i) {
    const day = 1 + (i % 28);
    const text = `From a@x Thu Nov 26 10:00:00 2026\nFrom: Sender ${i % 97} <s${i % 97}@x.example>\nTo: ${to}\nSubject: Subject ${i} of some length, as they are\nMessage-ID: <${i}@x>\n${i % 4 ? 'Status: RO\n' : ''}Date: ${day} Nov 2026 10:00:00 +0000\n\nbody ${i}\n\n`;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

// Octets as gzip has them: what the page names and imports at once, and everything there is.
function sizes() {
  const folder = join(top, 'build/web');
  const packed = (name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length;
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const first = ['index.html', ...[...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1])];
  for (const name of first) {
    if (!name.endsWith('.js')) continue;
    for (const [, other] of readFileSync(join(folder, name), 'utf8').matchAll(/(?:import|from)\s*"\.\/([^"]+\.js)"/g)) {
      if (!first.includes(`assets/${other}`)) first.push(`assets/${other}`);
    }
  }
  const all = readdirSync(join(folder, 'assets')).filter((name) => statSync(join(folder, 'assets', name)).isFile());
  return { first_view_octets: first.reduce((n, name) => n + packed(name), 0), all_octets: all.reduce((n, name) => n + packed(`assets/${name}`), 0) };
}

// Notes when the first message of the list is painted, and when the page answered a question of ours again.
const WATCH = () => {
  const look = new MutationObserver(() => {
    if (!document.querySelector('#list [data-row]')) return;
    look.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.listed = performance.now())));
  });
  document.addEventListener('DOMContentLoaded', () => look.observe(document.body, { childList: true, subtree: true }));
};

async function firstView(context, address) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  await page.goto(address);
  const ms = await page.waitForFunction(() => window.listed, undefined, { timeout: 120_000 }).then((h) => h.jsonValue());
  await page.close();
  return ms;
}

async function scroll(context, address) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await page.goto(address);
  await page.waitForFunction(() => window.listed, undefined, { timeout: 120_000 });
  await page.waitForTimeout(1000);
  const events = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise((done) => cdp.once('Tracing.tracingComplete', done));
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'devtools.timeline.frame', 'disabled-by-default-devtools.timeline.frame'] } });
  const box = await page.locator('#list').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const told = page.evaluate((seconds) => new Promise((done) => {
    const gaps = [];
    let last = performance.now();
    const end = last + seconds * 1000;
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else done(gaps.slice(1));
    };
    requestAnimationFrame(frame);
  }), Number(options.seconds));
  const end = Date.now() + Number(options.seconds) * 1000;
  for (let i = 0; Date.now() < end; ++i) {
    await page.mouse.wheel(0, 240);
    // Now and then as by its bar: somewhere else altogether.
    if (i % 60 === 59) await page.locator('#list').evaluate((e, part) => (e.scrollTop = e.scrollHeight * part), (i * 7919 % 1000) / 1000);
    await page.waitForTimeout(8);
  }
  const gaps = await told;
  await cdp.send('Tracing.end');
  await complete;
  await page.close();
  const count = (name) => events.filter((e) => e.name === name).length;
  const tasks = events.filter((e) => e.name === 'RunTask' && e.dur > 16_700).length;
  return { frames_per_second: Math.round((gaps.length / gaps.reduce((a, b) => a + b, 0)) * 1000), p99_frame_ms: [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length * 0.99)], drawn: count('DrawFrame'), dropped: count('DroppedFrame'), tasks_longer_than_a_frame: tasks };
}

const data = options.keep ? resolve(options.keep) : mkdtempSync(join(tmpdir(), 'gatepost-webmail-'));
const server = join(top, 'script/server');
execFileSync(server, ['--background', '--no-build', '--data', data], { stdio: ['ignore', 'ignore', 'inherit'] });
let browser;
try {
  const env = Object.fromEntries(readFileSync(join(data, 'demo.env'), 'utf8').split('\n').filter(Boolean).map((line) => line.split('=', 2)));
  const filled = join(data, 'webmail-filled');
  if (!existsSync(filled)) {
    const mbox = join(data, 'fill.mbox');
    await writeMbox(mbox, env.GP_USER1);
    execFileSync(env.GP_BINARY, ['--config', env.GP_CONFIG, 'account', 'import', env.GP_USER1, mbox, '--format', 'mbox'], { stdio: ['ignore', 'ignore', 'inherit'] });
    rmSync(mbox);
    createWriteStream(filled).end();
  }
  const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--ignore-certificate-errors'] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, serviceWorkers: 'block', viewport: { width: 1440, height: 900 } });
  await context.addInitScript(WATCH);
  const address = `https://localhost:${env.GP_HTTPS}/`;
  const page = await context.newPage();
  await page.goto(address);
  await page.locator('input[name=username]').fill(env.GP_USER1);
  await page.locator('input[name=password]').fill(env.GP_PASS1);
  await page.locator('button.primary').click();
  await page.locator('#list [data-row]').first().waitFor({ timeout: 120_000 });
  // The folder that everything was imported into.
  const boxes = await page.locator('nav a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  await page.close();
  const listed = [];
  for (let i = 0; i < Number(options.rounds); ++i) listed.push(await firstView(context, address));
  const result = { messages, slowdown, load_average: loadavg()[0], ...sizes(), first_view_ms: Math.round(median(listed)), first_view_worst_ms: Math.round(Math.max(...listed)), ...(await scroll(context, `${address}${boxes[0] ?? ''}`)) };
  if (options.json) console.log(JSON.stringify(result));
  else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(28)} ${typeof value === 'number' ? Math.round(value * 10) / 10 : value}`);
} finally {
  await browser?.close();
  execFileSync(server, ['--stop', '--data', data], { stdio: 'ignore' });
  if (!options.keep) rmSync(data, { recursive: true, force: true });
}
