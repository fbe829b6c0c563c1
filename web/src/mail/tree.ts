// Folders in the order of a folder list: those with a role first, then by their place and name, each followed by what is in it.
import { isSnoozedBox } from '../data/mail.svelte';
import type { Id, Mailbox, Role } from '../jmap/types';

export interface Node {
  mailbox: Mailbox;
  depth: number;
  children: number;
}
const ORDER: (Role | null)[] = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'];

function rank(m: Mailbox): number {
  // What comes back to the inbox is beside it.
  if (isSnoozedBox(m)) return 0.5;
  const index = ORDER.indexOf(m.role);
  return index < 0 ? ORDER.length : index;
}

export function tree(all: Mailbox[], closed: ReadonlySet<Id>, name: (m: Mailbox) => string): Node[] {
  const known = new Set(all.map((m) => m.id));
  const below = new Map<Id | null, Mailbox[]>();
  for (const m of all) {
    const parent = m.parentId !== null && known.has(m.parentId) ? m.parentId : null;
    below.set(parent, [...(below.get(parent) ?? []), m]);
  }
  const out: Node[] = [];
  const add = (parent: Id | null, depth: number): void => {
    const here = (below.get(parent) ?? []).sort((a, b) => rank(a) - rank(b) || a.sortOrder - b.sortOrder || name(a).localeCompare(name(b)));
    for (const mailbox of here) {
      const children = below.get(mailbox.id)?.length ?? 0;
      out.push({ mailbox, depth, children });
      if (children > 0 && !closed.has(mailbox.id) && depth < 60) add(mailbox.id, depth + 1);
    }
  };
  add(null, 0);
  return out;
}
