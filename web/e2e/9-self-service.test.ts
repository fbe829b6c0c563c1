// What people do for themselves: deleted messages, forwarding, sign-ins, their data, news of sharing; and what administrators see of it.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible as accessibleAll, administer, at, enter, gatepost, newAccount } from './administering';
import { accessible, env, launch, send, shot } from './browser';

let browser: Browser;
let config = '';
const inbox = (page: Page, text: string) => page.locator('[role=option]', { hasText: text }).first();

beforeAll(async () => {
  browser = await launch();
  config = readFileSync(env('GP_CONFIG'), 'utf8');
  appendFileSync(env('GP_CONFIG'), '\n[mailflow]\nforward_outside = []\n');
  gatepost(['reload']);
  newAccount('rita', 'Rita Holm');
  newAccount('otto', 'Otto Brandt');
  newAccount('ruth', 'Ruth Adler', 'admin');
  await send(
    ...['The harbour plan', 'Invoice 2026-118', 'Lunch on Thursday'].map((subject, i) => ({ to: at('rita'), from: `${['Mara Lindqvist', 'Port Office', 'Tom Okafor'][i]} <sender${i}@elsewhere.example>`, subject, text: `About ${subject.toLowerCase()}: see you soon.` })),
  );
});
afterAll(async () => {
  writeFileSync(env('GP_CONFIG'), config);
  gatepost(['reload']);
  await browser?.close();
});

async function settings(page: Page): Promise<void> {
  await page.locator('button.avatar').click();
  await page.getByRole('menuitem', { name: /^(Settings|الإعدادات)$/ }).click();
  await page.getByRole('dialog').waitFor();
}

it('brings back what was deleted for good', { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await enter(browser, 'rita');
  for (const subject of ['The harbour plan', 'Invoice 2026-118', 'Lunch on Thursday']) {
    await inbox(page, subject).waitFor();
    await inbox(page, subject).locator('.tick').click({ force: true });
  }
  await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  await page.locator('nav a', { hasText: 'Trash' }).click();
  await inbox(page, 'The harbour plan').waitFor();
  await page.locator('nav li', { hasText: 'Trash' }).hover();
  await page.getByRole('button', { name: 'More: Trash' }).click();
  await page.getByRole('menuitem', { name: 'Empty “Trash”' }).click();
  await page.getByRole('alertdialog').getByRole('button').last().click();
  await expect.poll(() => page.locator('[role=option]').count()).toBe(0);

  await page.locator('.head').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Recover deleted messages' }).click();
  await page.getByText('The harbour plan').first().waitFor();
  const rows = page.locator('.rows li');
  await expect.poll(() => rows.count()).toBe(3);
  await accessible(page, 'deleted messages');
  await page.getByLabel('Find by subject or sender').fill('port office');
  await expect.poll(() => rows.count()).toBe(1);
  await page.getByLabel('Find by subject or sender').fill('');
  await expect.poll(() => rows.count()).toBe(3);
  await page.getByLabel('Select: The harbour plan').check();
  await page.getByLabel('Select: Lunch on Thursday').check();
  await shot(page, 'recover');
  await accessible(page, 'deleted messages that are selected');
  // Nobody is let to make it final, unless the configuration says so.
  expect(await page.getByRole('button', { name: 'Delete for good' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Bring back' }).click();
  await page.getByText('2 messages are back in Inbox.').waitFor();
  await expect.poll(() => rows.count()).toBe(1);
  await page.getByLabel('Select: Invoice 2026-118').check();
  // The notice is there still, and above the buttons.
  const bar = (await page.locator('.bar', { hasText: 'Bring back' }).boundingBox())!;
  await expect.poll(async () => {
    const notice = await page.locator('.toast').boundingBox();
    return notice ? notice.y + notice.height : 0;
  }).toBeLessThanOrEqual(bar.y);
  await page.getByLabel('Bring back to').selectOption({ label: 'Archive' });
  await page.getByRole('button', { name: 'Bring back' }).click();
  await page.getByText('1 message is back in Archive.').waitFor();
  await page.getByText('There is nothing to bring back.').waitFor();
  await shot(page, 'recover-empty');
  await page.locator('nav a', { hasText: 'Inbox' }).click();
  await inbox(page, 'The harbour plan').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it('recovers on a phone, in Arabic', async () => {
  const { page, context, complaints } = await enter(browser, 'rita', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }, { language: 'ar' });
  // By another program.
  await page.evaluate(() => (location.hash = '#/r'));
  await page.getByText('لا يوجد ما يمكن استعادته.').waitFor();
  await shot(page, 'recover-phone');
  await accessible(page, 'deleted messages on a phone');
  expect(complaints).toEqual([]);
  await context.close();
});

it('sends all mail on, and an administrator sees and ends it', { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await enter(browser, 'rita');
  await settings(page);
  const part = page.locator('#forwarding');
  await part.getByLabel('Send all my mail on to another address').check();
  await part.getByRole('textbox', { name: 'Address' }).fill('rita@elsewhere.example');
  await part.getByRole('button', { name: 'Save' }).click();
  await part.getByText('That did not work: It has to be an address of this server.').waitFor();
  await part.getByRole('textbox', { name: 'Address' }).fill(at('otto'));
  await part.getByRole('button', { name: 'Save' }).click();
  await part.getByText('Saved.').waitFor();
  await part.getByText(`All your mail is sent on to ${at('otto')}.`).waitFor();
  await part.scrollIntoViewIfNeeded();
  await shot(page, 'forwarding');
  await accessible(page, 'forwarding');
  await send({ to: at('rita'), from: 'Tom <tom@elsewhere.example>', subject: 'To be passed on', text: 'Hello.' });
  const otto = await enter(browser, 'otto');
  await inbox(otto.page, 'To be passed on').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('nav a', { hasText: 'Inbox' }).click();
  await inbox(page, 'To be passed on').waitFor();

  const boss = await administer(browser, 'ruth', {}, {}, `people/${encodeURIComponent(at('rita'))}`);
  const panel = boss.page.getByRole('region', { name: 'Rita Holm' });
  await panel.getByText(at('otto')).waitFor();
  await panel.getByText('set up by the person').waitFor();
  await panel.getByRole('heading', { name: 'Signed in now' }).scrollIntoViewIfNeeded();
  await panel.getByText('Chrome · Linux').first().waitFor();
  await shot(boss.page, 'admin-forwarding');
  await accessibleAll(boss.page, 'a person who forwards');
  await panel.getByRole('button', { name: 'End forwarding' }).click();
  await boss.page.getByRole('alertdialog').getByRole('button', { name: 'End forwarding' }).click();
  await panel.getByText('Mail is not sent on.').waitFor();
  // An administrator may lead it anywhere.
  await panel.getByRole('button', { name: 'Set up forwarding' }).click();
  await boss.page.getByRole('dialog').getByLabel('Address').fill('rita@elsewhere.example');
  await boss.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await panel.getByText('set up here').waitFor();
  expect(JSON.parse(gatepost(['--json', 'forwarding', 'show', at('rita')]))).toMatchObject({ enabled: true, to: 'rita@elsewhere.example', set_by: 'administrator' });
  gatepost(['forwarding', 'clear', at('rita')]);
  expect([...complaints, ...otto.complaints, ...boss.complaints]).toEqual([]);
  for (const one of [context, otto.context, boss.context]) await one.close();
});

it('shows where one is signed in, and signs out everywhere else', { timeout: 120_000 }, async () => {
  const other = await enter(browser, 'rita', { userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  const { page, context, complaints } = await enter(browser, 'rita');
  await settings(page);
  const heading = page.getByRole('heading', { name: 'Where you are signed in' });
  await heading.scrollIntoViewIfNeeded();
  await page.getByText('This browser').waitFor();
  await page.getByText('Firefox · Windows').waitFor();
  await shot(page, 'sessions');
  await accessible(page, 'sessions');
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByText('Everything else is signed out.').waitFor();
  await expect.poll(() => page.getByText('Firefox · Windows').count()).toBe(0);
  await page.getByText('This browser').waitFor();
  // The other one hears of it at once, by the stream of events, or with what it asks for next.
  await other.page.reload();
  await other.page.locator('input[name=username]').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
  await other.context.close();
});

it('hands out all of one’s data', { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await enter(browser, 'rita');
  await settings(page);
  const button = page.getByRole('button', { name: 'Download all my data' });
  await button.scrollIntoViewIfNeeded();
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  expect(download.suggestedFilename()).toMatch(/^rita@.* \d{4}-\d\d-\d\d\.zip$/);
  const octets = readFileSync((await download.path())!);
  expect(octets.subarray(0, 4).toString('latin1')).toBe('PK\x03\x04');
  const names = octets.toString('latin1');
  for (const name of ['settings.json', 'mail/INBOX.mbox', 'mail/Archive.mbox']) expect(names).toContain(name);
  expect(complaints).toEqual([]);
  await context.close();
});

it('tells what others share', { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await enter(browser, 'otto');
  gatepost(['acl', 'set', at('rita'), at('otto'), 'lrs', '--folder', 'Archive']);
  await page.getByText('shares “Archive” with you.').waitFor();
  await shot(page, 'share-news');
  await accessible(page, 'news of sharing');
  await page.getByRole('button', { name: 'Open' }).click();
  await inbox(page, 'Invoice 2026-118').waitFor();
  await expect.poll(() => page.getByText('shares “Archive” with you.').count()).toBe(0);
  gatepost(['acl', 'delete', at('rita'), at('otto'), '--folder', 'Archive']);
  await page.getByText('does not share “Archive” with you any more.').waitFor();
  await page.locator('.news').getByRole('button', { name: 'Close' }).click();
  // Gone for good.
  await page.reload();
  await page.locator('#list').waitFor();
  await page.waitForTimeout(500);
  expect(await page.locator('.news').count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it('checks a domain, and shows the configuration', { timeout: 150_000 }, async () => {
  const { page, context, complaints } = await administer(browser, 'ruth', {}, {}, 'domains');
  await page.locator('main [role=row]').nth(1).click();
  await page.getByRole('heading', { name: 'DNS' }).waitFor();
  await page.locator('section.panel strong', { hasText: 'DMARC' }).waitFor({ timeout: 60_000 });
  await shot(page, 'admin-dns');
  await accessibleAll(page, 'a domain');

  await page.evaluate(() => (location.hash = '#/admin/configuration'));
  await page.getByRole('heading', { name: '[server]' }).waitFor();
  await accessibleAll(page, 'the configuration');
  await page.getByLabel('Only what the file says').check();
  await page.getByText('data_dir').first().waitFor();
  await shot(page, 'admin-configuration');
  await page.getByLabel('Only what the file says').uncheck();
  await page.getByRole('searchbox').fill('keep_removed');
  await expect.poll(() => page.locator('main section li').count()).toBeLessThan(4);
  await page.getByText('14 days').first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it('looks right turned round, in the dark, on a phone', { timeout: 150_000 }, async () => {
  const { page, context, complaints } = await enter(browser, 'rita', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }, { language: 'ar' });
  await settings(page);
  await page.getByRole('heading', { name: 'أين سجّلت الدخول' }).scrollIntoViewIfNeeded();
  await shot(page, 'sessions-phone');
  await page.getByRole('heading', { name: 'إعادة التوجيه' }).scrollIntoViewIfNeeded();
  await page.locator('#forwarding').getByRole('checkbox').first().check();
  await shot(page, 'forwarding-phone');
  await accessible(page, 'settings on a phone');
  const boss = await administer(browser, 'ruth', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }, { language: 'de', theme: 'dark' }, 'configuration');
  await boss.page.getByRole('heading', { name: '[server]' }).waitFor();
  await shot(boss.page, 'admin-configuration-phone');
  await accessibleAll(boss.page, 'the configuration on a phone');
  expect([...complaints, ...boss.complaints]).toEqual([]);
  await context.close();
  await boss.context.close();
});
