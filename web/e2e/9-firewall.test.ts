// The administration: the firewall by root's agent, which is played here: no rules of this machine are touched.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { accessible, administer, newAccount } from './administering';
import { launch, shot } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
  newAccount('keeper', 'Mina Okafor', 'admin');
});
afterAll(() => browser?.close());

it('names the commands where no agent runs', async () => {
  const { page, context, complaints } = await administer(browser, 'keeper', {}, {}, 'gate');
  await page.getByText('gatepost gate apply --confirm 120s').waitFor();
  expect(await page.getByRole('button', { name: 'What would change' }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it('shows what would change, applies it, and keeps or undoes it', async () => {
  const { page, context, complaints } = await administer(browser, 'keeper', {}, {}, 'domains');
  const asked: string[] = [];
  let pending: { revision: number; deadline: string } | undefined;
  const revisions = [{ revision: 7, applied: '2026-11-20T10:00:00Z', state: 'confirmed', by: 'root from 192.0.2.5', note: '' }];
  await page.route('**/api/admin/gate/**', async (route) => {
    const verb = route.request().url().split('/gate/')[1]!;
    if (verb === 'top') return route.continue();
    if (verb === 'policy') {
      const real = await route.fetch();
      return route.fulfill({ json: { ...((await real.json()) as object), agent: true } });
    }
    asked.push(`${verb} ${route.request().postData()}`);
    if (verb === 'plan')
      return route.fulfill({
        json: { changes: [{ port: 993, service: 'imaps', gains: false, sources: ['0.0.0.0/5', '::/0'] }, { port: 443, service: 'https', gains: true, sources: ['198.51.100.0/24'] }], remaining: [], notes: [], batch: 'x', cuts_off: false, own_connection: 'open' },
      });
    if (verb === 'apply') {
      pending = { revision: 8, deadline: new Date(Date.now() + 120_000).toISOString() };
      revisions.push({ revision: 8, applied: new Date().toISOString(), state: 'pending', by: 'keeper@demo.example (administration page)', note: '' });
      return route.fulfill({ json: { revision: 8, changed: true, pending: true, deadline: pending.deadline } });
    }
    if (verb === 'confirm') {
      pending = undefined;
      revisions[1]!.state = 'confirmed';
      return route.fulfill({ json: { revision: 8 } });
    }
    if (verb === 'audit') return route.fulfill({ json: { findings: [{ where: 'pop3s', what: 'nobody used it for 90 days', cure: 'Turn it off.' }], count: 1 } });
    if (verb === 'history') return route.fulfill({ json: { revisions, ...(pending ? { pending } : {}) } });
    return route.fulfill({ status: 422, json: { detail: 'not now' } });
  });
  await page.evaluate(() => (location.hash = '#/admin/gate'));
  await page.getByRole('button', { name: 'What would change' }).click();
  await page.getByText('198.51.100.0/24').waitFor();
  await page.getByText('Your own connection stays possible.').waitFor();
  await page.getByRole('button', { name: 'Audit' }).click();
  await page.getByText('nobody used it for 90 days').waitFor();
  await shot(page, 'admin-firewall-plan');
  await accessible(page, 'firewall plan');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Revision 8 is in force, and waits to be kept').waitFor();
  await shot(page, 'admin-firewall-waits');
  await accessible(page, 'firewall waits');
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  await expect.poll(() => page.getByText('Revision 8 is in force').count()).toBe(0);
  await page.getByRole('button', { name: 'Bring back' }).waitFor();
  expect(asked.filter((one) => /^(apply|confirm)/.test(one))).toEqual(['apply {"confirm":120,"cut-me-off":false}', 'confirm {}']);
  expect(complaints).toEqual([]);
  await context.close();
});
