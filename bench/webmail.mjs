#!/usr/bin/env node
// What the webmail costs in a browser: octets of a first view, time until it can be used on a slow processor, and frames while a large
// folder is scrolled, from Chromium's own trace.
//
//   bench/webmail.mjs [--messages 1000000] [--slowdown 4] [--rounds 5] [--seconds 5] [--keep DIR] [--only first,scroll] [--explain] [--json]
//
// Starts a server of its own on fresh data (script/server --no-build: build first), fills the mailbox by `gatepost account import`, and opens
// build/web in Debian's chromium. --keep DIR: data that stays for the next run, which fills nothing. Times by the clock mean something only on
// a machine that does nothing else (the load average is told with them); processor time of the page's main thread does on any. --explain
// names what that was spent with.
import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { once } from 'node:events';
import { frames, spent, traced } from './webmail_trace.mjs';

const top = resolve(new URL('.', import.meta.url).pathname, '..');
const { chromium } = createRequire(join(top, 'web/package.json'))('playwright-core');
const { values: options } = parseArgs({
  options: { messages: { type: 'string', default: '1000000' }, slowdown: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' }, keep: { type: 'string' }, only: { type: 'string', default: 'first,scroll' }, explain: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
const messages = Number(options.messages);
const slowdown = Number(options.slowdown);
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

// Some 500 octets each, a minute apart from one another; one in four is unread, and one in ten answers the one before it.
const WORDS = 'plan garden invoice meeting photos autumn report tickets weekend draft budget train holiday minutes question offer'.split(' ');
const word = (n) => WORDS[(n * 2654435761) % WORDS.length];
function message(i, to) {
  const when = new Date(Date.UTC(2026, 10, 26, 10) - (messages - i) * 60_000);
  const day = when.toUTCString();
  const reply = i % 10 === 9;
  const about = reply ? i - 1 : i;
  return `From a@x ${day.slice(0, 3)} ${day.slice(8, 11)} ${day.slice(5, 7)} ${day.slice(17, 25)} ${day.slice(12, 16)}
From: ${word(i)} ${word(i + 7)} <s${i % 97}@x.example>
To: ${to}
Subject: ${reply ? 'Re: ' : ''}The ${word(about)} of the ${word(about + 3)} and number ${about}
Message-ID: <${i}@x>
${reply ? `In-Reply-To: <${i - 1}@x>\nReferences: <${i - 1}@x>\n` : ''}${i % 4 ? 'Status: RO\n' : ''}Date: ${day.replace('GMT', '+0000')}

Hello, this is about the ${word(i)} and the ${word(i + 5)}, of which we spoke. There is a ${word(i + 9)} that waits, and I should be glad of an answer before the week is over.

`;
}
async function writeMbox(path, to) {
  const out = createWriteStream(path);
  for (let i = 0; i < messages; ++i) if (!out.write(message(i, to))) await once(out, 'drain');
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

// A page of its own with a processor that is slower by `rate`.
async function open(context, address, rate) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate });
  const go = async () => {
    await page.goto(address);
    return page.waitForFunction(() => window.listed, undefined, { timeout: 120_000 }).then((h) => h.jsonValue());
  };
  return { page, cdp, go };
}

// To be traced costs time itself: what is timed is not traced.
async function firstView(context, address, rate, trace) {
  const { page, cdp, go } = await open(context, address, rate);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  let ms = 0;
  const view = async () => (ms = await go());
  const events = trace ? await traced(cdp, view) : (await view(), []);
  await page.close();
  return { ms, events };
}

// How people get through a list. Each runs for some seconds and says at the end which part of the list is in view.
const WAYS = {
  async wheel(page, until) {
    while (Date.now() < until) {
      await page.mouse.wheel(0, 120);
      await page.waitForTimeout(14);
    }
  },
  // As fast as one can turn it: most rows are never there.
  async fling(page, until) {
    while (Date.now() < until) {
      await page.mouse.wheel(0, 2400);
      await page.waitForTimeout(14);
    }
  },
  // The bar is held and pulled slowly through the whole of the list, and lies still now and then.
  async bar(page, until, box) {
    // Below the arrow at its upper end.
    const [x, from, to] = [box.x + box.width - 5, box.y + 19, box.y + box.height - 19];
    await page.mouse.move(x, from);
    await page.mouse.down();
    const begun = Date.now();
    for (let i = 0; Date.now() < until; ++i) {
      await page.mouse.move(x, from + ((Date.now() - begun) / (until - begun)) * (to - from));
      await page.waitForTimeout(i % 40 === 39 ? 400 : 14);
    }
    await page.mouse.up();
  },
  async keys(page, until) {
    while (Date.now() < until) {
      await page.keyboard.press('ArrowDown');
      await page.waitForTimeout(14);
    }
  },
  async pages(page, until) {
    await page.locator('#list').focus();
    while (Date.now() < until) {
      await page.keyboard.press('PageDown');
      await page.waitForTimeout(60);
    }
  },
};

async function scroll(context, address, rate) {
  const { page, cdp, go } = await open(context, address, rate);
  const out = {};
  for (const [name, way] of Object.entries(WAYS)) {
    await page.goto('about:blank');
    await go();
    await page.waitForTimeout(1500);
    const box = await page.locator('#list').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const events = await traced(cdp, () => way(page, Date.now() + Number(options.seconds) * 1000, box));
    await page.locator('#list [data-row]').first().waitFor({ timeout: 5000 }).catch(() => undefined);
    const reached = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll('#list [data-row]')].map((e) => Number(e.ariaPosInSet ?? e.getAttribute('aria-posinset')))));
    out[name] = { reached, ...frames(events) };
    if (options.explain) console.error(name, rate, spent(events).slice(0, 16));
  }
  await page.close();
  return out;
}

// The last message is in view after the key End, and nothing is missing of it.
async function toTheEnd(context, address) {
  const { page, go } = await open(context, address, 1);
  await go();
  await page.locator('#list').focus();
  await page.keyboard.press('End');
  const begun = Date.now();
  await page.waitForFunction(() => {
    const box = document.getElementById('list').getBoundingClientRect();
    const last = [...document.querySelectorAll('#list [data-row]')].find((e) => e.getAttribute('aria-posinset') === e.getAttribute('aria-setsize'));
    return last && Math.abs(last.getBoundingClientRect().bottom - box.bottom) < 3;
  }, undefined, { timeout: 60_000 });
  const ms = Date.now() - begun;
  await page.close();
  return ms;
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
  browser = await chromium.launch({ executablePath, ignoreDefaultArgs: ['--hide-scrollbars'], args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--ignore-certificate-errors'] });
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
  const box = `${address}${boxes[0] ?? ''}`;
  const result = { messages, slowdown, load_average: loadavg()[0], ...sizes() };
  if (options.only.includes('first')) {
    for (const rate of [1, slowdown]) {
      const views = [];
      for (let i = 0; i < Number(options.rounds); ++i) views.push(await firstView(context, address, rate, false));
      const { events } = await firstView(context, address, rate, true);
      const cpu = spent(events).reduce((sum, [, ms]) => sum + ms, 0);
      result[`first_view_at_${rate}`] = { listed_ms: Math.round(median(views.map((v) => v.ms))), least_ms: Math.round(Math.min(...views.map((v) => v.ms))), main_thread_cpu_ms: Math.round(cpu) };
      if (options.explain) console.error('first view', rate, spent(events).slice(0, 24));
    }
  }
  if (options.only.includes('scroll')) {
    result.end_key_ms = await toTheEnd(context, box);
    for (const rate of [1, slowdown]) for (const [name, told] of Object.entries(await scroll(context, box, rate))) result[`${name}_at_${rate}`] = told;
  }
  if (options.json) console.log(JSON.stringify(result));
  else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(20)} ${typeof value === 'object' ? Object.entries(value).map((pair) => pair.join(' ')).join(', ') : Math.round(value * 10) / 10}`);
} finally {
  await browser?.close();
  execFileSync(server, ['--stop', '--data', data], { stdio: 'ignore' });
  if (!options.keep) rmSync(data, { recursive: true, force: true });
}
