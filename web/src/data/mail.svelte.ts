// An account's mail as the page knows it, and how it follows the server: one request asks for the changes of mailboxes, emails and
// the list in view since the states it has (RFC 8620 5.2, 5.6), so a second start transfers what changed and nothing else.
import { ASKERS } from '../mail/receipt';
import { SvelteMap } from 'svelte/reactivity';
import { Client, MethodError, type Batch, type Call } from '../jmap/client';
import type { Address, Email, EmailBody, EmailSubmission, Id, Identity, JmapSession, Mailbox, Quota, Role, SetError, SetResponse, Thread } from '../jmap/types';
import { SignedOut } from '../session';
import { Db } from './db';
import { KEPT, MailList, WINDOW, type KeptList, type ListQuery } from './list.svelte';

export const LINE = ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'from', 'to', 'subject', 'hasAttachment', 'preview', 'snoozed'];
const FLAGS = ['id', 'threadId', 'keywords', 'mailboxIds', 'snoozed'];
const BODY = ['id', 'sender', 'cc', 'bcc', 'replyTo', 'sentAt', 'messageId', 'inReplyTo', 'references', 'textBody', 'htmlBody', 'attachments', 'bodyValues', ASKERS];
const PARTS = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'];
export const IDENTITY = ['id', 'name', 'email', 'replyTo', 'bcc', 'textSignature', 'htmlSignature', 'mayDelete', 'sendRight'];
const MAX_BODY = 1 << 20;
const MAX_CHANGES = 400;
const IN_VIEW = 20; // lines that a first view waits for

interface KeptStart {
  session: JmapSession;
  account: Id;
  mailboxes: Mailbox[];
  mailboxState: string;
  emailState: string;
  identities: Identity[];
}

// A mail that the server sends when its time has come.
export interface Waiting {
  id: Id;
  emailId: Id;
  identityId: Id;
  sendAt: string;
  from: string;
  to: Address[];
}

export type Patch = Record<string, unknown>;

export class Mail {
  mailboxes = $state.raw<Mailbox[]>([]);
  identities = $state.raw<Identity[]>([]);
  quotas = $state.raw<Quota[]>([]);
  // Soonest first.
  waiting = $state.raw<Waiting[]>([]);
  online = $state(true);
  // The first answer of the server has come.
  fresh = $state(false);
  list = $state.raw<MailList | null>(null);
  readonly emails = new SvelteMap<Id, Email>();
  readonly threads = new SvelteMap<Id, Id[]>();
  readonly bodies = new SvelteMap<Id, EmailBody>();
  // Called with what has arrived since the last time.
  arrived: ((emails: Email[]) => void) | undefined;
  // Called with the session when it has become another one.
  renewed: ((session: JmapSession) => void) | undefined;

  private mailboxState = '';
  private emailState = '';
  private lists = new Map<string, MailList>();
  private syncing: Promise<void> | null = null;
  private again = false;
  private due: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    readonly client: Client,
    readonly db: Db,
    // The reader's own account: others have neither identities nor submissions for him.
    readonly own = true,
  ) {}

  // Those of the reader himself, none of others who let him send as them.
  get ownAddresses(): string[] {
    return this.identities.filter((i) => (i.sendRight ?? 'own') === 'own').map((i) => i.email.toLowerCase());
  }
  async refreshIdentities(): Promise<void> {
    if (this.own) this.identities = (await this.client.one('Identity/get', { ids: null, properties: IDENTITY })).list;
  }

  get name(): string {
    return this.client.session.accounts[this.client.account]?.name ?? '';
  }

  // With what was kept of the last time, if anything was; the server is asked by sync().
  static async start(user: string, offline: boolean): Promise<Mail> {
    const db = await Db.open(user.toLowerCase());
    const kept = await db.get<KeptStart>('start');
    if (!kept) {
      if (offline) throw new TypeError('nothing kept');
      const session = await Client.sessionObject();
      return new Mail(new Client(session, session.primaryAccounts['urn:ietf:params:jmap:mail']!), db);
    }
    const mail = new Mail(new Client(kept.session, kept.account), db);
    mail.restore(kept);
    return mail;
  }
  // An account of somebody else, who shares something of it.
  static async ofOther(user: string, session: JmapSession, account: Id): Promise<Mail> {
    const db = await Db.open(`${user.toLowerCase()}/${account}`);
    const mail = new Mail(new Client(session, account), db, false);
    const kept = await db.get<KeptStart>('start');
    if (kept) mail.restore(kept);
    return mail;
  }
  private restore(kept: KeptStart): void {
    this.mailboxes = kept.mailboxes;
    this.mailboxState = kept.mailboxState;
    this.emailState = kept.emailState;
    this.identities = kept.identities;
  }

  private keep(): void {
    const start: KeptStart = {
      session: $state.snapshot(this.client.session) as JmapSession,
      account: this.client.account,
      mailboxes: this.mailboxes,
      mailboxState: this.mailboxState,
      emailState: this.emailState,
      identities: this.identities,
    };
    const entries: Record<string, unknown> = { start };
    if (this.list?.known && this.list.state) entries[`list:${this.list.key}`] = this.list.kept();
    void this.db.put(entries);
  }

  mailbox(id: Id): Mailbox | undefined {
    return this.mailboxes.find((m) => m.id === id);
  }
  withRole(role: Role): Mailbox | undefined {
    return this.mailboxes.find((m) => m.role === role);
  }
  // Folders with a role that are not there yet are made when they are needed.
  async roleMailbox(role: Role, name: string): Promise<Mailbox> {
    const there = this.withRole(role) ?? this.mailboxes.find((m) => m.parentId === null && m.role === null && m.name.toLowerCase() === name.toLowerCase());
    if (there) return there;
    const set = await this.run((batch) => batch.call('Mailbox/set', { create: { m: { name, role, isSubscribed: true } } }));
    const id = set.value.created?.['m']?.id;
    const made = this.mailboxes.find((m) => m.id === id);
    if (!made) throw new Error(set.value.notCreated?.['m']?.type ?? 'Mailbox/set');
    return made;
  }

  // Shows a query: at once what is known of it, then what the server says.
  async show(query: ListQuery): Promise<void> {
    const key = JSON.stringify(query);
    let list = this.lists.get(key);
    if (!list) {
      list = new MailList(key, query, (l, position, limit) => this.fetchWindow(l, position, limit));
      this.lists.set(key, list);
      // Lists that were left are as good as forgotten.
      for (const old of this.lists.keys()) {
        if (this.lists.size <= 12) break;
        if (old !== key) this.lists.delete(old);
      }
    }
    this.list = list;
    if (!list.known) {
      const kept = await this.db.get<KeptList>(`list:${key}`);
      if (kept && !list.known) {
        await this.hydrate(kept.ids.slice(0, IN_VIEW));
        if (!list.known) {
          list.restore(kept);
          // The others, and what the browser has dropped of them.
          void this.hydrate(kept.ids)
            .then(() => this.completeThreads(kept.ids))
            .catch(() => undefined);
        }
      }
    }
    if (this.list === list) await this.sync();
  }

  // Lines from the browser's own store.
  async hydrate(ids: Id[]): Promise<void> {
    const missing = ids.filter((id) => !this.emails.has(id));
    if (missing.length === 0) return;
    const heads = await this.db.emails(missing);
    const threads = await this.db.threads([...new Set(heads.map((e) => e.threadId))]);
    const others = await this.db.emails([...new Set(threads.flatMap((t) => t.emailIds))].filter((id) => !this.emails.has(id)));
    for (const email of [...heads, ...others]) if (!this.emails.has(email.id)) this.emails.set(email.id, email);
    for (const t of threads) if (!this.threads.has(t.id)) this.threads.set(t.id, t.emailIds);
  }

  private async fetchWindow(list: MailList, position: number, limit: number): Promise<void> {
    if (!list.known) return;
    try {
      for (let round = 0; round < 3; ++round) {
        const batch = this.client.batch();
        const calls = this.askWindow(batch, list.query, position, limit);
        await batch.send();
        const answer = calls.query.value;
        this.takeWindow(calls, position < KEPT);
        if (answer.queryState === list.state || list !== this.list) {
          list.add(position, answer.ids, answer.total ?? list.total);
          await this.completeThreads(answer.ids);
          return;
        }
        // The list is at another state than this window: what lies between is asked for first.
        await this.sync();
      }
    } catch (e) {
      this.failed(e, list);
    }
  }

  private askWindow(batch: Batch, query: ListQuery, position: number, limit: number) {
    const found = batch.call('Email/query', { ...query, position, limit, calculateTotal: true });
    const heads = batch.call('Email/get', { '#ids': found.ref('/ids'), properties: query.collapseThreads ? ['id', 'threadId'] : LINE });
    if (!query.collapseThreads) return { query: found, heads };
    const threads = batch.call('Thread/get', { '#ids': heads.ref('/list/*/threadId') });
    const all = batch.call('Email/get', { '#ids': threads.ref('/list/*/emailIds'), properties: LINE });
    return { query: found, heads, threads, all };
  }
  // `keep`: ids of windows further down are not kept, so lines of them are not either, until somebody reads them.
  private takeWindow(calls: { threads?: Call<'Thread/get'>; all?: Call<'Email/get'>; heads: Call<'Email/get'> }, keep = true): void {
    const threads = calls.threads?.error ? [] : (calls.threads?.value.list ?? []);
    const full = calls.all && !calls.all.error ? calls.all.value.list : calls.all ? [] : calls.heads.value.list;
    this.take(full, threads, keep);
  }

  // Conversations with more emails than one call may get.
  private async completeThreads(ids: Id[]): Promise<void> {
    const missing = ids.filter((id) => !this.emails.has(id));
    if (missing.length === 0) return;
    const got = await this.client.one('Email/get', { ids: missing, properties: LINE });
    this.take(got.list, []);
    if (this.list) this.list.version++;
  }

  private take(emails: Email[], threads: Thread[], keep = true): void {
    for (const email of emails) this.emails.set(email.id, email);
    for (const t of threads) this.threads.set(t.id, t.emailIds);
    if (keep && (emails.length > 0 || threads.length > 0)) void this.db.putMail(emails, threads);
  }

  // Everything that changed. One at a time; who asks meanwhile gets another round.
  sync(): Promise<void> {
    if (this.syncing) {
      this.again = true;
      return this.syncing.catch(() => undefined);
    }
    this.syncing = (async () => {
      try {
        do {
          this.again = false;
          await this.round();
        } while (this.again);
        this.online = true;
        this.fresh = true;
      } catch (e) {
        this.failed(e, this.list);
      } finally {
        this.syncing = null;
      }
    })();
    return this.syncing;
  }

  private failed(e: unknown, list: MailList | null): void {
    if (e instanceof SignedOut) return;
    if (!this.own && e instanceof MethodError && e.type === 'accountNotFound') {
      // Nothing of it is shared any more.
      void Client.sessionObject().then(this.renewed, () => undefined);
      return;
    }
    if (e instanceof TypeError) this.online = false;
    else if (list && e instanceof MethodError) list.failed = e.type;
    if (!(e instanceof TypeError)) console.error(e);
  }

  private async round(): Promise<void> {
    const list = this.list;
    const batch = this.client.batch();
    const ask = this.askChanges(batch, list);
    await batch.send();
    await this.takeChanges(ask, list);
  }

  // Puts the calls of a round into a batch; an action's own calls may stand before them.
  private askChanges(batch: Batch, list: MailList | null) {
    const mailboxes = this.mailboxState ? batch.call('Mailbox/changes', { sinceState: this.mailboxState, maxChanges: MAX_CHANGES }) : undefined;
    const boxes = mailboxes
      ? [batch.call('Mailbox/get', { '#ids': mailboxes.ref('/created') }), batch.call('Mailbox/get', { '#ids': mailboxes.ref('/updated') })]
      : [batch.call('Mailbox/get', { ids: null })];
    // Once for each start of the page: what others grant comes and goes.
    const identities = this.own && (!this.fresh || this.identities.length === 0) ? batch.call('Identity/get', { ids: null, properties: IDENTITY }) : undefined;
    const waiting = this.own ? this.askWaiting(batch) : undefined;
    const emails = this.emailState ? batch.call('Email/changes', { sinceState: this.emailState, maxChanges: MAX_CHANGES }) : undefined;
    const created = emails && batch.call('Email/get', { '#ids': emails.ref('/created'), properties: LINE });
    const threads = created && batch.call('Thread/get', { '#ids': created.ref('/list/*/threadId') });
    const updated = emails && batch.call('Email/get', { '#ids': emails.ref('/updated'), properties: FLAGS });
    const state = emails ? undefined : batch.call('Email/get', { ids: [], properties: ['id'] });
    let changes: Call<'Email/queryChanges'> | undefined;
    let added: Call<'Email/get'> | undefined;
    let addedThreads: Call<'Thread/get'> | undefined;
    let window: ReturnType<Mail['askWindow']> | undefined;
    if (list?.state) {
      changes = batch.call('Email/queryChanges', {
        ...list.query,
        sinceQueryState: list.state,
        upToId: list.prefix.at(-1) ?? null,
        maxChanges: MAX_CHANGES,
        calculateTotal: true,
      });
      added = batch.call('Email/get', { '#ids': changes.ref('/added/*/id'), properties: LINE });
      addedThreads = batch.call('Thread/get', { '#ids': added.ref('/list/*/threadId') });
    } else if (list) {
      window = this.askWindow(batch, list.query, 0, WINDOW);
    }
    return { mailboxes, boxes, identities, waiting, emails, created, threads, updated, state, changes, added, addedThreads, window };
  }

  private askWaiting(batch: Batch) {
    const found = batch.call('EmailSubmission/query', { filter: { undoStatus: 'pending' }, sort: [{ property: 'sentAt', isAscending: true }] });
    const got = batch.call('EmailSubmission/get', { '#ids': found.ref('/ids'), properties: ['identityId', 'emailId', 'sendAt', 'envelope'] });
    return { got, emails: batch.call('Email/get', { '#ids': got.ref('/list/*/emailId'), properties: LINE }) };
  }
  private takeWaiting(list: EmailSubmission[], emails: Email[]): void {
    this.take(emails, []);
    const before = JSON.stringify(this.waiting);
    const now = list.map((s) => ({
      id: s.id,
      emailId: s.emailId,
      identityId: s.identityId,
      sendAt: s.sendAt,
      from: s.envelope.mailFrom.email,
      to: s.envelope.rcptTo.map((r) => ({ name: null, email: r.email })),
    }));
    if (JSON.stringify(now) !== before) this.waiting = now;
    clearTimeout(this.due);
    const first = now[0];
    // The server notes that it is gone when somebody looks. A timer cannot be set for more than 24 days.
    if (first) this.due = setTimeout(() => void this.sync(), Math.min(Math.max(new Date(first.sendAt).getTime() - Date.now(), 0) + 1500, 86_400_000));
  }
  // For how many seconds the server keeps a mail back (RFC 8621 1.3.2); 0: it does not.
  get longestWait(): number {
    const submission = this.client.session.accounts[this.client.account]?.accountCapabilities['urn:ietf:params:jmap:submission'] as { maxDelayedSend?: number } | undefined;
    return submission?.maxDelayedSend ?? 0;
  }
  get snoozes(): boolean {
    return this.own && 'urn:gatepost:params:jmap:snooze' in this.client.session.capabilities;
  }
  stop(): void {
    clearTimeout(this.due);
    this.db.close();
  }

  private async takeChanges(ask: ReturnType<Mail['askChanges']>, list: MailList | null): Promise<void> {
    if ([ask.mailboxes, ask.emails].some((call) => call?.error?.type === 'cannotCalculateChanges')) return this.beginAnew();
    if (ask.identities && !ask.identities.error) this.identities = ask.identities.value.list;
    if (ask.waiting && !ask.waiting.got.error) this.takeWaiting(ask.waiting.got.value.list, ask.waiting.emails.error ? [] : ask.waiting.emails.value.list);
    await this.takeMailboxes(ask);
    const fresh: Email[] = [];
    if (ask.emails) {
      const changes = ask.emails.value;
      const created = ask.created!.value.list;
      const updated = ask.updated!.value.list;
      this.take(created, ask.threads!.error ? [] : ask.threads!.value.list);
      for (const u of updated) {
        const old = this.emails.get(u.id);
        if (old) this.emails.set(u.id, { ...old, keywords: u.keywords, mailboxIds: u.mailboxIds, snoozed: u.snoozed ?? null });
      }
      for (const id of changes.destroyed) this.drop(id);
      void this.db.patchMail(updated, changes.destroyed);
      this.emailState = changes.newState;
      if (changes.hasMoreChanges) this.again = true;
      if (this.fresh) fresh.push(...created);
    } else if (ask.state) {
      this.emailState = ask.state.value.state;
    }
    if (list && ask.changes) {
      if (ask.changes.error) {
        // Too much has changed: the list is looked at anew.
        list.state = '';
        this.again = true;
      } else {
        if (!ask.added!.error) this.take(ask.added!.value.list, ask.addedThreads!.error ? [] : ask.addedThreads!.value.list);
        list.apply(ask.changes.value);
        await this.completeRows(list);
      }
    } else if (list && ask.window) {
      const answer = ask.window.query.value;
      this.takeWindow(ask.window);
      list.reset(answer.ids, answer.total ?? 0, answer.queryState);
      await this.completeThreads(answer.ids);
    }
    this.keep();
    if (fresh.length > 0) this.arrived?.(fresh);
    if (this.client.sessionIsOld) {
      this.client.sessionIsOld = false;
      this.client.session = await Client.sessionObject();
      this.renewed?.(this.client.session);
    }
  }

  // Conversations in view whose other emails nobody has asked for yet.
  private async completeRows(list: MailList): Promise<void> {
    const wanted = new Set<Id>();
    for (const id of list.prefix.slice(0, WINDOW)) {
      const email = this.emails.get(id);
      if (!email) continue;
      for (const other of this.threads.get(email.threadId) ?? []) if (!this.emails.has(other)) wanted.add(other);
    }
    if (wanted.size === 0) return;
    const got = await this.client.one('Email/get', { ids: [...wanted].slice(0, 500), properties: LINE });
    this.take(got.list, []);
  }

  // More of them than the server gives at once (RFC 8620 5.1). What changes meanwhile shows in the changes since this state.
  private async manyMailboxes(): Promise<{ list: Mailbox[]; state: string }> {
    const core = this.client.session.capabilities['urn:ietf:params:jmap:core'] as { maxObjectsInGet: number };
    const first = this.client.batch();
    const now = first.call('Mailbox/get', { ids: [] });
    const found = first.call('Mailbox/query', {});
    await first.send();
    const ids = found.value.ids;
    const batch = this.client.batch();
    const pages: Call<'Mailbox/get'>[] = [];
    for (let i = 0; i < ids.length; i += core.maxObjectsInGet) pages.push(batch.call('Mailbox/get', { ids: ids.slice(i, i + core.maxObjectsInGet) }));
    await batch.send();
    return { list: pages.flatMap((page) => page.value.list), state: now.value.state };
  }

  private async takeMailboxes(ask: ReturnType<Mail['askChanges']>): Promise<void> {
    if (!ask.mailboxes) {
      const all = ask.boxes[0]!;
      const got = all.error?.type === 'requestTooLarge' ? await this.manyMailboxes() : all.value;
      this.mailboxes = got.list;
      this.mailboxState = got.state;
      return;
    }
    const changes = ask.mailboxes.value;
    this.mailboxState = changes.newState;
    if (changes.hasMoreChanges) this.again = true;
    const news = ask.boxes.flatMap((call) => call.value.list);
    if (news.length === 0 && changes.destroyed.length === 0) return;
    const all = new Map(this.mailboxes.map((m) => [m.id, m]));
    for (const id of changes.destroyed) all.delete(id);
    for (const m of news) all.set(m.id, m);
    this.mailboxes = [...all.values()];
  }

  private drop(id: Id): void {
    const email = this.emails.get(id);
    if (!email) return;
    const left = this.threads.get(email.threadId)?.filter((other) => other !== id);
    if (left && left.length > 0) this.threads.set(email.threadId, left);
    else this.threads.delete(email.threadId);
    this.emails.delete(id);
    this.bodies.delete(id);
  }

  private async beginAnew(): Promise<void> {
    await this.db.forgetMail();
    this.mailboxState = this.emailState = '';
    this.lists.clear();
    if (this.list) {
      this.list.state = '';
      this.lists.set(this.list.key, this.list);
    }
    this.again = true;
  }

  // The emails of a conversation, oldest first.
  async loadThread(threadId: Id): Promise<Id[]> {
    let ids = this.threads.get(threadId);
    if (!ids) {
      ids = (await this.db.threads([threadId]))[0]?.emailIds;
      if (ids) this.threads.set(threadId, ids);
    }
    if (!ids) {
      const batch = this.client.batch();
      const thread = batch.call('Thread/get', { ids: [threadId] });
      const all = batch.call('Email/get', { '#ids': thread.ref('/list/*/emailIds'), properties: LINE });
      await batch.send();
      this.take(all.value.list, thread.value.list);
      return this.threads.get(threadId) ?? [];
    }
    const missing = ids.filter((id) => !this.emails.has(id));
    if (missing.length > 0) {
      for (const email of await this.db.emails(missing)) this.emails.set(email.id, email);
      const ask = ids.filter((id) => !this.emails.has(id));
      if (ask.length > 0) this.take((await this.client.one('Email/get', { ids: ask, properties: LINE })).list, []);
    }
    return ids;
  }

  // What a message says, from here or from the server. What is kept is put among what was read last.
  async loadBodies(ids: Id[]): Promise<void> {
    const missing: Id[] = [];
    for (const id of ids) {
      if (this.bodies.has(id)) continue;
      const kept = await this.db.body(id);
      if (kept) this.bodies.set(id, kept);
      else missing.push(id);
    }
    for (let i = 0; i < missing.length; i += 50) {
      const got = await this.client.one('Email/get', {
        ids: missing.slice(i, i + 50),
        properties: BODY,
        bodyProperties: PARTS,
        fetchTextBodyValues: true,
        fetchHTMLBodyValues: true,
        maxBodyValueBytes: MAX_BODY,
      });
      for (const body of got.list) this.bodies.set(body.id, body);
      void this.db.putBodies(got.list);
      const lines = got.list.flatMap(({ id }) => this.emails.get(id) ?? []);
      void this.db.putMail(lines, lines.flatMap(({ threadId: id }) => ({ id, emailIds: this.threads.get(id) ?? [] })).filter((one) => one.emailIds.length > 0));
    }
    // What is in memory beyond need goes, the oldest first.
    for (const id of this.bodies.keys()) {
      if (this.bodies.size <= 300) break;
      if (!ids.includes(id)) this.bodies.delete(id);
    }
  }

  // Changes emails, here at once and then there; in the same request the round that tells what came of it. Throws when the server or the
  // network refuse, after the change here was taken back.
  async update(patches: Map<Id, Patch>, destroy: Id[] = []): Promise<void> {
    const before = new Map<Id, Email>();
    for (const [id, patch] of patches) {
      const email = this.emails.get(id);
      if (!email) continue;
      before.set(id, email);
      this.emails.set(id, patched(email, patch));
    }
    const gone = this.leaving(patches, destroy);
    const list = this.list;
    const shown = list?.snapshot();
    if (gone.size > 0) list?.leaveOut(gone);
    try {
      // No round may begin before this, or it would show what was.
      while (this.syncing) await this.syncing.catch(() => undefined);
      let refused: SetError | undefined;
      const all = [...patches];
      const run = async (): Promise<void> => {
        for (let i = 0; i === 0 || i < Math.max(all.length, destroy.length); i += 500) {
          const batch = this.client.batch();
          const part = all.slice(i, i + 500);
          const set = batch.call('Email/set', {
            ...(part.length > 0 ? { update: Object.fromEntries(part) } : {}),
            ...(destroy.length > i ? { destroy: destroy.slice(i, i + 500) } : {}),
          });
          const last = i + 500 >= Math.max(all.length, destroy.length);
          const ask = last ? this.askChanges(batch, list) : undefined;
          await batch.send();
          refused ??= firstRefusal(set.value);
          if (ask) await this.takeChanges(ask, list);
        }
      };
      this.syncing = run().finally(() => (this.syncing = null));
      await this.syncing;
      if (this.again) void this.sync();
      if (refused && refused.type !== 'notFound') throw new MethodError(refused.type, 'Email/set', refused.description);
    } catch (e) {
      for (const [id, email] of before) this.emails.set(id, email);
      // Unless a round has moved it on meanwhile.
      if (list && shown && gone.size > 0 && list.state === shown.state) list.restore(shown);
      void this.sync();
      throw e;
    }
  }

  // The folder that is listed; none: what a search found.
  get shownMailbox(): Id | undefined {
    return (this.list?.query.filter as { inMailbox?: Id } | null)?.inMailbox;
  }

  // Rows of the list that the change takes away from it.
  private leaving(patches: Map<Id, Patch>, destroy: Id[]): Set<Id> {
    const gone = new Set<Id>(destroy);
    const here = this.shownMailbox;
    for (const [id, patch] of patches) {
      const to = patch['mailboxIds'] as Record<Id, boolean> | undefined;
      if (to && here && !to[here]) gone.add(id);
      // What is put off goes into a folder of its own, and from there back.
      const box = here ? this.mailbox(here) : undefined;
      if ('snoozed' in patch && box && (patch['snoozed'] === null) === isSnoozedBox(box)) gone.add(id);
    }
    return gone;
  }

  // Other changes (folders, identities, drafts), followed by a round in the same request.
  async run<T>(put: (batch: Batch) => T): Promise<T> {
    while (this.syncing) await this.syncing.catch(() => undefined);
    const list = this.list;
    let out: T | undefined;
    const go = async (): Promise<void> => {
      const batch = this.client.batch();
      out = put(batch);
      const ask = this.askChanges(batch, list);
      await batch.send();
      await this.takeChanges(ask, list);
    };
    this.syncing = go().finally(() => (this.syncing = null));
    await this.syncing;
    if (this.again) void this.sync();
    return out as T;
  }
}

export function firstRefusal(answer: SetResponse): SetError | undefined {
  return [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((all) => Object.values(all ?? {}))[0];
}

// Where the server keeps what is put off.
export function isSnoozedBox(m: Mailbox): boolean {
  return m.role === null && m.parentId === null && m.name === 'Snoozed';
}

export function patched(email: Email, patch: Patch): Email {
  const out: Email = { ...email, keywords: { ...email.keywords } };
  for (const [path, value] of Object.entries(patch)) {
    if (path === 'mailboxIds') out.mailboxIds = value as Record<Id, boolean>;
    else if (path === 'snoozed') out.snoozed = value as NonNullable<Email['snoozed']> | null;
    else if (path.startsWith('keywords/')) {
      const keyword = path.slice('keywords/'.length).replaceAll('~1', '/').replaceAll('~0', '~');
      if (value) out.keywords[keyword] = true;
      else delete out.keywords[keyword];
    }
  }
  return out;
}
