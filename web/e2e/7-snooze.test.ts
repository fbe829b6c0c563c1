// Putting mail off and bringing it back.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, launch, send, shot, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let v: Visit;
const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();

beforeAll(async () => {
  await send(
    { to: user(), from: 'Harbour Office <harbour@elsewhere.example>', subject: 'Berth for the winter', text: 'The berth is yours from Monday.' },
    { to: user(), from: 'Toni Vogel <toni@elsewhere.example>', subject: 'Tickets for the concert', text: 'They are on sale next week.' },
    { to: user(), from: 'Greta Holm <greta@elsewhere.example>', subject: 'The answer you wanted', text: 'Here it is.' },
  );
  browser = await launch();
  v = await visit(browser);
  await signIn(v.page);
});
afterAll(async () => {
  await browser?.close();
});

it('takes mail out of the inbox until a time', async () => {
  const { page } = v;
  await row(page, 'Berth for the winter').click();
  await page.locator('article', { hasText: 'The berth is yours from Monday.' }).waitFor();
  await page.getByRole('toolbar').getByRole('button', { name: 'Snooze' }).click();
  await page.getByRole('menuitem', { name: 'Tomorrow afternoon' }).waitFor();
  await shot(page, 'snooze-menu');
  await accessible(page, 'snooze');
  await page.getByRole('menuitem', { name: 'Monday morning' }).click();
  await page.getByText(/1 message comes back/).waitFor();
  await expect.poll(() => row(page, 'Berth for the winter').count()).toBe(0);
  // Several at once, from the list.
  await row(page, 'Tickets for the concert').hover();
  await row(page, 'Tickets for the concert').locator('.tick').click();
  await page.getByRole('toolbar', { name: '1 selected' }).getByRole('button', { name: 'Snooze' }).click();
  await page.getByRole('menuitem', { name: 'Tomorrow morning' }).click();
  await expect.poll(() => row(page, 'Tickets for the concert').count()).toBe(0);
  await page.reload();
  await row(page, 'The answer you wanted').waitFor();
  expect(await row(page, 'Berth for the winter').count()).toBe(0);
});

it('shows what is put off and until when, and brings it back at once', async () => {
  const { page } = v;
  await page.locator('nav a', { hasText: 'Snoozed' }).click();
  await row(page, 'Tickets for the concert').locator('time.until', { hasText: /\d\d:\d\d/ }).waitFor();
  await row(page, 'Berth for the winter').click();
  await page.locator('article', { hasText: 'The berth is yours from Monday.' }).waitFor();
  await shot(page, 'snoozed');
  await accessible(page, 'snoozed mail');
  await page.getByRole('button', { name: 'Bring back now' }).click();
  await page.getByText('1 message is back').waitFor();
  await page.locator('nav a', { hasText: 'Inbox' }).first().click();
  await row(page, 'Berth for the winter').waitFor();
});

it('undoes it', async () => {
  const { page } = v;
  await row(page, 'The answer you wanted').click();
  await page.locator('article', { hasText: 'Here it is.' }).waitFor();
  await page.getByRole('toolbar').getByRole('button', { name: 'Snooze' }).click();
  await page.getByRole('menuitem', { name: 'Tomorrow morning' }).click();
  await expect.poll(() => row(page, 'The answer you wanted').count()).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await row(page, 'The answer you wanted').waitFor();
  expect(v.strays).toEqual([]);
  expect(v.complaints).toEqual([]);
});
