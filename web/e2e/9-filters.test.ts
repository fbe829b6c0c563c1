// Filters: made, put in order, run by the server, and a script that was not made here.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accessible, jmap, launch, other, send, shot, signIn, visit } from './browser';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();
async function openFilters(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.getByRole('dialog').getByRole('heading', { name: 'Filters' }).waitFor();
}
async function saved(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New filter' }).waitFor();
  await expect.poll(() => page.locator('ol + .buttons [role=status]').textContent()).toBe('Saved.');
}
async function putScript(context: BrowserContext, name: string, text: string): Promise<void> {
  const [, made] = await jmap(context, '2', ['urn:ietf:params:jmap:blob', 'urn:ietf:params:jmap:sieve'], [
    ['Blob/upload', { create: { b: { data: [{ 'data:asText': text }] } } }],
    ['SieveScript/set', { create: { s: { name, blobId: '#b' } }, onSuccessActivateScript: '#s' }],
  ]);
  expect(made!['created'], JSON.stringify(made)).toHaveProperty('s');
}

it('are made, put in order and obeyed', async () => {
  const { page, context, complaints } = await visit(browser);
  await signIn(page, '2');
  await openFilters(page);
  await page.getByText('There are no filters yet.').waitFor();
  await page.getByRole('button', { name: 'New filter' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Newsletters');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await page.getByRole('alert').filter({ hasText: 'Something is missing' }).waitFor();
  const first = page.getByRole('group', { name: 'Condition 1' });
  await first.getByLabel('What is looked at').selectOption('subject');
  await first.getByLabel('Value').fill('newsletter "weekly"');
  const action = page.getByRole('group', { name: 'Action 1' });
  await action.getByLabel('Folder').selectOption({ label: 'Archive' });
  await page.getByRole('button', { name: 'Another action' }).click();
  await page.getByRole('group', { name: 'Action 2' }).getByRole('combobox').first().selectOption('read');
  await shot(page, 'filter');
  await accessible(page, 'a filter');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await saved(page);

  await page.getByRole('button', { name: 'New filter' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Large');
  await page.getByRole('group', { name: 'Condition 1' }).getByLabel('What is looked at').selectOption('size');
  await page.getByRole('group', { name: 'Condition 1' }).getByLabel('Value').fill('20');
  await page.getByRole('group', { name: 'Action 1' }).getByRole('combobox').first().selectOption('flag');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await saved(page);

  // By keys, and by hand.
  const names = (): Promise<string[]> => page.locator('ol > li > .name b').allTextContents();
  expect(await names()).toEqual(['Newsletters', 'Large']);
  await page.getByRole('button', { name: /^Large/ }).focus();
  await page.keyboard.press('Alt+ArrowUp');
  await expect.poll(names).toEqual(['Large', 'Newsletters']);
  await page.getByText('“Large” is now number 1.').waitFor();
  await page.locator('ol > li').nth(1).dragTo(page.locator('ol > li').nth(0));
  await expect.poll(names).toEqual(['Newsletters', 'Large']);
  await page.getByText('“Newsletters” is now number 1.').waitFor();
  await shot(page, 'filters');
  await accessible(page, 'filters');

  // They are there for the next visit.
  await page.keyboard.press('Escape');
  await page.reload();
  await openFilters(page);
  await expect.poll(names).toEqual(['Newsletters', 'Large']);
  await page.getByRole('button', { name: /^Newsletters/ }).click();
  expect(await page.getByRole('group', { name: 'Condition 1' }).getByLabel('Value').inputValue()).toBe('newsletter "weekly"');
  await page.getByRole('button', { name: 'Cancel' }).last().click();
  await page.keyboard.press('Escape');

  await send({ to: other(), from: 'News <news@elsewhere.example>', subject: 'The Newsletter "weekly", number 7', text: 'News.' }, { to: other(), from: 'Ada <ada@elsewhere.example>', subject: 'Not a filter’s business', text: 'Hello.' });
  await row(page, 'Not a filter’s business').waitFor();
  expect(await row(page, 'number 7').count()).toBe(0);
  await page.locator('nav a', { hasText: 'Archive' }).first().click();
  await row(page, 'number 7').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it('that were not made here are text', async () => {
  const { page, context, complaints } = await visit(browser);
  await putScript(context, 'by hand', 'require "fileinto";\r\nif header :contains "subject" "invoice" { fileinto "Archive"; }\r\n');
  await signIn(page, '2');
  await openFilters(page);
  const text = page.getByLabel('Script');
  expect(await text.inputValue()).toContain('"invoice"');
  await text.fill('keep;\nmoon;');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('line 2: nobody knows the command "moon"').waitFor();
  await shot(page, 'filters-text');
  await accessible(page, 'a script as text');
  await text.fill('keep;\n');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await page.locator('p.told', { hasText: 'Saved.' }).waitFor();
  // Back to the rules that were there before.
  await page.getByRole('button', { name: 'Use the filters of this page instead' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'OK' }).click();
  await expect.poll(() => page.locator('ol > li > .name b').allTextContents()).toEqual(['Newsletters', 'Large']);
  // The last one that goes takes the script out of use.
  for (const name of ['Newsletters', 'Large']) {
    await page.getByRole('button', { name: `Delete “${name}”` }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => page.getByRole('button', { name: `Delete “${name}”` }).count()).toBe(0);
  }
  await page.getByText('There are no filters yet.').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it('speak every language', async () => {
  for (const [language, heading] of [['de', 'Filter'], ['fr', 'Filtres'], ['es', 'Filtros'], ['ar', 'عوامل التصفية']] as const) {
    const { page, context, complaints } = await visit(browser, {}, { language });
    await signIn(page, '2');
    await page.getByRole('button', { name: /^(Einstellungen|Paramètres|Ajustes|الإعدادات)$/ }).first().click();
    await page.getByRole('dialog').getByRole('heading', { name: heading, exact: true }).waitFor();
    if (language === 'ar') {
      await page.getByRole('button', { name: 'عامل تصفية جديد' }).click();
      await page.getByRole('group', { name: 'الشرط 1' }).waitFor();
      await shot(page, 'filters-arabic');
      await accessible(page, 'a filter in Arabic');
    }
    expect(complaints).toEqual([]);
    await context.close();
  }
});
