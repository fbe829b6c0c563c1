// What every part of the administration asks for: where we are, who may what, and how it is said what was done.
import { app } from '../app.svelte';
import type { Role } from '../session';
import { t } from '../i18n/i18n.svelte';

export type SectionName = 'people' | 'groups' | 'shared' | 'rooms' | 'equipment' | 'aliases' | 'domains';

// "/people/anna%40example.org" -> ["people", "anna@example.org"]
export function place(): { section: string; item: string } {
  const [, section = '', item = ''] = (app.admin ?? '').split('/');
  try {
    return { section: section || 'people', item: decodeURIComponent(item) };
  } catch {
    return { section: 'people', item: '' };
  }
}
export function link(section: string, item = ''): string {
  return `#/admin/${section}${item ? `/${encodeURIComponent(item)}` : ''}`;
}
export function go(section: string, item = ''): void {
  location.hash = link(section, item);
}

const RANK: Record<Role, number> = { auditor: 1, helpdesk: 2, admin: 3 };
export function may(least: Role): boolean {
  return app.role !== null && RANK[app.role] >= RANK[least];
}

// Does it and says so; false: it was refused, which is said, too.
export async function act(run: () => Promise<unknown>, said: string): Promise<boolean> {
  try {
    await run();
    app.actions?.say(said);
    return true;
  } catch (e) {
    app.actions?.complain(e);
    return false;
  }
}
export async function sure(text: string, yes = t('remove')): Promise<boolean> {
  return (await app.ask({ text, yes, danger: true })) !== null;
}
