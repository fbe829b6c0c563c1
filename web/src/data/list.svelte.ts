// The ids of a query, as far as they were looked at: its beginning without gaps, and windows further down. A folder of a million
// messages costs what is seen of it.
import type { Filter, Id, QueryChangesResponse } from '../jmap/types';

export interface ListQuery {
  filter: Filter | null;
  sort: { property: string; isAscending: boolean; keyword?: string }[];
  collapseThreads: boolean;
}

export interface KeptList {
  ids: Id[];
  total: number;
  state: string;
}

export const WINDOW = 50;
export const KEPT = 200;
// So many windows are asked for at once. Who pulls the bar passes more of them than anybody can see.
const AT_ONCE = 2;

export class MailList {
  total = $state(0);
  // Whether anything was heard of it: from the server or from the last time.
  known = $state(false);
  failed = $state('');
  // Goes up with every change of the ids.
  version = $state(0);
  state = '';
  prefix: Id[] = [];
  private far = new Map<number, Id>();
  private asked = new Set<number>();
  // What was wanted last, when too much was under way.
  private wanted: [number, number] | null = null;

  constructor(
    readonly key: string,
    readonly query: ListQuery,
    private readonly fetch: (list: MailList, position: number, limit: number) => Promise<void>,
  ) {}

  at(index: number): Id | undefined {
    void this.version;
    return index < this.prefix.length ? this.prefix[index] : this.far.get(index);
  }
  // -1: not among what was looked at.
  indexOf(id: Id): number {
    const index = this.prefix.indexOf(id);
    if (index >= 0) return index;
    for (const [i, one] of this.far) if (one === id) return i;
    return -1;
  }

  // Asks for what is missing of [from, to). Of what is wanted while others are under way, the last counts.
  ensure(from: number, to: number): void {
    this.wanted = null;
    const end = Math.min(to, this.known ? this.total : WINDOW);
    for (let page = Math.floor(Math.max(0, from) / WINDOW); page * WINDOW < end; ++page) {
      const begin = page * WINDOW;
      if (this.asked.has(page)) continue;
      let missing = false;
      for (let i = Math.max(begin, from); i < Math.min(begin + WINDOW, end) && !missing; ++i) missing = this.at(i) === undefined;
      if (!missing && this.known) continue;
      if (this.asked.size >= AT_ONCE) {
        this.wanted = [from, to];
        return;
      }
      this.asked.add(page);
      void this.fetch(this, begin, WINDOW).finally(() => {
        this.asked.delete(page);
        if (this.wanted) this.ensure(...this.wanted);
      });
    }
  }

  // A window of the state that the list is at.
  add(position: number, ids: Id[], total: number): void {
    if (position <= this.prefix.length) {
      // What stands behind it stays.
      for (let i = 0; i < ids.length; ++i) this.prefix[position + i] = ids[i]!;
      // A window that was looked at before may follow now.
      for (let next = this.far.get(this.prefix.length); next !== undefined; next = this.far.get(this.prefix.length)) {
        this.far.delete(this.prefix.length);
        this.prefix.push(next);
      }
    } else {
      ids.forEach((id, i) => this.far.set(position + i, id));
    }
    this.total = total;
    this.known = true;
    this.failed = '';
    this.version++;
  }

  // Everything anew: the first window of another state.
  reset(ids: Id[], total: number, state: string): void {
    this.prefix = [];
    this.far.clear();
    this.state = state;
    this.add(0, ids, total);
  }

  // RFC 8620 5.6: what was removed goes first, then what was added comes in, in the order of its place. Windows further down are asked
  // for again when they are looked at.
  apply(changes: QueryChangesResponse): void {
    const removed = new Set(changes.removed);
    const ids = removed.size > 0 ? this.prefix.filter((id) => !removed.has(id)) : [...this.prefix];
    for (const { id, index } of changes.added) if (index <= ids.length) ids.splice(index, 0, id);
    const changed = removed.size > 0 || changes.added.length > 0;
    this.state = changes.newQueryState;
    if (changes.total !== undefined) this.total = changes.total;
    if (!changed) return;
    this.prefix = ids.slice(0, this.total);
    this.far.clear();
    this.version++;
  }

  // Before the server has said so.
  leaveOut(gone: ReadonlySet<Id>): void {
    const before = this.prefix.length + this.far.size;
    this.prefix = this.prefix.filter((id) => !gone.has(id));
    const far = [...this.far].sort((a, b) => a[0] - b[0]);
    this.far.clear();
    let shift = before - far.length - this.prefix.length;
    for (const [index, id] of far) {
      if (gone.has(id)) shift++;
      else this.far.set(index - shift, id);
    }
    this.total -= before - this.prefix.length - this.far.size;
    this.version++;
  }

  // How it was before something was left out of it.
  snapshot(): KeptList {
    return { ids: [...this.prefix], total: this.total, state: this.state };
  }
  kept(): KeptList {
    return { ids: this.prefix.slice(0, KEPT), total: this.total, state: this.state };
  }
  restore(kept: KeptList): void {
    this.reset(kept.ids, kept.total, kept.state);
  }
}
