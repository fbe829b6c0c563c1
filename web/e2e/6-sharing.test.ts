// Mailboxes of others: a shared one with all rights, and a colleague's folder to read.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, env, launch, other, send, shot, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let anna: Visit;
const gatepost = (...words: string[]) => execFileSync(env('GP_BINARY'), ['--config', env('GP_CONFIG'), ...words], { stdio: 'pipe' });
const office = (): string => `office@${env('GP_DOMAIN')}`;

beforeAll(async () => {
  gatepost('account', 'add', office(), '--name', 'Front Office', '--kind', 'shared');
  gatepost('account', 'set', user(), 'name=Anna Berg', 'title=Harbour master', 'company=The Port', 'phone=+49 40 5550');
  gatepost('acl', 'set', office(), user(), 'lrswipkxte');
  gatepost('acl', 'set', other(), user(), 'lr', '--folder', 'INBOX');
  await send(
    { to: office(), from: 'Nora Falk <nora@elsewhere.example>', subject: 'Offer for the roof', headers: ['Content-Type: multipart/mixed; boundary="b"'], raw: ['--b', 'Content-Type: text/plain; charset=utf-8', '', 'The figures are in the file.', '--b', 'Content-Type: text/csv; name="roof.csv"', 'Content-Disposition: attachment; filename="roof.csv"', '', 'tiles,4200', '--b--'].join('\r\n') },
    { to: office(), from: 'Paul Brandt <paul@elsewhere.example>', subject: 'Keys of the hall', text: 'Who has them?' },
    { to: office(), from: 'Ida Moser <ida@elsewhere.example>', subject: 'For Anna herself', text: 'Please pass this on to her.' },
    { to: other(), from: 'Rosa Keller <rosa@elsewhere.example>', subject: 'Only to be read', text: 'Bert lets Anna see this.' },
  );
  browser = await launch();
  anna = await visit(browser);
});
afterAll(async () => {
  await browser?.close();
});

const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();
const composer = (page: Page) => page.locator('.composer');
const folder = (page: Page, account: string, name: string) => page.locator('nav ul').and(page.getByRole('list', { name: account, exact: true })).getByRole('link', { name, exact: false }).first();

it('shows what others share below the own folders', async () => {
  const { page } = anna;
  await signIn(page);
  await folder(page, office(), 'Inbox').click();
  await row(page, 'Offer for the roof').click();
  await page.locator('article', { hasText: 'The figures are in the file.' }).waitFor();
  await shot(page, 'shared-mailbox');
  await accessible(page, 'a shared mailbox');
  // The address of the page says which account it is: it opens there again.
  await page.reload();
  await page.locator('article', { hasText: 'The figures are in the file.' }).waitFor();
  await row(page, 'Keys of the hall').waitFor();
});

it('answers and passes on from there, with its files', async () => {
  const { page } = anna;
  await page.keyboard.press('f');
  await composer(page).locator('.files li', { hasText: 'roof.csv' }).waitFor();
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${other()},`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await expect.poll(() => composer(page).count()).toBe(0);
  const bert = await visit(browser);
  await signIn(bert.page, '2');
  await row(bert.page, 'Fwd: Offer for the roof').click();
  await bert.page.locator('section[aria-label="1 attachment"]', { hasText: 'roof.csv' }).waitFor();
  // Who the sender is.
  await bert.page.getByRole('button', { name: 'About Anna Berg' }).click();
  const card = bert.page.getByRole('dialog', { name: 'Anna Berg' });
  await card.getByText('Harbour master, The Port').waitFor();
  await card.getByText('In your directory').waitFor();
  await shot(bert.page, 'person-card');
  await accessible(bert.page, 'a card');
  await bert.page.keyboard.press('Escape');
  await expect.poll(() => card.count()).toBe(0);
  expect(bert.complaints).toEqual([]);
  await bert.context.close();
  // Everybody who reads the shared mailbox sees that it was passed on.
  await row(page, 'Offer for the roof').locator('.line.two > .icon').waitFor();
});

it('moves within it, and to the own folders', async () => {
  const { page } = anna;
  await row(page, 'Keys of the hall').click();
  await page.locator('article', { hasText: 'Who has them?' }).waitFor();
  await page.keyboard.press('e');
  await expect.poll(() => row(page, 'Keys of the hall').count()).toBe(0);
  await folder(page, office(), 'Archive').click();
  await row(page, 'Keys of the hall').waitFor();
  await folder(page, office(), 'Inbox').click();
  await row(page, 'For Anna herself').click();
  await page.locator('article', { hasText: 'Please pass this on to her.' }).waitFor();
  await page.keyboard.press('v');
  const dialog = page.getByRole('dialog', { name: 'Move to' });
  await dialog.getByRole('heading', { name: user() }).waitFor();
  await accessible(page, 'moving to another account');
  await dialog.locator('li', { has: page.getByRole('heading', { name: user() }) }).getByRole('button', { name: 'Inbox' }).click();
  await page.getByText(`1 message moved to Inbox (${user()})`).waitFor();
  await expect.poll(() => row(page, 'For Anna herself').count()).toBe(0);
  await page.locator('nav a', { hasText: 'Inbox' }).first().click();
  await row(page, 'For Anna herself').waitFor();
});

it('only reads where it may only read', async () => {
  const { page } = anna;
  await folder(page, other(), 'Inbox').click();
  await row(page, 'Only to be read').click();
  await page.locator('article', { hasText: 'Bert lets Anna see this.' }).waitFor();
  expect(await page.getByRole('button', { name: 'Delete', exact: true }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Archive', exact: true }).count()).toBe(0);
  await page.keyboard.press('#');
  await page.waitForTimeout(300);
  await row(page, 'Only to be read').waitFor();
  // Searching looks in the account that is shown.
  await page.locator('#search').fill('rosa');
  await page.keyboard.press('Enter');
  await row(page, 'Only to be read').waitFor();
  expect(new URL(page.url()).hash).toContain('#/s@');
  await page.locator('nav a', { hasText: 'Inbox' }).first().click();
});

it('shares a folder with a colleague, and stops it', async () => {
  const { page } = anna;
  await page.locator('nav a', { hasText: 'Archive' }).first().hover();
  await page.getByRole('button', { name: 'More: Archive' }).first().click();
  await page.getByRole('menuitem', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share “Archive”' });
  await dialog.getByText('Nobody else sees this folder.').waitFor();
  await dialog.getByRole('combobox', { name: 'Name or address of a colleague' }).fill('user2');
  await dialog.getByRole('option', { name: other() }).waitFor();
  await page.keyboard.press('Enter');
  const rights = dialog.getByLabel(`What ${other()} may do`);
  await expect.poll(() => rights.inputValue()).toBe('reader');
  await rights.selectOption('Change');
  await expect.poll(() => rights.isEnabled()).toBe(true);
  await expect.poll(() => rights.inputValue()).toBe('editor');
  await shot(page, 'share-folder');
  await accessible(page, 'sharing a folder');
  await page.keyboard.press('Escape');
  await page.locator('nav a', { hasText: 'Archive' }).first().getByText('Shared with others').waitFor();
  const bert = await visit(browser);
  await signIn(bert.page, '2');
  await folder(bert.page, user(), 'Archive').click();
  await page.getByRole('button', { name: 'More: Archive' }).first().click();
  await page.getByRole('menuitem', { name: 'Share' }).click();
  await dialog.getByRole('button', { name: `Remove ${other()}` }).click();
  await dialog.getByText('Nobody else sees this folder.').waitFor();
  await page.keyboard.press('Escape');
  await bert.page.reload();
  await bert.page.locator('nav a', { hasText: 'Inbox' }).first().waitFor();
  await expect.poll(() => bert.page.getByRole('list', { name: user(), exact: true }).count()).toBe(0);
  await bert.context.close();
});

it('completes addresses from the directory', async () => {
  const { page } = anna;
  await page.keyboard.press('c');
  await composer(page).getByRole('combobox', { name: 'To' }).fill('front');
  await composer(page).getByRole('option', { name: /Front Office/ }).click();
  await composer(page).locator('.chip', { hasText: 'Front Office' }).waitFor();
  await page.getByRole('button', { name: 'Discard the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard the draft' }).click();
  await expect.poll(() => composer(page).count()).toBe(0);
});

it('follows news in a shared mailbox, and its being taken away', async () => {
  const { page } = anna;
  await send({ to: office(), from: 'Late <late@elsewhere.example>', subject: 'News for the office', text: 'x' });
  await folder(page, office(), 'Inbox').locator('.count', { hasText: '1' }).waitFor();
  gatepost('acl', 'delete', other(), user(), '--folder', 'INBOX');
  await page.reload();
  await page.getByRole('list', { name: office(), exact: true }).waitFor();
  await expect.poll(() => page.getByRole('list', { name: other(), exact: true }).count()).toBe(0);
  expect(anna.strays).toEqual([]);
  expect(anna.complaints).toEqual([]);
});
