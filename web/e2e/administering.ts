// What tests of the administration have in common.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Browser, Locator, Page } from 'playwright-core';
import { address, env, visit, type Visit } from './browser';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const PASSWORD = 'gate of many posts 7';

// As root does on the command line.
export function gatepost(words: string[], input?: string): string {
  return execFileSync(env('GP_BINARY'), ['--config', env('GP_CONFIG'), ...words], { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
}
export const at = (local: string): string => `${local}@${env('GP_DOMAIN')}`;

export function newAccount(local: string, name: string, role = 'none'): void {
  gatepost(['account', 'add', at(local), '--name', name, '--password-stdin'], PASSWORD);
  if (role !== 'none') gatepost(['account', 'set', at(local), `role=${role}`]);
}

export async function enter(browser: Browser, who: string, options: Parameters<typeof visit>[1] = {}, settings: Record<string, unknown> = {}): Promise<Visit> {
  const one = await visit(browser, options, settings);
  await one.page.goto(address());
  await one.page.locator('input[name=username]').fill(at(who));
  await one.page.locator('input[name=password]').fill(PASSWORD);
  await one.page.locator('button.primary').click();
  await one.page.locator('#list').waitFor();
  return one;
}
export async function administer(browser: Browser, who: string, options: Parameters<typeof visit>[1] = {}, settings: Record<string, unknown> = {}, section = ''): Promise<Visit> {
  const one = await enter(browser, who, options, settings);
  await one.page.evaluate((where) => (location.hash = `#/admin${where}`), section ? `/${section}` : '');
  await one.page.locator('main h1').waitFor();
  return one;
}
export const row = (page: Page, text: string): Locator => page.locator('main [role=row]', { hasText: text }).first();

export async function accessible(page: Page, what: string): Promise<void> {
  await page.waitForTimeout(250);
  const frame = page.mainFrame();
  await frame.evaluate(axe);
  const found = await frame.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (context: unknown, options: unknown) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe;
    const result = await run.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return result.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => `${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary.slice(0, 300)}`));
  });
  expect(found, what).toEqual([]);
}
