// Writing, answering, passing on; drafts, attachments, images, signatures, and calling back.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { accessible, launch, other, send, shot, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let anna: Visit;
let bert: Visit;
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC', 'base64');

beforeAll(async () => {
  browser = await launch();
  await send({ to: user(), cc: 'carol@elsewhere.example', from: 'Dora Lind <dora@elsewhere.example>', subject: 'Lunch on Friday', html: '<p>Shall we meet at <b style="color:#c00">noon</b>?</p><script>pwned(1)</script>' });
  anna = await visit(browser);
  bert = await visit(browser);
  await signIn(anna.page, '1');
  await signIn(bert.page, '2');
});
afterAll(async () => {
  await browser?.close();
});

const row = (page: Page, subject: string) => page.locator('[role=option]', { hasText: subject }).first();
const composer = (page: Page) => page.locator('.composer');

it('sends a formatted message with files and an image in the text', async () => {
  const { page } = anna;
  await page.keyboard.press('c');
  await composer(page).getByRole('combobox', { name: 'To' }).fill(other());
  await page.keyboard.press('Enter');
  await composer(page).getByLabel('Subject').fill('The plan, at last');
  await page.locator('.gp-editor').click();
  await page.keyboard.type('Hello Bert, ');
  await page.keyboard.press('Control+b');
  await page.keyboard.type('this is bold');
  await page.keyboard.press('Control+b');
  await page.keyboard.press('Enter');
  await page.keyboard.type('- one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await composer(page).locator('.bar input[type=file]').setInputFiles({ name: 'drawing.png', mimeType: 'image/png', buffer: png });
  await page.locator('.gp-editor img[data-cid]').waitFor();
  await composer(page).locator('.foot input[type=file]').setInputFiles({ name: 'Zahlen für Mai.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
  await composer(page).locator('.files li', { hasText: 'Zahlen für Mai.csv' }).waitFor();
  await composer(page).locator('.status', { hasText: 'Saved' }).waitFor();
  await shot(page, 'composer');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await expect.poll(() => composer(page).count()).toBe(0);

  await row(bert.page, 'The plan, at last').click();
  const frame = bert.page.frameLocator('article iframe');
  await frame.locator('strong', { hasText: 'this is bold' }).waitFor();
  expect(await frame.locator('li').allTextContents()).toEqual(['one', 'two']);
  await expect.poll(() => frame.locator('img').evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBe(10);
  await bert.page.locator('section[aria-label="1 attachment"]', { hasText: 'Zahlen für Mai.csv' }).waitFor();
  // It is in Sent, and no draft is left.
  await page.locator('nav a', { hasText: 'Sent' }).click();
  await row(page, 'The plan, at last').waitFor();
  await page.locator('nav a', { hasText: 'Drafts' }).click();
  await page.getByText('Nothing in here.').waitFor();
  await page.locator('nav a', { hasText: 'Inbox' }).click();
});

it('answers with what was written before', async () => {
  const { page } = bert;
  await page.keyboard.press('r');
  await composer(page).locator('.chip', { hasText: user() }).waitFor();
  expect(await composer(page).getByLabel('Subject').inputValue()).toBe('Re: The plan, at last');
  await page.keyboard.type('Thank you!');
  await page.locator('.gp-dots').click();
  await page.frameLocator('.gp-quoted iframe').locator('strong', { hasText: 'this is bold' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await row(page, 'The plan, at last').waitFor();

  await row(anna.page, 'The plan, at last').click();
  await anna.page.locator('article').nth(1).waitFor();
  const answer = anna.page.frameLocator('article:nth-of-type(2) iframe');
  await answer.getByText('Thank you!').waitFor();
  await answer.locator('blockquote strong', { hasText: 'this is bold' }).waitFor();
  // The image of what is quoted came with it.
  await expect.poll(() => answer.locator('blockquote img').evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBe(10);
});

it('keeps a draft as it is typed, and goes on with it', async () => {
  const { page } = anna;
  await page.keyboard.press('u');
  await row(page, 'Lunch on Friday').click();
  await page.frameLocator('article iframe').getByText('noon').waitFor();
  await page.keyboard.press('a');
  await composer(page).locator('.chip', { hasText: 'Dora Lind' }).waitFor();
  await composer(page).locator('.chip', { hasText: 'carol@elsewhere.example' }).waitFor();
  await page.keyboard.type('Noon is fine with me.');
  await composer(page).locator('.status', { hasText: 'Saved' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => composer(page).count()).toBe(0);
  await page.locator('nav a', { hasText: 'Drafts' }).click();
  await row(page, 'Lunch on Friday').click();
  await page.locator('.gp-editor', { hasText: 'Noon is fine with me.' }).waitFor();
  await composer(page).locator('.chip', { hasText: 'carol@elsewhere.example' }).waitFor();
  await page.getByRole('button', { name: 'Discard the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard the draft' }).click();
  await expect.poll(() => composer(page).count()).toBe(0);
  await page.locator('nav a', { hasText: 'Inbox' }).click();
});

it('completes addresses, and refuses what is none', async () => {
  const { page } = anna;
  await row(page, 'Lunch on Friday').waitFor();
  await page.keyboard.press('c');
  const to = composer(page).getByRole('combobox', { name: 'To' });
  await to.fill('dor');
  await composer(page).getByRole('option', { name: /Dora Lind/ }).waitFor();
  await to.press('Enter');
  await composer(page).locator('.chip', { hasText: 'Dora Lind' }).waitFor();
  await to.fill('not an address');
  await to.press('Enter');
  await composer(page).locator('.chip.bad').waitFor();
  await composer(page).getByLabel('Subject').fill('x');
  await page.keyboard.press('Control+Enter');
  await page.getByText('“not an address” is not an email address.').waitFor();
  await page.getByRole('button', { name: 'Discard the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard the draft' }).click();
  await expect.poll(() => composer(page).count()).toBe(0);
});

it('signs, sends plain text, and calls back', async () => {
  const { page } = anna;
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.getByLabel('Your name').fill('Anna Berg');
  await page.getByLabel('Signature', { exact: true }).fill('Anna Berg\nHarbour Office');
  const form = page.locator('form', { has: page.getByLabel('Your name') });
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await form.getByText('Saved.', { exact: true }).waitFor();
  await page.getByLabel('Time to take back what was sent').selectOption('30');
  await shot(page, 'settings');
  await page.keyboard.press('Escape');
  await page.keyboard.press('c');
  await page.getByRole('button', { name: 'Formatting', exact: true }).click();
  const text = composer(page).getByLabel('Text of the message');
  expect(await text.inputValue()).toContain('Harbour Office');
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${other()},`);
  await composer(page).getByLabel('Subject').fill('Plain words');
  await text.fill(`Just text.\n\n${await text.inputValue()}`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await expect.poll(() => composer(page).count()).toBe(0);
  await shot(page, 'undo-send');
  await page.getByRole('button', { name: 'Undo' }).click();
  await composer(page).locator('.chip', { hasText: other() }).waitFor();
  expect(await composer(page).getByLabel('Text of the message').inputValue()).toContain('Just text.');
  // Without waiting this time.
  await composer(page).getByRole('button', { name: 'Minimise' }).click();
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.getByLabel('Time to take back what was sent').selectOption('0');
  await page.keyboard.press('Escape');
  await composer(page).getByRole('button', { name: 'Plain words' }).click();
  await composer(page).getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('Message sent.').waitFor();
  await row(bert.page, 'Plain words').click();
  await bert.page.locator('article .text', { hasText: 'Harbour Office' }).waitFor();
  expect(await bert.page.locator('article iframe').count()).toBe(0);
  await bert.page.locator('article strong', { hasText: 'Anna Berg' }).waitFor();
});

it('sends later, from the server, and lets one change it', async () => {
  const { page } = anna;
  await page.keyboard.press('c');
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${other()},`);
  await composer(page).getByLabel('Subject').fill('Not before Monday');
  await composer(page).getByRole('button', { name: 'Send later' }).click();
  await page.getByRole('menuitem', { name: 'Monday morning' }).waitFor();
  await shot(page, 'send-later');
  await accessible(page, 'send later');
  await page.getByRole('menuitem', { name: 'Monday morning' }).click();
  await page.getByText(/The message goes out/).waitFor();
  await page.reload();
  await page.locator('nav a', { hasText: 'Scheduled' }).click();
  const waiting = page.getByRole('list', { name: 'Scheduled' }).getByRole('listitem');
  await waiting.filter({ hasText: 'Not before Monday' }).waitFor();
  await shot(page, 'scheduled');
  await accessible(page, 'scheduled');
  await waiting.getByRole('button', { name: 'Cancel and edit' }).click();
  await page.getByText('Nothing waits to be sent.').waitFor();
  await composer(page).getByLabel('Subject').fill('Not before tomorrow');
  await composer(page).getByRole('button', { name: 'Send later' }).click();
  await page.getByRole('menuitem', { name: 'Choose date and time' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Send later' });
  await dialog.getByLabel('Choose date and time').fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
  await dialog.getByRole('button', { name: 'OK' }).click();
  await waiting.filter({ hasText: 'Not before tomorrow' }).waitFor();
  await page.locator('nav a', { hasText: 'Sent' }).click();
  await row(page, 'Not before tomorrow').getByText('Scheduled').waitFor();
  await page.locator('nav a', { hasText: 'Scheduled' }).click();
  expect(await row(bert.page, 'Not before tomorrow').count()).toBe(0);
  await waiting.getByRole('button', { name: 'Send now' }).click();
  await row(bert.page, 'Not before tomorrow').waitFor();
  expect(await row(bert.page, 'Not before Monday').count()).toBe(0);
  await page.locator('nav a', { hasText: 'Inbox' }).click();
  await row(page, 'Lunch on Friday').waitFor();
});

it('has sent what may be called back, when the page is closed', async () => {
  const { page, context, complaints } = await visit(browser, {}, { undoDelay: 5 });
  await signIn(page, '1');
  await page.keyboard.press('c');
  await composer(page).getByRole('combobox', { name: 'To' }).fill(`${other()},`);
  await composer(page).getByLabel('Subject').fill('The page is gone');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Message sent.').waitFor();
  await context.close();
  await row(bert.page, 'The page is gone').waitFor();
  expect(complaints).toEqual([]);
});

it('answers while one is away', async () => {
  const { page } = bert;
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.getByLabel('Answer by itself while I am away').check();
  await page.getByLabel('What is answered').fill('I am at the lake until Monday.');
  const form = page.locator('form', { has: page.getByLabel('What is answered') });
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('Saved.').waitFor();
  await page.keyboard.press('Escape');
  await anna.page.keyboard.press('c');
  await composer(anna.page).getByRole('combobox', { name: 'To' }).fill(other());
  await composer(anna.page).getByLabel('Subject').fill('Are you there?');
  await anna.page.keyboard.press('Control+Enter');
  await anna.page.getByText('Message sent.').waitFor();
  await anna.page.locator('[role=option]', { hasText: 'I am at the lake until Monday.' }).waitFor();
});

it('did all this without a call elsewhere or a breach of its policy', () => {
  for (const v of [anna, bert]) {
    expect(v.strays).toEqual([]);
    expect(v.complaints).toEqual([]);
  }
});
