// Mail that is in several folders at once, as programs that copy leave it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { jmap, launch, send, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let v: Visit;
const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject });
const folder = (page: Page, name: string) => page.locator('nav a', { hasText: name }).first();
const mail = ['urn:ietf:params:jmap:mail'];

async function mailboxesOf(subject: string): Promise<string[]> {
  const [query] = await jmap(v.context, '1', mail, [['Email/query', { filter: { subject } }]]);
  const [get] = await jmap(v.context, '1', mail, [['Email/get', { ids: query!['ids'], properties: ['mailboxIds'] }]]);
  return (get!['list'] as { mailboxIds: Record<string, boolean> }[]).flatMap((e) => Object.keys(e.mailboxIds));
}
// Into the archive as well.
async function copy(subject: string): Promise<void> {
  const [query, archive] = await jmap(v.context, '1', mail, [
    ['Email/query', { filter: { subject } }],
    ['Mailbox/query', { filter: { role: 'archive' } }],
  ]);
  const id = (query!['ids'] as string[])[0]!;
  const [set] = await jmap(v.context, '1', mail, [['Email/set', { update: { [id]: { [`mailboxIds/${(archive!['ids'] as string[])[0]}`]: true } } }]]);
  expect(set!['updated'], JSON.stringify(set)).toHaveProperty(id);
}

beforeAll(async () => {
  await send(
    { to: user(), from: 'Elsa Lind <elsa@elsewhere.example>', subject: 'A copy of the lease', text: 'Here is the lease.' },
    { to: user(), from: 'Elsa Lind <elsa@elsewhere.example>', subject: 'A copy of the map', text: 'Here is the map.' },
  );
  browser = await launch();
  v = await visit(browser);
  await signIn(v.page);
  await row(v.page, 'A copy of the map').waitFor();
  await copy('A copy of the lease');
  await copy('A copy of the map');
});
afterAll(async () => {
  await browser?.close();
});

it('is shown in each of them, once', async () => {
  const { page } = v;
  await folder(page, 'Archive').click();
  await row(page, 'A copy of the lease').waitFor();
  expect(await row(page, 'A copy of the lease').count()).toBe(1);
  await folder(page, 'Inbox').click();
  await row(page, 'A copy of the lease').waitFor();
  expect(await row(page, 'A copy of the lease').count()).toBe(1);
});

it('is thrown away where it is looked at, and stays elsewhere', async () => {
  const { page } = v;
  await row(page, 'A copy of the lease').click();
  await page.locator('article', { hasText: 'Here is the lease.' }).waitFor();
  await page.keyboard.press('#');
  await page.getByText('1 message moved to Trash').waitFor();
  await expect.poll(() => row(page, 'A copy of the lease').count()).toBe(0);
  expect((await mailboxesOf('A copy of the lease')).length).toBe(2);
  await folder(page, 'Trash').click();
  await row(page, 'A copy of the lease').click();
  await page.keyboard.press('#');
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await expect.poll(() => row(page, 'A copy of the lease').count()).toBe(0);
  expect((await mailboxesOf('A copy of the lease')).length).toBe(1);
  await folder(page, 'Archive').click();
  await row(page, 'A copy of the lease').waitFor();
});

it('is one where it is moved to where it is already', async () => {
  const { page } = v;
  await folder(page, 'Inbox').click();
  await row(page, 'A copy of the map').click();
  await page.locator('article', { hasText: 'Here is the map.' }).waitFor();
  await page.keyboard.press('e');
  await page.getByText('1 message archived').waitFor();
  await expect.poll(() => row(page, 'A copy of the map').count()).toBe(0);
  expect((await mailboxesOf('A copy of the map')).length).toBe(1);
  await page.keyboard.press('z');
  await row(page, 'A copy of the map').waitFor();
  expect((await mailboxesOf('A copy of the map')).length).toBe(2);
  expect(v.strays).toEqual([]);
  expect(v.complaints).toEqual([]);
});
