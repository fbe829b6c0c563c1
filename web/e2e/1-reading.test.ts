// Signing in, reading, and what is done to messages.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { launch, other, send, shot, signIn, user, visit, type Visit } from './browser';

let browser: Browser;
let v: Visit;
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';

const newsletter = `<html><head><style>.box{background:#f2f5ff;border-radius:8px;padding:18px} h1{font-size:22px;color:#1b2a6b}</style></head>
<body bgcolor="#ffffff"><div class="box"><h1>What is new in May</h1><p style="color:#333">Three short pieces and <a href="https://elsewhere.example/may">one long one</a>.</p>
<img src="https://elsewhere.example/pixel.png" width="300" height="80" alt="Our logo"><table width="100%" cellpadding="6"><tr><td style="background-color:#1b2a6b;color:#fff">Read</td><td>Write</td></tr></table></div></body></html>`;

beforeAll(async () => {
  browser = await launch();
  const to = user();
  const many = Array.from({ length: 120 }, (_, i) => ({
    to,
    from: `Writer ${i % 7} <writer${i % 7}@elsewhere.example>`,
    subject: `Report number ${i}`,
    text: `This is the text of report ${i}.\n\nIt has two paragraphs and ends here.`,
  }));
  await send(
    ...many,
    { to, from: 'Clara Weiss <clara@elsewhere.example>', subject: 'Plans for the summer', headers: ['Message-ID: <plans1@elsewhere.example>'], text: 'Hello,\n\nshall we go to the lake in July? See https://lake.example/cabins for the cabins.\n\nClara' },
    { to, from: 'Dario Conti <dario@elsewhere.example>', subject: 'Re: Plans for the summer', headers: ['Message-ID: <plans2@elsewhere.example>', 'In-Reply-To: <plans1@elsewhere.example>', 'References: <plans1@elsewhere.example>'], text: 'Yes!\n\nOn Monday Clara wrote:\n> Hello,\n>\n> shall we go to the lake in July?\n> 1\n> 2\n> 3\n> 4\n> 5\n\nDario' },
    {
      to,
      from: 'Emilia Roth <emilia@elsewhere.example>',
      subject: 'The drawings for the house',
      headers: ['Content-Type: multipart/mixed; boundary="b"'],
      raw: [
        '--b',
        'Content-Type: multipart/related; boundary="r"',
        '',
        '--r',
        'Content-Type: text/html; charset=utf-8',
        '',
        '<p>Here they are:</p><p><img src="cid:plan@elsewhere.example" alt="plan" width="120" height="120"></p>',
        '--r',
        'Content-Type: image/png',
        'Content-ID: <plan@elsewhere.example>',
        'Content-Disposition: inline; filename=plan.png',
        'Content-Transfer-Encoding: base64',
        '',
        png,
        '--r--',
        '--b',
        'Content-Type: text/plain; charset=utf-8; name="notes.txt"',
        'Content-Disposition: attachment; filename="notes.txt"',
        '',
        'The roof is the last thing.',
        '--b',
        'Content-Type: image/png; name="front.png"',
        'Content-Disposition: attachment; filename="front.png"',
        'Content-Transfer-Encoding: base64',
        '',
        png,
        '--b--',
      ].join('\r\n'),
    },
    { to, from: 'Monthly News <news@elsewhere.example>', subject: 'What is new in May', html: newsletter },
  );
  v = await visit(browser);
  await v.page.goto('about:blank');
});
afterAll(async () => {
  await browser?.close();
});

const row = (subject: string) => v.page.locator('[role=option]', { hasText: subject }).first();
const toast = () => v.page.locator('.toast');

it('refuses a wrong password and takes the right one', async () => {
  const { page } = v;
  await page.goto((await import('./browser')).address());
  await page.locator('input[name=username]').fill(user());
  await page.locator('input[name=password]').fill('wrong');
  await shot(page, 'sign-in');
  await page.locator('button.primary').click();
  await page.getByText('Address or password is wrong.').waitFor();
  v.complaints.length = 0; // the browser notes the 401
  await signIn(page);
  await row('What is new in May').waitFor();
  expect(await page.locator('nav .count').first().textContent()).toBe('124');
});

it('shows conversations, and text as it was meant', async () => {
  const { page } = v;
  await row('Plans for the summer').click();
  await page.locator('article').nth(1).waitFor();
  expect(await page.locator('h2').first().textContent()).toBe('Plans for the summer');
  await page.locator('article', { hasText: 'Clara Weiss' }).getByRole('link', { name: 'https://lake.example/cabins' }).waitFor();
  expect(await page.locator('article details').count()).toBe(1);
  await shot(page, 'desktop-light');
  // Read by being opened.
  await page.waitForFunction(() => document.querySelector('nav .count')?.textContent === '122');
});

it('keeps images of strangers out until they are asked for', async () => {
  const { page } = v;
  await row('What is new in May').click();
  const frame = page.frameLocator('article iframe');
  await frame.getByText('Three short pieces').waitFor();
  expect(await frame.locator('h1').evaluate((e) => getComputedStyle(e).color)).toBe('rgb(27, 42, 107)');
  expect(await frame.locator('td').first().evaluate((e) => getComputedStyle(e).backgroundColor)).toBe('rgb(27, 42, 107)');
  await shot(page, 'html-mail');
  expect(v.strays).toEqual([]);
  await page.getByRole('button', { name: 'Show images' }).click();
  await page.waitForFunction(() => !document.querySelector('.blocked'));
  await expect.poll(() => v.strays).toEqual(['https://elsewhere.example/pixel.png']);
  v.strays.length = 0;
});

it('shows images that came with the message, and its attachments', async () => {
  const { page } = v;
  await row('The drawings for the house').click();
  const image = page.frameLocator('article iframe').locator('img');
  await expect.poll(() => image.evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBe(10);
  expect(await image.getAttribute('src')).toMatch(/^blob:/);
  expect(await page.locator('section[aria-label="2 attachments"] li').count()).toBe(2);
  await page.getByRole('button', { name: /notes\.txt/ }).first().click();
  await page.locator('pre', { hasText: 'The roof is the last thing.' }).waitFor();
  await page.keyboard.press('Escape');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download: notes.txt' }).click();
  expect((await download).suggestedFilename()).toBe('notes.txt');
});

it('goes through a long list by scrolling and by keys', async () => {
  const { page } = v;
  const list = page.locator('#list');
  await list.focus();
  await page.keyboard.press('End');
  await row('Report number 0').waitFor();
  expect(await page.locator('[role=option]').count()).toBeLessThan(40);
  await list.evaluate((e) => (e.scrollTop = 0));
  await row('What is new in May').click();
  await page.keyboard.press('j');
  await page.locator('h2', { hasText: 'The drawings for the house' }).waitFor();
  await page.keyboard.press('k');
  await page.locator('h2', { hasText: 'What is new in May' }).waitFor();
  await page.keyboard.press('u');
  await page.getByText('Choose a message to read it here').waitFor();
});

it('archives, deletes, and takes it back', async () => {
  const { page } = v;
  await row('Report number 119').click();
  await page.keyboard.press('e');
  await toast().getByText('1 message archived').waitFor();
  await expect.poll(() => row('Report number 119').count()).toBe(0);
  await page.keyboard.press('z');
  await row('Report number 119').waitFor();
  await row('Report number 119').click();
  await page.keyboard.press('#');
  await toast().getByText('1 message moved to Trash').waitFor();
  await page.locator('nav a', { hasText: 'Trash' }).click();
  await row('Report number 119').click();
  await page.keyboard.press('#');
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('Nothing in here.').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await row('What is new in May').waitFor();
});

it('marks, flags and moves several', async () => {
  const { page } = v;
  await row('Report number 118').locator('.tick').click({ force: true });
  await row('Report number 117').locator('.tick').click({ force: true });
  await page.getByText('2 selected').waitFor();
  await page.getByRole('button', { name: 'Mark as read' }).first().click();
  await toast().getByText('2 messages marked as read').waitFor();
  await page.keyboard.press('s');
  await toast().getByText('2 messages flagged').waitFor();
  await shot(page, 'selection');
  await page.keyboard.press('v');
  await page.getByPlaceholder('Find a folder').fill('junk');
  await page.keyboard.press('Enter');
  await toast().getByText('2 messages moved to Junk').waitFor();
  await toast().getByRole('button', { name: 'Undo' }).click();
  await row('Report number 118').waitFor();
  await page.keyboard.press('Escape');
});

it('takes messages that are dragged to a folder', async () => {
  const { page } = v;
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByPlaceholder('Name of the folder').fill('Reports');
  await page.keyboard.press('Enter');
  const folder = page.locator('nav li', { hasText: 'Reports' });
  await folder.waitFor();
  await row('Report number 116').dragTo(folder);
  await toast().getByText('1 message moved to Reports').waitFor();
  await folder.locator('a').click();
  await row('Report number 116').waitFor();
  await folder.hover();
  await folder.getByRole('button', { name: /^More/ }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByPlaceholder('Name of the folder').fill('Old reports');
  await page.keyboard.press('Enter');
  await page.locator('nav li', { hasText: 'Old reports' }).waitFor();
});

it('finds by words and operators', async () => {
  const { page } = v;
  await page.keyboard.press('/');
  await page.keyboard.type('from:clara lake');
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'Results for' }).waitFor();
  await row('Plans for the summer').waitFor();
  await page.locator('#search').fill('has:attachment in:inbox');
  await page.keyboard.press('Enter');
  await row('The drawings for the house').waitFor();
  await expect.poll(() => page.locator('[role=option]').count()).toBe(1);
  await page.locator('#search').fill('nothingofthekind');
  await page.keyboard.press('Enter');
  await page.getByText('Nothing was found.').waitFor();
  await page.getByRole('button', { name: 'Leave the search' }).click();
  await row('What is new in May').waitFor();
});

it('hears of new mail by itself', async () => {
  const { page } = v;
  await send({ to: user(), from: `Bert <${other()}>`, subject: 'Just now', text: 'Look at the time.' });
  await row('Just now').waitFor();
});

it('did all this without a call elsewhere or a breach of its policy', () => {
  expect(v.strays).toEqual([]);
  expect(v.complaints).toEqual([]);
});
