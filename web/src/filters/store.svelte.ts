// The filters of one's own account: which script is in use, and whether it is the work of this page.
import type { Client } from '../jmap/client';
import type { SetResponse, SieveScript } from '../jmap/types';
import { firstRefusal } from '../data/mail.svelte';
import { fromScript, toScript, type Rule } from './rules';

const NAME = 'Filters';

export class Filters {
  ready = $state(false);
  rules = $state.raw<Rule[]>([]);
  // The script of somebody else that is in use.
  foreign = $state.raw<{ id: string; name: string; text: string } | null>(null);
  private own: { id: string; active: boolean } | null = null;
  private names: string[] = [];

  constructor(private readonly client: Client) {}

  private async text(script: SieveScript): Promise<string> {
    return (await this.client.download(script.blobId, 'script', 'application/sieve')).text();
  }

  async load(): Promise<void> {
    const got = await this.client.one('SieveScript/get', { ids: null });
    this.names = got.list.map((s) => s.name);
    this.foreign = null;
    this.own = null;
    this.rules = [];
    // The active one first: it counts when there are several of ours.
    for (const script of [...got.list].sort((a, b) => Number(b.isActive) - Number(a.isActive))) {
      if (this.own && !script.isActive) break;
      const text = await this.text(script);
      const rules = fromScript(text);
      if (rules && !this.own) {
        this.own = { id: script.id, active: script.isActive };
        this.rules = rules;
      } else if (!rules && script.isActive) {
        this.foreign = { id: script.id, name: script.name, text };
      }
    }
    this.ready = true;
  }

  private async upload(text: string): Promise<string> {
    return (await this.client.upload(new Blob([text], { type: 'application/sieve' }), () => undefined)).blobId;
  }
  private static check(set: SetResponse): void {
    const refused = firstRefusal(set);
    if (refused) throw new Error(refused.description ?? refused.type);
  }

  // Without rules nothing is run.
  async save(rules: Rule[]): Promise<void> {
    const blobId = await this.upload(toScript(rules));
    const use = (id: string): Record<string, unknown> => (rules.length > 0 ? { onSuccessActivateScript: id } : this.own?.active ? { onSuccessDeactivateScript: true } : {});
    if (this.own) {
      const id = this.own.id;
      Filters.check(await this.client.one('SieveScript/set', { update: { [id]: { blobId } }, ...use(id) }));
    } else {
      let name = NAME;
      for (let n = 2; this.names.includes(name); ++n) name = `${NAME} ${n}`;
      const set = await this.client.one('SieveScript/set', { create: { f: { name, blobId } }, ...use('#f') });
      Filters.check(set);
      this.own = { id: set.created!['f']!.id, active: false };
      this.names.push(name);
    }
    this.own = { id: this.own.id, active: rules.length > 0 };
    this.rules = rules;
  }

  // null: it is right.
  async validate(text: string): Promise<string | null> {
    const got = await this.client.one('SieveScript/validate', { blobId: await this.upload(text) });
    return got.error ? (got.error.description ?? got.error.type) : null;
  }
  async saveForeign(text: string): Promise<void> {
    const foreign = this.foreign!;
    Filters.check(await this.client.one('SieveScript/set', { update: { [foreign.id]: { blobId: await this.upload(text) } } }));
    this.foreign = { ...foreign, text };
  }
  async leaveForeign(): Promise<void> {
    if (this.own) Filters.check(await this.client.one('SieveScript/set', { onSuccessActivateScript: this.own.id }));
    else Filters.check(await this.client.one('SieveScript/set', { onSuccessDeactivateScript: true }));
    await this.load();
  }
}
