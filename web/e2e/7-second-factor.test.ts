// Signing in in two steps: set up in the settings with the picture that phones read, asked for, and demanded.
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, address, env, launch, shot, visit } from './browser';

let browser: Browser;
let codes: string[] = [];
let secret = '';
const password = 'a quite good password 7';
const fay = (): string => `fay@${env('GP_DOMAIN')}`;
const gil = (): string => `gil@${env('GP_DOMAIN')}`;

function gatepost(words: string[], input = ''): void {
  execFileSync(env('GP_BINARY'), ['--config', env('GP_CONFIG'), ...words], { stdio: 'pipe', input });
}

// RFC 6238, as a phone reckons it.
function codeOf(key: string, ahead = 0): string {
  const bits = [...key.replace(/\s/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const octets = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac('sha1', octets).update(moving).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function typePassword(page: Page, who: string): Promise<void> {
  await page.goto(address());
  await page.locator('input[name=username]').fill(who);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button.primary').click();
}

// From the settings' button, or the demand, to the recovery codes.
async function setUp(page: Page, picture: string): Promise<void> {
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.locator('input[name=current]').fill('wrong');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByText('Address or password is wrong.').waitFor();
  await page.locator('input[name=current]').fill(password);
  await page.getByRole('button', { name: 'Set up' }).click();
  const code = page.getByRole('img', { name: 'QR code for the authenticator app' });
  await code.waitFor();
  await code.scrollIntoViewIfNeeded();
  await shot(page, `${picture}-scan`);
  await accessible(page, 'the picture to scan');
  secret = (await page.locator('code.key').textContent()) ?? '';
  await page.locator('input[name=code]').fill('000');
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByText('The code is wrong').waitFor();
  await page.locator('input[name=code]').fill(codeOf(secret));
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
  codes = await page.locator('.codes code').allTextContents();
  expect(codes.length).toBe(10);
  await shot(page, `${picture}-codes`);
  await accessible(page, 'recovery codes');
  await page.getByRole('button', { name: 'I have kept them' }).click();
}

beforeAll(async () => {
  for (const who of [fay(), gil()]) gatepost(['account', 'add', who, '--password-stdin'], password + '\n');
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

it('is set up in the settings', async () => {
  const { page, context, complaints } = await visit(browser);
  await typePassword(page, fay());
  await page.locator('#list').waitFor();
  await page.getByRole('button', { name: 'Settings' }).first().click();
  const title = page.getByRole('heading', { name: 'Two-step sign-in' });
  await title.scrollIntoViewIfNeeded();
  await setUp(page, 'second-factor');
  await page.getByText('10 recovery codes are left').waitFor();
  await page.locator('input[name=device]').fill("Fay's phone");
  await page.getByRole('button', { name: 'New app password' }).click();
  await page.getByText('shown this once').waitFor();
  await page.getByText('Never used').waitFor();
  await page.locator('input[name=device]').scrollIntoViewIfNeeded();
  await shot(page, 'devices');
  await accessible(page, 'settings with a second factor and a device');
  await page.getByRole('button', { name: "Block: Fay's phone" }).click();
  await page.getByRole('button', { name: "Unblock: Fay's phone" }).waitFor();
  await page.getByRole('button', { name: "Delete: Fay's phone" }).click();
  await expect.poll(() => page.getByText('Never used').count()).toBe(0);
  // What is wrong on purpose is told by 400 and 401; streams of news end with the sign-ins they began by, and come back.
  expect(complaints.filter((c) => !/status of 40[01]|ERR_HTTP2_PROTOCOL_ERROR/.test(c))).toEqual([]);
  await context.close();
});

it('asks for the code when signing in', async () => {
  const { page, context } = await visit(browser);
  await typePassword(page, fay());
  const field = page.locator('input[name=code]');
  await field.waitFor();
  await expect.poll(() => field.evaluate((node) => node === document.activeElement)).toBe(true);
  await shot(page, 'sign-in-code');
  await accessible(page, 'the code');
  await field.fill('123');
  await page.locator('button.primary').click();
  await page.getByText('The code is wrong').waitFor();
  await field.fill(codes[0]!);
  await page.locator('button.primary').click();
  await page.locator('#list').waitFor();
  await context.close();
});

it('is demanded of who must have it', async () => {
  const { page, context } = await visit(browser, { viewport: { width: 390, height: 844 } });
  await page.route('**/api/session', async (route) => {
    // The demo demands it of nobody: what a server that does would say.
    if (secret !== '') return route.fallback();
    const answer = await route.fetch();
    const said = (await answer.json()) as { totp?: { required: boolean } };
    if (said.totp) said.totp.required = true;
    await route.fulfill({ response: answer, json: said });
  });
  secret = '';
  await typePassword(page, gil());
  await page.getByText('Two-step sign-in is required').waitFor();
  await shot(page, 'second-factor-demanded');
  await accessible(page, 'the demand');
  await setUp(page, 'second-factor-phone');
  await page.locator('#list').waitFor();
  await context.close();
});
