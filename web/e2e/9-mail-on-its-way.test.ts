// The administration: the queue, traces, bans, and who changed what.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { accessible, administer, at, gatepost, newAccount, row } from './administering';
import { address, env, launch, send, shot } from './browser';

let browser: Browser;
let config = '';

beforeAll(async () => {
  browser = await launch();
  newAccount('chief', 'Ines Roth', 'admin');
  newAccount('watcher', 'Omar Said', 'auditor');
  // A smart host where nobody listens: what goes out waits.
  config = readFileSync(env('GP_CONFIG'), 'utf8');
  appendFileSync(env('GP_CONFIG'), '\n[mailflow.smart_host]\nhost = "127.0.0.1"\nport = 9\n');
  gatepost(['reload']);
  gatepost(['alias', 'add', at('far'), 'guest@elsewhere.example']);
  await send({ to: at('far'), subject: 'Far away', text: 'Hello' });
});
afterAll(async () => {
  writeFileSync(env('GP_CONFIG'), config);
  gatepost(['reload']);
  await browser?.close();
});

it('shows what waits, tries it, holds it, says why, and deletes it', async () => {
  const { page, context, complaints } = await administer(browser, 'chief', {}, {}, 'queue');
  await expect
    .poll(async () => {
      await page.getByRole('button', { name: 'Refresh' }).click();
      return row(page, 'guest@elsewhere.example').count();
    }, { timeout: 30_000 })
    .toBe(1);
  await row(page, 'guest@elsewhere.example').getByRole('link').click();
  const panel = page.getByRole('region', { name: 'Message' });
  await panel.getByText('taken in').waitFor();
  await panel.getByRole('button', { name: 'Hold' }).click();
  await panel.getByRole('button', { name: 'Release' }).waitFor();
  await row(page, 'guest@elsewhere.example').getByText('Held').waitFor();
  await shot(page, 'admin-queue');
  await accessible(page, 'queue');
  await panel.getByRole('button', { name: 'Release' }).click();
  await panel.getByRole('button', { name: 'Hold' }).waitFor();
  await panel.getByRole('button', { name: 'Try now' }).click();
  await page.getByRole('status').getByText('It is tried now.').waitFor();

  await page.locator('nav').getByRole('link', { name: 'Message trace' }).click();
  await page.getByLabel('Address or number').fill('guest@elsewhere.example');
  await page.getByRole('button', { name: 'Trace' }).click();
  await page.getByText('It waits for guest@elsewhere.example').waitFor();
  await shot(page, 'admin-trace');
  await accessible(page, 'trace');

  await page.locator('nav').getByRole('link', { name: 'Queue' }).click();
  await row(page, 'guest@elsewhere.example').getByRole('link').click();
  await panel.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => row(page, 'guest@elsewhere.example').count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it('bans an address, lifts it, and notes who did', async () => {
  const { page, context, complaints } = await administer(browser, 'chief', {}, {}, 'bans');
  await page.getByRole('button', { name: 'Ban an address' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('IP address or network').fill('203.0.113.77');
  await dialog.getByLabel('Reason').fill('harvests addresses');
  await dialog.getByRole('button', { name: 'Ban an address' }).click();
  await row(page, '203.0.113.77').getByText('harvests addresses').waitFor();
  await shot(page, 'admin-bans');
  await accessible(page, 'bans');
  await page.getByRole('button', { name: 'Lift: 203.0.113.77' }).click();
  await expect.poll(() => row(page, '203.0.113.77').count()).toBe(0);

  await page.locator('nav').getByRole('link', { name: 'Changes' }).click();
  await row(page, 'ban lift').getByRole('link').click();
  const panel = page.getByRole('region', { name: 'ban lift' });
  await panel.getByText(at('chief')).waitFor();
  await panel.getByText('203.0.113.77').first().waitFor();
  await shot(page, 'admin-changes');
  await accessible(page, 'changes');
  await page.getByRole('searchbox').fill('account add');
  await row(page, at('watcher')).getByText('command line').waitFor();
  expect(await page.content()).not.toContain('gate of many posts');
  expect(complaints).toEqual([]);
  await context.close();

  const watcher = await administer(browser, 'watcher', {}, {}, 'changes');
  await row(watcher.page, 'ban add').waitFor();
  await watcher.page.locator('nav').getByRole('link', { name: 'Bans' }).click();
  await watcher.page.getByText('Nobody is banned.').waitFor();
  expect(await watcher.page.getByRole('button', { name: 'Ban an address' }).count()).toBe(0);
  await watcher.context.close();
});

it('makes a token, which a script uses until it is revoked', async () => {
  const { page, context, complaints } = await administer(browser, 'chief', {}, {}, 'tokens');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill('watch script');
  await dialog.getByRole('button', { name: 'Add' }).click();
  const token = (await dialog.locator('output').textContent())!;
  await dialog.getByRole('button', { name: 'OK' }).click();
  const script = await browser.newContext({ ignoreHTTPSErrors: true });
  const ask = (verb: string) => script.request.post(`${address()}api/admin/${verb}`, { data: {}, headers: { authorization: `Bearer ${token}` } });
  expect((await ask('status')).status()).toBe(200);
  expect((await ask('reload')).status()).toBe(403);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await row(page, 'watch script').getByText(at('chief')).waitFor();
  await expect.poll(() => row(page, 'watch script').getByText('Never used').count()).toBe(0);
  await shot(page, 'admin-tokens');
  await accessible(page, 'tokens');
  await page.getByRole('button', { name: 'Revoke: watch script' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await expect.poll(() => row(page, 'watch script').count()).toBe(0);
  expect((await ask('status')).status()).toBe(401);
  await script.close();
  expect(complaints).toEqual([]);
  await context.close();
});

it('shows the gate, the certificates, the server and its traffic', async () => {
  const { page, context, complaints } = await administer(browser, 'chief', {}, {}, 'gate');
  await row(page, 'imaps').getByText('Listens').waitFor();
  await page.getByText('gatepost gate apply --confirm 120s').waitFor();
  await shot(page, 'admin-gate');
  await accessible(page, 'gate');
  await row(page, 'imaps').getByRole('link').click();
  await page.getByRole('region', { name: /^imaps/ }).getByText('gatepost gate who').waitFor();
  await shot(page, 'admin-gate-port');

  await page.locator('nav').getByRole('link', { name: 'Certificates' }).click();
  await page.getByRole('heading', { name: 'By port' }).waitFor();
  await page.locator('main li', { hasText: 'imaps' }).first().getByText('left').waitFor();
  await shot(page, 'admin-certificates');
  await accessible(page, 'certificates');

  await page.locator('nav').getByRole('link', { name: 'Server' }).click();
  await page.locator('main li', { hasText: 'submissions' }).first().waitFor();
  await shot(page, 'admin-server');
  await accessible(page, 'server');

  await page.route('**/api/admin/maintenance/**', async (route) => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    if (route.request().url().endsWith('traffic')) {
      const span = (route.request().postDataJSON() as { within: string }).within === '1d' ? 24 : 168;
      const one = (i: number) => {
        const at = new Date(hour - (span - 1 - i) * 3_600_000);
        const n = Math.round(40 + 38 * Math.sin(((at.getUTCHours() - 8) / 24) * 2 * Math.PI));
        return { hour: at.toISOString(), covered_s: 3600, queue_peak: 1, backup_s: 0, services: { all: { sessions: 0, failed: 0, messages_in: 0, messages_out: 0, users: n, present: n } } };
      };
      return route.fulfill({ json: Array.from({ length: span }, (_, i) => one(i)).filter((_, i) => i !== 5) });
    }
    const best = [1, 2, 3].map((n) => ({ begin: new Date(hour + n * 3_600_000).toISOString(), local: '', people: { median: n, low: 0, high: 4 }, messages: { median: 2, low: 0, high: 3 }, samples: 4, same_weekday: true }));
    return route.fulfill({ json: { confidence: 'good', time_zone: 'UTC', minutes: 10, hours_counted: 600, best, now: { ...best[0], people: { median: 70, low: 50, high: 90 } } } });
  });
  await page.locator('nav').getByRole('link', { name: 'Traffic' }).click();
  await page.getByRole('img', { name: /People in each hour/ }).waitFor();
  await page.getByText('People: 70 · messages: 2').waitFor();
  expect(await page.locator('main svg rect').count()).toBe(24);
  await page.getByLabel('How far back').selectOption('7');
  await expect.poll(() => page.locator('main svg rect').count()).toBe(168);
  await shot(page, 'admin-traffic');
  await accessible(page, 'traffic');
  // As the server has it: too little for a plan.
  await page.unroute('**/api/admin/maintenance/**');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Too little has been counted').waitFor();
  expect(complaints.filter((c) => !/422/.test(c))).toEqual([]);
  await context.close();
}, 150_000);

it('shows them on a phone, in the dark and from the right', async () => {
  for (const [section, options, settings, name] of [
    ['gate', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, {}, 'phone-gate'],
    ['traffic', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, {}, 'phone-traffic'],
    ['server', { colorScheme: 'dark' }, {}, 'dark-server'],
    ['gate', { locale: 'ar' }, { language: 'ar' }, 'right-to-left-gate'],
  ] as const) {
    const one = await administer(browser, 'chief', options, settings, section);
    await one.page.locator('main h3').first().waitFor();
    await shot(one.page, `admin-${name}`);
    await accessible(one.page, name);
    expect(await one.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
    await one.context.close();
  }
}, 150_000);
