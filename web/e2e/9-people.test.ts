// Pictures, contacts, groups by a rule and address books, in a browser.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { accessible, administer, at, enter, gatepost, newAccount, row } from './administering';
import { env, launch, send, shot, user } from './browser';

let browser: Browser;
// One red pixel (ISO/IEC 15948).
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

beforeAll(async () => {
  browser = await launch();
  newAccount('petra', 'Petra Vogt', 'admin');
  newAccount('mara2', 'Mara Lindqvist');
});
afterAll(async () => {
  await browser?.close();
});

it('shows the picture that somebody chose to others', { timeout: 120_000 }, async () => {
  const one = await enter(browser, 'mara2');
  await one.page.locator('button.avatar').click();
  await one.page.getByRole('menuitem', { name: 'Settings' }).click();
  const dialog = one.page.getByRole('dialog');
  await dialog.locator('input[type=file][accept="image/*"]').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: PNG });
  await dialog.locator('.photo img').waitFor();
  await accessible(one.page, 'a picture');
  expect(one.complaints).toEqual([]);
  await one.context.close();
  expect(gatepost(['account', 'show', at('mara2')])).toContain('image/jpeg');

  await send({ from: at('mara2'), to: user(), subject: 'From somebody with a picture', text: 'Hello' });
  const two = await enter(browser, 'petra');
  const answer = await two.page.evaluate(async (address) => {
    const session = (await (await fetch('/api/session')).json()) as { csrf: string };
    const found = await fetch('/api/photos', { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf-token': session.csrf }, body: JSON.stringify({ addresses: [address] }) });
    return ((await found.json()) as { photos: Record<string, string> }).photos[address];
  }, at('mara2'));
  expect(answer).toMatch(/^\/api\/photos\/\d+\?v=[0-9a-f]{32}$/);
  await two.page.evaluate(() => (location.hash = '#/admin/people'));
  // There may be more people than a screen shows.
  await two.page.locator('main').getByRole('searchbox').fill('mara2');
  await row(two.page, 'Mara Lindqvist').locator('img').waitFor();
  await shot(two.page, 'admin-pictures');
  await two.context.close();
});

it('makes contacts, groups by a rule and address books', { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await administer(browser, 'petra', {}, {}, 'contacts');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Add a contact' }).click();
  await dialog.getByLabel('Name').fill('Paul Partner');
  await dialog.getByLabel('Address', { exact: true }).fill('paul@partner.example');
  await accessible(page, 'adding a contact');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await row(page, 'paul@partner.example').waitFor();

  await page.evaluate(() => (location.hash = '#/admin/groups'));
  await page.getByRole('button', { name: 'Add a group' }).click();
  await dialog.getByLabel('Address', { exact: true }).fill(at('partners'));
  await dialog.getByLabel('Or a rule').fill('(objectClass=contact)');
  expect(await dialog.getByLabel('Members (addresses').count()).toBe(0);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('Its members follow from the rule').waitFor();
  await page.getByText('paul@partner.example').first().waitFor();

  await page.evaluate(() => (location.hash = '#/admin/books'));
  await page.getByRole('button', { name: 'Add an address book' }).click();
  await dialog.getByLabel('Name').fill('Partners');
  await dialog.getByLabel('For whom').fill(at('mara2'));
  await dialog.getByLabel('Whom they see').fill(`${at('partners')}, ${at('petra')}`);
  await accessible(page, 'adding an address book');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await row(page, 'Partners').waitFor();
  await shot(page, 'admin-address-books');
  expect(complaints).toEqual([]);

  const mara = await enter(browser, 'mara2');
  await mara.page.keyboard.press('c');
  const to = mara.page.getByRole('combobox', { name: 'To' }).first();
  await to.fill('paul');
  await mara.page.getByRole('option', { name: /Paul Partner/ }).waitFor();
  await to.fill(env('GP_USER2').split('@')[0]!);
  await mara.page.waitForTimeout(1000);
  expect(await mara.page.getByRole('option', { name: new RegExp(env('GP_USER2')) }).count()).toBe(0);
  await mara.context.close();

  await page.getByRole('button', { name: 'Delete: Partners' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('None: everybody sees').waitFor();
  await context.close();
});
