// What was seen before, kept in the browser (IndexedDB), one database for each account. Everything in it can be asked for again:
// when the browser refuses the database, the mail works without.
import type { Email, EmailBody, Id, Thread } from '../jmap/types';

const VERSION = 1;
// Beyond this many, the bodies read longest ago and the oldest lines are dropped at the next start.
const MAX_BODIES = 2000;
const MAX_EMAILS = 20_000;

export interface KeptBody {
  id: Id;
  read: number;
  body: EmailBody;
}

function done<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
  });
}
function finished(t: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    t.oncomplete = () => resolve();
    t.onabort = t.onerror = () => reject(t.error);
  });
}

let prepared: { name: string; db: Promise<Db> } | null = null;

export class Db {
  private constructor(private readonly db: IDBDatabase | null) {}

  // Opens it before it is asked for, while the server is asked whether it may be.
  static prepare(name: string): void {
    prepared = { name, db: Db.begin(name) };
  }
  static open(name: string): Promise<Db> {
    const db = prepared?.name === name ? prepared.db : Db.begin(name);
    prepared = null;
    return db;
  }
  private static async begin(name: string): Promise<Db> {
    try {
      const r = indexedDB.open(`gatepost:${name}`, VERSION);
      r.onupgradeneeded = () => {
        const db = r.result;
        for (const old of Array.from(db.objectStoreNames)) db.deleteObjectStore(old);
        db.createObjectStore('kv');
        db.createObjectStore('threads', { keyPath: 'id' });
        db.createObjectStore('emails', { keyPath: 'id' }).createIndex('receivedAt', 'receivedAt');
        db.createObjectStore('bodies', { keyPath: 'id' }).createIndex('read', 'read');
      };
      const db = await done(r);
      db.onversionchange = () => db.close();
      return new Db(db);
    } catch {
      return new Db(null);
    }
  }

  // Of everybody who was signed in here.
  static async forgetAll(): Promise<void> {
    const all = (await indexedDB.databases?.().catch(() => [])) ?? [];
    for (const { name } of all) if (name?.startsWith('gatepost:')) indexedDB.deleteDatabase(name);
  }
  close(): void {
    this.db?.close();
  }

  private async read<T>(store: string, run: (s: IDBObjectStore) => Promise<T>, otherwise: T): Promise<T> {
    if (!this.db) return otherwise;
    try {
      return await run(this.db.transaction(store).objectStore(store));
    } catch {
      return otherwise;
    }
  }
  private async write(stores: string[], run: (t: IDBTransaction) => void): Promise<void> {
    if (!this.db) return;
    try {
      const t = this.db.transaction(stores, 'readwrite');
      run(t);
      await finished(t);
    } catch {
      // No room, or the database is gone: the next start asks the server.
    }
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.read('kv', (s) => done<T | undefined>(s.get(key)), undefined);
  }
  put(entries: Record<string, unknown>): Promise<void> {
    return this.write(['kv'], (t) => {
      for (const [key, value] of Object.entries(entries)) t.objectStore('kv').put(value, key);
    });
  }

  emails(ids: Id[]): Promise<Email[]> {
    return this.read('emails', async (s) => (await Promise.all(ids.map((id) => done<Email | undefined>(s.get(id))))).filter((e) => e !== undefined), []);
  }
  threads(ids: Id[]): Promise<Thread[]> {
    return this.read('threads', async (s) => (await Promise.all(ids.map((id) => done<Thread | undefined>(s.get(id))))).filter((t) => t !== undefined), []);
  }
  putMail(emails: Email[], threads: Thread[]): Promise<void> {
    return this.write(['emails', 'threads'], (t) => {
      for (const email of emails) t.objectStore('emails').put(email);
      for (const thread of threads) t.objectStore('threads').put(thread);
    });
  }
  // What may change of an email, where it is kept, and what is gone.
  patchMail(updated: Pick<Email, 'id' | 'keywords' | 'mailboxIds' | 'snoozed'>[], destroyed: Id[]): Promise<void> {
    return this.write(['emails', 'bodies'], (t) => {
      const emails = t.objectStore('emails');
      for (const u of updated) {
        const r = emails.get(u.id) as IDBRequest<Email | undefined>;
        r.onsuccess = () => {
          if (r.result) emails.put({ ...r.result, keywords: u.keywords, mailboxIds: u.mailboxIds, snoozed: u.snoozed ?? null });
        };
      }
      for (const id of destroyed) {
        emails.delete(id);
        t.objectStore('bodies').delete(id);
      }
    });
  }

  async body(id: Id): Promise<EmailBody | undefined> {
    return (await this.read('bodies', (s) => done<KeptBody | undefined>(s.get(id)), undefined))?.body;
  }
  async knownBodies(ids: Id[]): Promise<Set<Id>> {
    const keys = await this.read('bodies', (s) => Promise.all(ids.map((id) => done(s.getKey(id)))), []);
    return new Set(keys.filter((k) => k !== undefined) as Id[]);
  }
  putBodies(bodies: EmailBody[]): Promise<void> {
    return this.write(['bodies'], (t) => {
      for (const body of bodies) t.objectStore('bodies').put({ id: body.id, read: Date.now(), body } satisfies KeptBody);
    });
  }

  // The states were lost: lines may be wrong, bodies cannot be.
  forgetMail(): Promise<void> {
    return this.write(['kv', 'emails', 'threads'], (t) => {
      for (const store of ['kv', 'emails', 'threads']) t.objectStore(store).clear();
    });
  }

  async tidy(): Promise<void> {
    await this.drop('bodies', 'read', MAX_BODIES);
    await this.drop('emails', 'receivedAt', MAX_EMAILS);
  }
  private drop(store: string, index: string, most: number): Promise<void> {
    return this.write([store], (t) => {
      const s = t.objectStore(store);
      const count = s.count();
      count.onsuccess = () => {
        let over = count.result - most;
        if (over <= 0) return;
        const cursor = s.index(index).openCursor();
        cursor.onsuccess = () => {
          if (!cursor.result || over-- <= 0) return;
          cursor.result.delete();
          cursor.result.continue();
        };
      };
    });
  }
}
