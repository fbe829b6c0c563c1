// How it looks, for whom: dark, phone, right to left, and by the rules of accessibility.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, launch, send, shot, signIn, user, visit } from './browser';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  await send(
    { to: user(), from: 'Layla Haddad <layla@elsewhere.example>', subject: 'اجتماع يوم الخميس', text: 'مرحبًا،\n\nهل يناسبك الاجتماع يوم الخميس عند العاشرة صباحًا؟\n\nليلى' },
    { to: user(), from: 'Jonas Keller <jonas@elsewhere.example>', subject: 'Notes of Tuesday', html: '<p>Hello,</p><p>here is what we agreed on:</p><ul><li>The hall is free from nine.</li><li>Lena brings the projector.</li></ul><p>See you there,<br>Jonas</p>' },
  );
});
afterAll(async () => {
  await browser?.close();
});

const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();

it('is as good in the dark', async () => {
  const { page, context, complaints } = await visit(browser, { colorScheme: 'dark' });
  await signIn(page);
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await shot(page, 'desktop-dark');
  await accessible(page, 'dark');
  await page.keyboard.press('r');
  await page.locator('.gp-editor').waitFor();
  await page.keyboard.type('Thank you, Jonas.');
  await shot(page, 'composer-dark');
  await accessible(page, 'composer in the dark');
  await page.getByRole('button', { name: 'Discard the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard the draft' }).click();
  expect(complaints).toEqual([]);
  await context.close();
});

it('keeps the rules of accessibility in the light', async () => {
  const { page, context } = await visit(browser);
  await page.goto((await import('./browser')).address());
  await page.locator('input[name=username]').waitFor();
  await accessible(page, 'sign-in');
  await signIn(page);
  await row(page, 'Plans for the summer').click();
  await page.locator('article').nth(1).waitFor();
  await accessible(page, 'reading');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await accessible(page, 'help');
  await shot(page, 'help');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.getByRole('heading', { name: 'Sender and signature' }).waitFor();
  await page.getByRole('heading', { name: 'Out of office' }).waitFor();
  await accessible(page, 'settings');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  await context.close();
});

it('fits a phone', async () => {
  const { page, context } = await visit(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await signIn(page);
  await row(page, 'Notes of Tuesday').waitFor();
  await shot(page, 'phone-list');
  await accessible(page, 'phone');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.locator('nav a', { hasText: 'Inbox' }).waitFor();
  await page.waitForTimeout(300);
  await shot(page, 'phone-folders');
  await page.locator('nav a', { hasText: 'Inbox' }).click();
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await shot(page, 'phone-reading');
  await page.goBack();
  await row(page, 'Notes of Tuesday').waitFor();
  await page.getByRole('button', { name: 'New message' }).click();
  await page.locator('.gp-editor').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(wide).toBe(false);
  await page.getByRole('button', { name: 'Reply', exact: true }).last().click();
  await page.locator('.gp-editor').waitFor();
  await shot(page, 'phone-writing');
  await page.getByRole('button', { name: 'Discard the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard the draft' }).click();
  await page.goBack();
  await row(page, 'Notes of Tuesday').waitFor();
  await context.close();
});

it('turns round for Arabic', async () => {
  const { page, context } = await visit(browser, { locale: 'ar' }, { language: '' });
  await signIn(page);
  expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual(['ar', 'rtl']);
  await row(page, 'اجتماع يوم الخميس').click();
  await page.locator('article .text').waitFor();
  await shot(page, 'right-to-left');
  await accessible(page, 'right to left');
  await context.close();
});

it('speaks German, French and Spanish, and stands close together', async () => {
  const { page, context } = await visit(browser, {}, { density: 'compact', language: 'de' });
  await signIn(page);
  await page.locator('nav a', { hasText: 'Posteingang' }).waitFor();
  await row(page, 'Notes of Tuesday').click();
  await page.frameLocator('article iframe').getByText('Lena brings the projector.').waitFor();
  await shot(page, 'german-compact');
  await page.getByRole('button', { name: 'Einstellungen' }).first().click();
  for (const [language, word] of [['fr', 'Paramètres'], ['es', 'Ajustes'], ['en', 'Settings']] as const) {
    await page.locator('[role=dialog] select').first().selectOption(language);
    await page.getByRole('dialog', { name: word }).waitFor();
  }
  await context.close();
});

it('prints the message alone', async () => {
  const { page, context } = await visit(browser);
  await signIn(page);
  await row(page, 'Plans for the summer').click();
  await page.locator('article').nth(1).waitFor();
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('nav').isVisible()).toBe(false);
  expect(await page.locator('#list').isVisible()).toBe(false);
  expect(await page.locator('article').first().isVisible()).toBe(true);
  await context.close();
});
