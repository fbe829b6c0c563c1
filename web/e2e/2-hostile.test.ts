// Hostile HTML mails: each is read in a browser; none runs anything, none calls home, none leaves its frame.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { env, launch, other, send, shot, signIn, visit, type Visit } from './browser';
import { CORPUS, DECEPTIONS } from './hostile';

let browser: Browser;
let v: Visit;

beforeAll(async () => {
  browser = await launch();
  const to = other();
  await send(...CORPUS.map(([name, html], i) => ({ to, from: 'mallory@evil.example', subject: `hostile ${String(i).padStart(3, '0')} ${name}`, html })));
  // As little as possible is between a mail and what it does: everything is in one conversation each, opened by the keyboard.
  v = await visit(browser, {}, { conversations: false, alwaysImages: false });
  await v.context.addInitScript(() => {
    const told: string[] = [];
    Object.assign(window, { told });
    const tell = (what: unknown): void => void told.push(String(what));
    window.alert = tell;
    window.confirm = (what) => (tell(what), false);
    window.prompt = (what) => (tell(what), null);
    Object.assign(window, { pwned: tell });
  });
  v.page.on('dialog', (dialog) => {
    v.strays.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  v.context.on('page', (page) => v.strays.push(`window: ${page.url()}`));
  await signIn(v.page, '2');
  await v.page.locator('[role=option]', { hasText: 'hostile' }).first().waitFor();
});
afterAll(async () => {
  await browser?.close();
});

async function read(index: number): Promise<void> {
  const { page } = v;
  await page.locator('#search').fill(`subject:"hostile ${String(index).padStart(3, '0')}"`);
  await page.locator('#search').press('Enter');
  await page.locator('[role=option]', { hasText: `hostile ${String(index).padStart(3, '0')}` }).first().click();
  await page.frameLocator('article iframe').locator('body :first-child').first().waitFor({ state: 'attached' });
}

async function harmless(name: string): Promise<void> {
  const { page } = v;
  expect(await page.evaluate(() => (window as unknown as { told: string[] }).told), name).toEqual([]);
  expect(v.strays, name).toEqual([]);
  expect(new URL(page.url()).origin, name).toBe(`https://localhost:${env('GP_HTTPS')}`);
  const inside = await page.evaluate(() => {
    const doc = document.querySelector<HTMLIFrameElement>('article iframe')!.contentDocument!;
    const all = Array.from(doc.querySelectorAll('*'));
    return {
      tags: all.map((e) => e.localName).filter((n) => /^(script|iframe|frame|object|embed|form|input|button|link|meta|base|svg|math|audio|video|template|noscript)$/.test(n) && !['meta'].includes(n)),
      handlers: all.flatMap((e) => Array.from(e.attributes).map((a) => a.name)).filter((n) => n.startsWith('on')),
      links: all.map((e) => e.getAttribute('href') ?? '').filter((h) => h !== '' && !/^(https?:\/\/|mailto:|tel:)/i.test(h)),
      sources: all.map((e) => e.getAttribute('src') ?? '').filter((s) => s !== '' && !/^(data:image\/|blob:)/i.test(s)),
      metas: doc.querySelectorAll('body meta').length,
    };
  });
  expect(inside, name).toEqual({ tags: [], handlers: [], links: [], sources: [], metas: 0 });
}

it(`shows ${CORPUS.length} hostile mails, and none of them does anything`, async () => {
  for (const [index, [name]] of CORPUS.entries()) {
    await read(index);
    await harmless(name);
  }
}, 240_000);

it('gives things time to happen, and nothing does', async () => {
  await v.page.mouse.move(700, 400);
  await v.page.mouse.click(900, 420);
  await v.page.waitForTimeout(500);
  expect(await v.page.evaluate(() => (window as unknown as { told: string[] }).told)).toEqual([]);
  expect(v.strays).toEqual([]);
});

it('says where a link really leads, and stays inside its frame', async () => {
  const { page } = v;
  for (const [name, html, check] of DECEPTIONS) {
    const subject = `deception ${name}`;
    await send({ to: other(), from: 'mallory@evil.example', subject, html });
    await page.locator('#search').fill(`subject:"${subject}"`);
    await expect
      .poll(async () => {
        await page.locator('#search').press('Enter');
        await page.waitForTimeout(200);
        return page.locator('[role=option]', { hasText: subject }).count();
      })
      .toBe(1);
    await page.locator('[role=option]', { hasText: subject }).first().click();
    await page.frameLocator('article iframe').locator('body :first-child').first().waitFor({ state: 'attached' });
    await check(page);
    await harmless(name);
  }
  await shot(page, 'deception');
});

it('quotes and forwards a hostile mail without its poison', async () => {
  const { page } = v;
  await read(0);
  await page.keyboard.press('f');
  await page.locator('.gp-editor').waitFor();
  await page.locator('.gp-dots').click();
  await page.frameLocator('.gp-quoted iframe').locator('body').waitFor();
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => (window as unknown as { told: string[] }).told)).toEqual([]);
  expect(v.strays).toEqual([]);
});
