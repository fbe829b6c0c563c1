// Addresses as people type and paste them: "Anna Smith <anna@example.org>, bert@example.org; ...".
import type { Address } from './jmap/types';

export function splitAddresses(text: string): string[] {
  const out: string[] = [];
  let begin = 0;
  let quoted = false;
  let angle = false;
  for (let i = 0; i <= text.length; ++i) {
    const c = text[i];
    if (c === '\\' && quoted) i++;
    else if (c === '"') quoted = !quoted;
    else if (c === '<' && !quoted) angle = true;
    else if (c === '>' && !quoted) angle = false;
    if (i >= text.length || (!quoted && !angle && (c === ',' || c === ';' || c === '\n'))) {
      const part = text.slice(begin, i).trim();
      if (part) out.push(part);
      begin = i + 1;
    }
  }
  return out;
}

export function parseAddress(text: string): Address {
  const match = /^(.*)<([^<>]*)>\s*$/s.exec(text.trim());
  if (!match) return { name: null, email: text.trim() };
  const name = match[1]!.trim().replace(/^"(.*)"$/s, (_, inner: string) => inner.replace(/\\(.)/gs, '$1')).trim();
  return { name: name || null, email: match[2]!.trim() };
}

// What the server would refuse is refused here first: a local part, one @, a domain.
export function isAddress(email: string): boolean {
  return /^[^\s@<>(),;:\\"[\]]+@[^\s@<>(),;:\\"[\]]+$/u.test(email) && email.length <= 254 && !/^\.|\.\.|\.@|@[.-]|\.$/.test(email);
}

export function sameAddress(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}

// Everybody once, and none of `without`.
export function unique(all: Address[], without: string[] = []): Address[] {
  const seen = new Set(without.map((a) => a.toLowerCase()));
  return all.filter(({ email }) => {
    const key = email.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
