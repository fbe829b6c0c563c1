// Writing as somebody else and on behalf of somebody else: granted on the administration page, chosen in the From menu, seen by readers.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, administer, at, enter, gatepost, newAccount, row } from './administering';
import { launch, send, shot, type Visit } from './browser';

let browser: Browser;
let mia: Visit;
const mail = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();
const composer = (page: Page) => page.locator('.composer');
const from = (page: Page) => composer(page).getByLabel('From');
const chosen = (page: Page) => from(page).evaluate((s) => (s as HTMLSelectElement).selectedOptions[0]!.text);

beforeAll(async () => {
  newAccount('granter', 'Chief of Rights', 'admin');
  newAccount('mia', 'Mia Lund');
  newAccount('owen', 'Owen Reed');
  newAccount('reader', 'Ria Reader');
  gatepost(['account', 'add', at('shop'), '--name', 'The Shop', '--kind', 'shared']);
  gatepost(['group', 'add', at('crew'), at('mia'), '--name', 'The Crew']);
  gatepost(['acl', 'set', at('shop'), at('mia'), 'lrswipkxte']);
  await send({ to: at('shop'), from: 'Nora Falk <nora@elsewhere.example>', subject: 'A question for the shop', text: 'Are you open?' }, { to: at('mia'), cc: at('owen'), from: 'Paul Brandt <paul@elsewhere.example>', subject: 'To Owen and Mia', text: 'Both of you.' });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

it('is granted on the administration page', { timeout: 120_000 }, async () => {
  for (const options of [{}, { viewport: { width: 390, height: 844 } }]) {
    const { page, context, complaints } = await administer(browser, 'granter', options, {}, 'shared');
    await row(page, 'The Shop').getByRole('link').click();
    const panel = page.getByRole('region', { name: 'The Shop' });
    const list = panel.getByRole('list', { name: 'Send as' });
    if ('viewport' in options) {
      await list.getByText(at('crew')).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      await panel.getByLabel('Who may send on its behalf').scrollIntoViewIfNeeded();
      await shot(page, 'admin-send-rights-phone');
    } else {
      await panel.getByLabel('Who may send as it').fill(at('nobody'));
      await panel.getByRole('button', { name: 'Allow' }).first().click();
      await page.getByRole('status').getByText('That did not work').waitFor();
      await panel.getByLabel('Who may send as it').fill(at('crew'));
      await panel.getByRole('button', { name: 'Allow' }).first().click();
      await list.getByText('The Crew').waitFor();
      await panel.getByLabel('Who may send on its behalf').fill(at('owen'));
      await panel.getByRole('button', { name: 'Allow' }).last().click();
      await panel.getByRole('list', { name: 'Send on behalf' }).getByText('Owen Reed').waitFor();
      await panel.getByRole('button', { name: `Revoke: ${at('owen')}` }).click();
      await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
      await expect.poll(() => panel.getByText('Owen Reed').count()).toBe(0);
      await panel.getByLabel(/into its Sent folder/).check();
      await expect.poll(() => gatepost(['account', 'show', at('shop')])).toContain('copy_sent');
      await panel.getByLabel(/read and unread/).check();
      await expect.poll(() => gatepost(['account', 'show', at('shop')])).toContain('own_seen');
      await shot(page, 'admin-send-rights');
      await accessible(page, 'rights to send');
      expect(gatepost(['rights', 'list', at('shop')])).toContain(`send-as`);
    }
    expect(complaints.filter((c) => !/\b4\d\d\b/.test(c))).toEqual([]);
    await context.close();
  }
});

it('offers whoever granted it in the From menu, and says so to readers', { timeout: 150_000 }, async () => {
  gatepost(['rights', 'grant', at('owen'), 'send-on-behalf', at('mia')]);
  mia = await enter(browser, 'mia');
  const { page } = mia;
  await page.keyboard.press('c');
  await composer(page).waitFor();
  await expect.poll(() => from(page).locator('option').allTextContents()).toEqual([`Mia Lund <${at('mia')}>`, `Owen Reed <${at('owen')}> (on behalf)`, `The Shop <${at('shop')}>`]);
  await from(page).selectOption({ label: `Owen Reed <${at('owen')}> (on behalf)` });
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${at('reader')},`);
  await composer(page).getByLabel('Subject').fill('For Owen');
  await shot(page, 'compose-on-behalf');
  await accessible(page, 'writing on behalf');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await expect.poll(() => composer(page).count()).toBe(0);
  // It is in the own Sent folder.
  await page.locator('nav a', { hasText: 'Sent' }).first().click();
  await mail(page, 'For Owen').click();
  await page.locator('article', { hasText: 'sent by Mia Lund' }).waitFor();
  const reader = await enter(browser, 'reader');
  await mail(reader.page, 'For Owen').click();
  const article = reader.page.locator('article', { hasText: 'Owen Reed' });
  await article.getByText('sent by Mia Lund').waitFor();
  await shot(reader.page, 'reading-on-behalf');
  await accessible(reader.page, 'a mail on behalf');
  await reader.context.close();
});

it('answers in a shared mailbox as that mailbox, and in the own one as oneself', { timeout: 120_000 }, async () => {
  const { page } = mia;
  await page.locator('nav a', { hasText: 'Inbox' }).first().click();
  await mail(page, 'To Owen and Mia').click();
  await page.locator('article', { hasText: 'Both of you.' }).waitFor();
  await page.keyboard.press('r');
  await composer(page).waitFor();
  expect(await chosen(page)).toBe(`Mia Lund <${at('mia')}>`);
  await composer(page).getByRole('button', { name: 'Close' }).click();
  await expect.poll(() => composer(page).count()).toBe(0);

  await page.locator('nav ul').and(page.getByRole('list', { name: at('shop'), exact: true })).getByRole('link', { name: 'Inbox' }).first().click();
  await mail(page, 'A question for the shop').click();
  await page.locator('article', { hasText: 'Are you open?' }).waitFor();
  await page.keyboard.press('r');
  await composer(page).waitFor();
  expect(await chosen(page)).toBe(`The Shop <${at('shop')}>`);
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${at('reader')},`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await expect.poll(() => composer(page).count()).toBe(0);
  // Its own Sent folder has it, too, since that was asked for.
  await page.locator('nav ul').and(page.getByRole('list', { name: at('shop'), exact: true })).getByRole('link', { name: 'Sent' }).first().click();
  await mail(page, 'Re: A question for the shop').waitFor();
  const reader = await enter(browser, 'reader');
  await mail(reader.page, 'Re: A question for the shop').click();
  await reader.page.locator('article', { hasText: 'The Shop' }).waitFor();
  expect(await reader.page.getByText('sent by').count()).toBe(0);
  await reader.context.close();
});

it('is gone when the right is', { timeout: 90_000 }, async () => {
  const { page, context, complaints, strays } = mia;
  await page.keyboard.press('c');
  await composer(page).waitFor();
  await from(page).selectOption({ label: `The Shop <${at('shop')}>` });
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${at('reader')},`);
  await composer(page).getByLabel('Subject').fill('Too late');
  gatepost(['rights', 'revoke', at('shop'), 'send-as', at('crew')]);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alert').or(page.getByText(/not sent|forbidden/i)).first().waitFor();
  await composer(page).waitFor();
  await composer(page).getByRole('button', { name: 'Close' }).click();
  await page.reload();
  await page.locator('#list').waitFor();
  await page.keyboard.press('c');
  await expect.poll(() => from(page).locator('option').count()).toBe(2);
  expect(complaints).toEqual([]);
  expect(strays).toEqual([]);
  await context.close();
});
