// Addresses to complete what is typed: from the mail that was seen here, from what the server finds in the rest, and from its directory.
import type { Address } from '../jmap/types';
import { sameAddress } from '../addresses';
import type { Mail } from './mail.svelte';
import type { People } from './people';

interface Known {
  address: Address;
  weight: number;
}

function matches(a: Address, wish: string): number {
  const email = a.email.toLowerCase();
  const name = (a.name ?? '').toLowerCase();
  if (email.startsWith(wish) || name.startsWith(wish)) return 3;
  if (name.split(/[\s,.-]+/).some((w) => w.startsWith(wish)) || email.split('@')[1]?.startsWith(wish)) return 2;
  return email.includes(wish) || name.includes(wish) ? 1 : 0;
}

export class Contacts {
  private known = new Map<string, Known>();
  private asked = new Set<string>();
  private seen = new Set<string>();
  constructor(
    private readonly mail: Mail,
    private readonly people: People | null,
  ) {}

  private add(a: Address, weight: number): void {
    if (!a.email.includes('@') || /no-?reply|do-?not-?reply|mailer-daemon|bounce/i.test(a.email)) return;
    const key = a.email.toLowerCase();
    const old = this.known.get(key);
    if (!old) this.known.set(key, { address: { name: a.name, email: a.email }, weight });
    else {
      old.weight += weight;
      if (!old.address.name && a.name) old.address.name = a.name;
    }
  }
  private learn(): void {
    const own = this.mail.ownAddresses;
    for (const [id, email] of this.mail.emails) {
      if (this.seen.has(id)) continue;
      this.seen.add(id);
      const sent = own.some((o) => sameAddress(o, email.from?.[0]?.email ?? ''));
      for (const a of email.from ?? []) if (!sent) this.add(a, 1);
      // Whom somebody wrote to counts for more than who wrote.
      for (const a of email.to ?? []) if (!own.some((o) => sameAddress(o, a.email))) this.add(a, sent ? 5 : 0.2);
    }
  }

  find(wish: string, without: Address[]): Address[] {
    this.learn();
    const text = wish.trim().toLowerCase();
    if (!text) return [];
    return [...this.known.values()]
      .map((k) => ({ ...k, match: matches(k.address, text) }))
      .filter((k) => k.match > 0 && !without.some((a) => sameAddress(a.email, k.address.email)))
      .sort((a, b) => b.match * 10 + Math.min(9, b.weight) - (a.match * 10 + Math.min(9, a.weight)))
      .slice(0, 8)
      .map((k) => k.address);
  }

  // What the server knows beyond that. True when it was asked.
  async ask(wish: string): Promise<boolean> {
    const text = wish.trim().toLowerCase();
    if (text.length < 2 || this.asked.has(text)) return false;
    this.asked.add(text);
    const batch = this.mail.client.batch();
    const found = batch.call('Email/query', {
      filter: { operator: 'OR', conditions: [{ from: text }, { to: text }, { cc: text }] },
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: 40,
    });
    const got = batch.call('Email/get', { '#ids': found.ref('/ids'), properties: ['from', 'to', 'cc'] });
    const [colleagues] = await Promise.all([this.people?.find(text, 10) ?? [], batch.send()]);
    for (const p of colleagues) if (p.email) this.add({ name: p.name === p.email ? null : p.name, email: p.email }, 3);
    for (const email of got.value.list) for (const a of [...(email.from ?? []), ...(email.to ?? []), ...(email.cc ?? [])]) if (matches(a, text) > 0) this.add(a, 0.5);
    return true;
  }
}
