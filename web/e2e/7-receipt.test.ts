// Somebody wants to know that a message was read: the reader is asked, once, and nothing goes out by itself.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, launch, other, send, shot, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let v: Visit;
const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();
const ask = (page: Page) => page.getByRole('group', { name: /asks for a confirmation/ });

beforeAll(async () => {
  const headers = [`Disposition-Notification-To: ${other()}`];
  await send(
    { to: user(), from: other(), subject: 'Terms of the lease', text: 'Please confirm that you have seen the terms.', headers },
    { to: user(), from: other(), subject: 'Keys of the boathouse', text: 'They hang behind the door.', headers },
    { to: user(), from: other(), subject: 'Nothing to confirm', text: 'Just a greeting.' },
  );
  browser = await launch();
  v = await visit(browser);
  await signIn(v.page);
});
afterAll(async () => {
  await browser?.close();
});

it('is sent when the reader says so, and asked for no more', async () => {
  const { page } = v;
  await row(page, 'Terms of the lease').click();
  await ask(page).getByText(other()).waitFor();
  await shot(page, 'receipt');
  await accessible(page, 'receipt');
  await ask(page).getByRole('button', { name: 'Send confirmation' }).click();
  await page.getByText('The confirmation is on its way').waitFor();
  await expect.poll(() => ask(page).count()).toBe(0);
  await page.reload();
  await page.locator('article', { hasText: 'Please confirm that you have seen the terms.' }).waitFor();
  expect(await ask(page).count()).toBe(0);

  const sender = await visit(browser);
  await signIn(sender.page, '2');
  await row(sender.page, 'Read: Terms of the lease').click();
  await sender.page.getByText('This does not say that it was read or understood.').first().waitFor();
  expect(await row(sender.page, 'Read: Keys of the boathouse').count()).toBe(0);
  await sender.context.close();
});

it('is not sent when he says no, and asked for no more either', async () => {
  const { page } = v;
  await row(page, 'Keys of the boathouse').click();
  await ask(page).getByRole('button', { name: 'Don’t send' }).click();
  await expect.poll(() => ask(page).count()).toBe(0);
  await row(page, 'Nothing to confirm').click();
  await page.locator('article', { hasText: 'Just a greeting.' }).waitFor();
  expect(await ask(page).count()).toBe(0);
  expect(v.strays).toEqual([]);
  expect(v.complaints).toEqual([]);
});
