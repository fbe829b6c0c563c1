// A browser that trusts the demo's certificate, and what every test does with it.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { deliver, type Mail } from './smtp';

export const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
export const user = (): string => env('GP_USER1');
export const other = (): string => env('GP_USER2');
export const address = (): string => `https://localhost:${env('GP_HTTPS')}/`;

export async function launch(): Promise<Browser> {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => existsSync(p));
  if (!path) throw new Error('there is no chromium');
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--ignore-certificate-errors', '--force-color-profile=srgb'] });
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  // Requests that went anywhere but to the server, and what the console complained of.
  strays: string[];
  complaints: string[];
}

export async function visit(browser: Browser, options: BrowserContextOptions = {}, settings: Record<string, unknown> = {}): Promise<Visit> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, serviceWorkers: 'block', viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  context.setDefaultTimeout(30_000);
  const strays: string[] = [];
  const complaints: string[] = [];
  await context.route(/.*/, async (route) => {
    const url = route.request().url();
    if (url.startsWith(address()) || /^(blob|data|about|chrome-extension):/.test(url)) return route.fallback();
    strays.push(url);
    return route.abort();
  });
  await context.addInitScript((choices) => {
    if (!localStorage.getItem('gatepost:settings')) localStorage.setItem('gatepost:settings', JSON.stringify(choices));
  }, { undoDelay: 0, language: 'en', ...settings });
  const page = await context.newPage();
  page.on('console', (message) => {
    // The browser notes that nobody is signed in yet.
    if (message.location().url.endsWith('/api/session')) return;
    // A request that went elsewhere was stopped, which is noted among the strays; the console says so some time later.
    if (/^https?:/.test(message.location().url) && !message.location().url.startsWith(address()) && message.text().startsWith('Failed to load resource')) return;
    if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, strays, complaints };
}

export async function signIn(page: Page, who: '1' | '2' = '1', where = address()): Promise<void> {
  await page.goto(where);
  await page.locator('input[name=username], #list').first().waitFor();
  // Signed in still.
  if ((await page.locator('#list').count()) > 0) return;
  await page.locator('input[name=username]').fill(env(`GP_USER${who}`));
  await page.locator('input[name=password]').fill(env(`GP_PASS${who}`));
  await page.locator('button.primary').click();
  await page.locator('#list').waitFor();
}

export const send = (...mails: Mail[]): Promise<void> => deliver(mails, Number(env('GP_SMTP')));

// What a client of another kind does: calls of JMAP itself, as one of the two users. Value: the arguments of the responses.
export async function jmap({ request }: BrowserContext, who: '1' | '2', using: string[], calls: [string, Record<string, unknown>][]): Promise<Record<string, unknown>[]> {
  const authorization = `Basic ${Buffer.from(`${env(`GP_USER${who}`)}:${env(`GP_PASS${who}`)}`).toString('base64')}`;
  const session = (await (await request.get(`${address()}jmap/session`, { headers: { authorization } })).json()) as { primaryAccounts: Record<string, string> };
  const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail']!;
  const answer = await request.post(`${address()}jmap/api`, {
    headers: { authorization, 'content-type': 'application/json' },
    data: { using: ['urn:ietf:params:jmap:core', ...using], methodCalls: calls.map(([name, given], i) => [name, { accountId, ...given }, String(i)]) },
  });
  const { methodResponses } = (await answer.json()) as { methodResponses: [string, Record<string, unknown>][] };
  return methodResponses.map((one) => one[1]);
}

export async function shot(page: Page, name: string): Promise<void> {
  const folder = join(env('GP_TOP'), 'build/web-shots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// By the object model: the page's policy lets no script in, and this is no part of the page.
export async function accessible(page: Page, what: string): Promise<void> {
  await page.waitForTimeout(300);
  const frame = page.mainFrame();
  await frame.evaluate(axe);
  const found = await frame.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (context: unknown, options: unknown) => Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe;
    const result = await run.run({ exclude: [['iframe']] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], iframes: false });
    return result.violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary.slice(0, 240)}`));
  });
  expect(found, what).toEqual([]);
}
