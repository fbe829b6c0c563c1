// Rights of RFC 4314 as people think of them, and lists of them by person instead of by folder.
import type { Right } from './api';
import type { AdminKey } from './text.svelte';

export const FULL = 'lrswipkxtea';
export const LEVELS: { rights: string; label: AdminKey }[] = [
  { rights: 'lrs', label: 'rightsRead' },
  { rights: 'lrswipkxte', label: 'rightsEdit' },
  { rights: FULL, label: 'rightsFull' },
];

// RFC 4314 2.1.1: c and d are what older programs call some of the others; lists name them, too.
const sorted = (rights: string): string => [...rights.replace(/[cd]/g, '')].sort().join('');

export function levelOf(rights: string): AdminKey | null {
  return LEVELS.find((l) => sorted(l.rights) === sorted(rights))?.label ?? null;
}

export interface Grant {
  identifier: string;
  // The same everywhere; else what is granted in each folder.
  rights: string | null;
  folders: Right[];
}

export function byPerson(rows: Right[]): Grant[] {
  const out = new Map<string, Right[]>();
  for (const row of rows) out.set(row.identifier, [...(out.get(row.identifier) ?? []), row]);
  return [...out].map(([identifier, folders]) => {
    const same = folders.every((f) => f.rights === folders[0]!.rights);
    // "(new folders)" is the account's top: what is granted there is meant for all.
    const top = folders.some((f) => f.folder === '(new folders)');
    return { identifier, rights: same && top ? folders[0]!.rights : null, folders };
  });
}
