// An initial password is replaced at the sign-in page; one's own in the settings.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, address, env, launch, shot, visit } from './browser';

let browser: Browser;
const initial = 'from the help desk 1';
const own = 'a quite good password 7';
const hal = (): string => `hal@${env('GP_DOMAIN')}`;

async function typePassword(page: Page, password: string): Promise<void> {
  await page.goto(address());
  await page.locator('input[name=username]').fill(hal());
  await page.locator('input[name=password]').fill(password);
  await page.locator('button.primary').click();
}

beforeAll(async () => {
  execFileSync(env('GP_BINARY'), ['--config', env('GP_CONFIG'), 'account', 'add', hal(), '--must-change', '--password-stdin'], { stdio: 'pipe', input: initial + '\n' });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

it('is replaced at the sign-in page when somebody else has set it', async () => {
  const { page, context, complaints } = await visit(browser);
  await typePassword(page, initial);
  await page.getByText('This password was set for you.').waitFor();
  await shot(page, 'password-initial');
  await accessible(page, 'the new password');
  await page.locator('input[name=new]').fill(own);
  await page.locator('input[name=again]').fill('something else');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('The two are not the same.').waitFor();
  await page.locator('input[name=new]').fill('password1');
  await page.locator('input[name=again]').fill('password1');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('This password is not taken').waitFor();
  await page.locator('input[name=new]').fill(own);
  await page.locator('input[name=again]').fill(own);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.locator('#list').waitFor();
  await context.close();
  expect(complaints.filter((c) => !/status of 40[01]|ERR_HTTP2_PROTOCOL_ERROR/.test(c))).toEqual([]);
});

it('is changed in the settings', async () => {
  const { page, context } = await visit(browser);
  await typePassword(page, own);
  await page.locator('#list').waitFor();
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.locator('input[name=own-current]').scrollIntoViewIfNeeded();
  await page.locator('input[name=own-current]').fill('wrong');
  await page.locator('input[name=own-new]').fill('another good password 8');
  await page.locator('input[name=own-again]').fill('another good password 8');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Address or password is wrong.').waitFor();
  await page.locator('input[name=own-current]').fill(own);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Your password is changed.').waitFor();
  await shot(page, 'password-settings');
  await accessible(page, 'the changed password');
  await page.reload();
  await page.locator('#list').waitFor();
  await context.close();
});
