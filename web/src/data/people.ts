// The people, groups and rooms of the server's directory (RFC 9670).
import type { Id, Principal } from '../jmap/types';
import type { Mail } from './mail.svelte';

const PRINCIPALS = 'urn:ietf:params:jmap:principals';
const PROPERTIES = ['type', 'name', 'description', 'email'];

export class People {
  private byEmail = new Map<string, Promise<Principal | null>>();
  constructor(private readonly mail: Mail) {}

  get available(): boolean {
    return PRINCIPALS in this.mail.client.session.capabilities;
  }

  // Whose name, address or description has this text.
  async find(text: string, limit: number): Promise<Principal[]> {
    if (!this.available || !text.trim()) return [];
    return this.query({ text: text.trim() }, limit);
  }
  async get(ids: Id[]): Promise<Principal[]> {
    if (!this.available || ids.length === 0) return [];
    return (await this.mail.client.one('Principal/get', { ids, properties: PROPERTIES })).list;
  }
  // Null: nobody of ours. Asked once.
  at(email: string): Promise<Principal | null> {
    const key = email.toLowerCase();
    let found = this.byEmail.get(key);
    if (!found) {
      found = this.available ? this.query({ email: key }, 20).then((all) => all.find((p) => p.email?.toLowerCase() === key) ?? null) : Promise.resolve(null);
      found.catch(() => this.byEmail.delete(key));
      this.byEmail.set(key, found);
    }
    return found;
  }

  private async query(filter: Record<string, string>, limit: number): Promise<Principal[]> {
    const batch = this.mail.client.batch();
    const found = batch.call('Principal/query', { filter, sort: [{ property: 'name', isAscending: true }], limit });
    const got = batch.call('Principal/get', { '#ids': found.ref('/ids'), properties: PROPERTIES });
    await batch.send();
    return got.value.list;
  }
}
