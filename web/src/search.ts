// What people type into the search field, as a filter of Email/query (RFC 8621 4.4.1).
import type { Filter, Id } from './jmap/types';

export interface Folder {
  id: Id;
  name: string;
  role: string | null;
}

// Words, "several words", and operator:word or operator:"several words"; a minus before any of them turns it round.
export function tokens(text: string): { not: boolean; operator: string; value: string; quoted: boolean }[] {
  const out = [];
  const pattern = /(-?)(?:(\p{L}+):)?(?:"([^"]*)"?|(\S+))/gu;
  for (const match of text.matchAll(pattern)) {
    const value = match[3] ?? match[4] ?? '';
    out.push({ not: match[1] === '-', operator: (match[2] ?? '').toLowerCase(), value, quoted: match[3] !== undefined });
  }
  return out;
}

// A day, or how long ago: 2026-01-31, 2026-01, 2026, 7d, 2w, 3m, 1y.
export function day(text: string, now: Date): Date | null {
  const ago = /^(\d{1,4})([dwmy])$/.exec(text);
  if (ago) {
    const n = Number(ago[1]);
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate());
    if (ago[2] === 'd') date.setDate(date.getDate() - n);
    else if (ago[2] === 'w') date.setDate(date.getDate() - 7 * n);
    else if (ago[2] === 'm') date.setMonth(date.getMonth() - n);
    else date.setFullYear(date.getFullYear() - n);
    return date;
  }
  const written = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/.exec(text);
  if (!written) return null;
  const date = new Date(Number(written[1]), Number(written[2] ?? 1) - 1, Number(written[3] ?? 1));
  return Number.isNaN(date.getTime()) ? null : date;
}

function octets(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(text);
  if (!match) return null;
  return Math.round(Number(match[1]) * 1000 ** ['', 'k', 'm', 'g'].indexOf(match[2]!.toLowerCase()));
}

function quotedText(token: { value: string; quoted: boolean }): string {
  return token.quoted ? `"${token.value}"` : token.value;
}

export function parseSearch(text: string, folders: Folder[], now = new Date()): Filter | null {
  const all: Filter[] = [];
  for (const token of tokens(text)) {
    const one = condition(token, folders, now);
    if (one) all.push(token.not ? { operator: 'NOT', conditions: [one] } : one);
  }
  if (all.length === 0) return null;
  return all.length === 1 ? all[0]! : { operator: 'AND', conditions: all };
}

function condition(token: { operator: string; value: string; quoted: boolean }, folders: Folder[], now: Date): Filter | null {
  const { operator, value } = token;
  const wanted = value.toLowerCase();
  switch (operator) {
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
    case 'body':
      return value ? { [operator]: quotedText(token) } : null;
    case 'has':
      if (wanted.startsWith('attach') || wanted === 'file') return { hasAttachment: true };
      if (wanted === 'flag' || wanted === 'star') return { hasKeyword: '$flagged' };
      break;
    case 'is':
      if (wanted === 'unread' || wanted === 'unseen') return { notKeyword: '$seen' };
      if (wanted === 'read' || wanted === 'seen') return { hasKeyword: '$seen' };
      if (wanted === 'flagged' || wanted === 'starred') return { hasKeyword: '$flagged' };
      if (wanted === 'answered' || wanted === 'replied') return { hasKeyword: '$answered' };
      if (wanted === 'forwarded') return { hasKeyword: '$forwarded' };
      if (wanted === 'draft') return { hasKeyword: '$draft' };
      break;
    case 'in': {
      if (wanted === 'anywhere' || wanted === 'all') return null;
      const folder = folders.find((f) => f.role === wanted || f.name.toLowerCase() === wanted) ?? folders.find((f) => f.name.toLowerCase().startsWith(wanted));
      if (folder) return { inMailbox: folder.id };
      break;
    }
    case 'before':
    case 'after': {
      const date = day(wanted, now);
      if (date) return { [operator]: date.toISOString().replace(/\.\d+Z$/, 'Z') };
      break;
    }
    case 'larger':
    case 'smaller': {
      const n = octets(value);
      if (n !== null) return { [operator === 'larger' ? 'minSize' : 'maxSize']: n };
      break;
    }
    case '':
      return value ? { text: quotedText(token) } : null;
  }
  // No operator that we know: words with a colon in them.
  return { text: `"${operator}:${value}"` };
}

// Searches look everywhere but in what was thrown away, unless they name a folder.
export function searchFilter(text: string, folders: Folder[], now = new Date()): Filter | null {
  const filter = parseSearch(text, folders, now);
  if (!filter) return null;
  if (tokens(text).some((token) => token.operator === 'in')) return filter;
  const away = folders.filter((f) => f.role === 'trash' || f.role === 'junk').map((f) => f.id);
  return away.length > 0 ? { operator: 'AND', conditions: [filter, { inMailboxOtherThan: away }] } : filter;
}
