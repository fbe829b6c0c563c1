// The second start, and none of the network.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { env, launch, send, shot, signIn, user, visit } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();

// A way to the server that can be cut.
async function way(): Promise<{ address: string; cut: () => Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(Number(env('GP_HTTPS')), '127.0.0.1');
    for (const [a, b] of [[from, to], [to, from]] as const) {
      open.add(a);
      a.on('error', () => b.destroy());
      a.on('close', () => (open.delete(a), b.destroy()));
      a.pipe(b);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `https://localhost:${(server.address() as AddressInfo).port}/`,
    cut: async () => {
      const closed = new Promise((done) => server.close(done));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

it('asks for what has changed, the second time', async () => {
  const { page, context } = await visit(browser);
  await signIn(page);
  await row(page, 'Notes of Tuesday').waitFor();
  await page.waitForTimeout(500);
  await send({ to: user(), from: 'Late <late@elsewhere.example>', subject: 'While you were away', text: 'x' });
  const calls: string[][] = [];
  let octets = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/jmap/api')) calls.push((JSON.parse(request.postData() ?? '{}') as { methodCalls: [string][] }).methodCalls.map((c) => c[0]));
  });
  page.on('response', (response) => {
    if (response.url().endsWith('/jmap/api')) void response.body().then((b) => (octets += b.length)).catch(() => undefined);
  });
  await page.reload();
  await page.locator('input[name=username], #list').first().waitFor();
  if ((await page.locator('#list').count()) === 0) await signIn(page);
  await row(page, 'While you were away').waitFor();
  await row(page, 'Notes of Tuesday').waitFor();
  // News of sharing are a list of their own, which is short.
  const first = calls.find((call) => !call.includes('ShareNotification/get'));
  expect(first).toContain('Email/queryChanges');
  expect(first).toContain('Email/changes');
  // Nothing is asked for anew.
  expect(calls.flat()).not.toContain('Email/query');
  await expect.poll(() => octets).toBeGreaterThan(0);
  expect(octets).toBeLessThan(20_000);
  await context.close();
});

it('has what was further down the list, too', async () => {
  const { page, context } = await visit(browser);
  await signIn(page);
  await row(page, 'Notes of Tuesday').waitFor();
  const look = async (): Promise<void> => {
    await page.locator('#list').evaluate((e) => (e.scrollTop = 84 * 75));
    await row(page, 'Report number 50').waitFor();
  };
  await look();
  // Whatever changes: then what is known of the list is kept.
  await send({ to: user(), from: 'Late <late@elsewhere.example>', subject: 'While you looked further down', text: 'x' });
  await page.locator('#list').evaluate((e) => (e.scrollTop = 0));
  await row(page, 'While you looked further down').waitFor();
  await page.waitForTimeout(500);
  await page.reload();
  await row(page, 'Notes of Tuesday').waitFor();
  await look();
  await context.close();
});

it('reads what was read, without a network', async () => {
  const { page, context } = await visit(browser, { serviceWorkers: 'allow' });
  await context.unroute(/.*/);
  const network = await way();
  await signIn(page, '1', network.address);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await signIn(page, '1', network.address);
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await page.keyboard.press('u');
  await network.cut();
  await page.getByText('Offline', { exact: true }).waitFor();
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await page.keyboard.press('e');
  await page.getByText('No connection to the server. Nothing was changed.').waitFor();
  await row(page, 'Notes of Tuesday').waitFor();

  await page.reload();
  await page.getByText('Offline', { exact: true }).waitFor();
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await shot(page, 'offline');
  await context.close();
});

it('forgets everything when one signs out', async () => {
  const { page, context } = await visit(browser);
  await signIn(page);
  await row(page, 'Notes of Tuesday').waitFor();
  await page.getByRole('button', { name: user() }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.locator('input[name=username]').waitFor();
  await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).map((d) => d.name))).toEqual([]);
  expect(await page.locator('input[name=username]').inputValue()).toBe('');
  await context.close();
});
