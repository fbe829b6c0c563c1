// The page's state: who reads what, where, and with which windows open.
import { SvelteSet } from 'svelte/reactivity';
import { Actions, mailboxName } from './data/actions.svelte';
import type { ListQuery } from './data/list.svelte';
import { firstRefusal, Mail, type Waiting } from './data/mail.svelte';
import { Db } from './data/db';
import { People } from './data/people';
import { forgetPhotos } from './data/photos.svelte';
import type { Email, Id, JmapSession, Mailbox, ShareNotification } from './jmap/types';
import { Client } from './jmap/client';
import { Push } from './jmap/push';
import { searchFilter } from './search';
import { settings } from './settings.svelte';
import * as session from './session';
import { t } from './i18n/i18n.svelte';
import { nameOf } from './format';
import type { Draft } from './compose/draft.svelte';

const USER = 'gatepost:user';
const MAIL = 'urn:ietf:params:jmap:mail';

// `account`: of somebody else; none: the reader's own.
export type View = { kind: 'mailbox'; id: Id; account?: Id } | { kind: 'search'; text: string; account?: Id } | { kind: 'scheduled'; account?: undefined } | { kind: 'removed'; account?: undefined };
export interface Question {
  text: string;
  // Asks for a text, too.
  input?: { label: string; value: string; type?: 'datetime-local'; min?: string };
  yes: string;
  danger?: boolean;
  done: (answer: string | null) => void;
}

class App {
  // The account that is shown: the reader's own, or one of others.
  mail = $state.raw<Mail | null>(null);
  own = $state.raw<Mail | null>(null);
  // Those in which others share something with the reader, by name.
  others = $state.raw<Mail[]>([]);
  actions = $state.raw<Actions | null>(null);
  starting = $state(true);
  user = $state('');
  role = $state<session.Role | null>(null);
  // Where in the administration we are; null: reading mail.
  admin = $state<string | null>(null);
  // Signed in, but a second factor comes first.
  mustSetUp = $state(false);
  // How the password of whoever is signed in stands; null: it is kept elsewhere.
  password = $state.raw<session.PasswordState | null>(null);
  notice = $state('');
  view = $state.raw<View | null>(null);
  threadId = $state<Id | null>(null);
  // With conversations off: the one message that is shown.
  emailId = $state<Id | null>(null);
  // The row the keyboard is at.
  cursor = $state<Id | null>(null);
  readonly selected = new SvelteSet<Id>();
  unreadOnly = $state(false);
  drawer = $state(false);
  dialog = $state<'settings' | 'help' | null>(null);
  question = $state.raw<Question | null>(null);
  mover = $state.raw<Email[] | null>(null);
  // The folder that is being shared.
  sharing = $state.raw<{ mail: Mail; id: Id } | null>(null);
  // Of sharing, and the state they are of.
  news = $state.raw<ShareNotification[]>([]);
  private newsState = '';
  people: People | null = null;
  drafts = $state<Draft[]>([]);
  private push: Push | null = null;

  async begin(): Promise<void> {
    addEventListener('hashchange', () => this.follow());
    session.whenEnded(() => this.ended());
    try {
      this.user = localStorage.getItem(USER) ?? '';
    } catch {
      // Asked for.
    }
    if (this.user) Db.prepare(this.user.toLowerCase());
    try {
      const entered = await session.resume();
      if (entered) await this.goIn(entered);
    } catch (e) {
      if (e instanceof TypeError) await this.withoutNetwork();
      else if (!(e instanceof session.SignedOut)) this.notice = t('noNetwork');
    }
    this.starting = false;
  }

  // What was read is here until one signs out. When the server answers again, the page begins anew.
  private async withoutNetwork(): Promise<void> {
    this.notice = t('noNetwork');
    if (!this.user) return;
    try {
      await this.enter(this.user, true);
    } catch {
      return;
    }
    const look = setInterval(() => {
      if (this.drafts.length > 0) return;
      session.resume().then(
        () => {
          clearInterval(look);
          location.reload();
        },
        () => undefined,
      );
    }, 10_000);
  }

  async signIn(name: string, password: string, code: string, fresh: string): Promise<void> {
    await this.change(await session.signIn(name, password, code, fresh));
  }
  async signInByTicket(): Promise<void> {
    await this.change(await session.signInByTicket());
  }
  // What is kept here is of whoever was signed in before.
  private async change(entered: session.Entered): Promise<void> {
    if (this.user && this.user.toLowerCase() !== entered.user.toLowerCase()) await Db.forgetAll();
    await this.goIn(entered);
  }

  private async goIn(entered: session.Entered): Promise<void> {
    this.user = entered.user;
    this.mustSetUp = entered.mustSetUp;
    this.password = entered.password;
    if (!entered.mustSetUp) await this.enter(entered.user, false);
  }
  // The second factor that was missing is there.
  async factorSetUp(): Promise<void> {
    this.mustSetUp = false;
    if (!this.own) await this.enter(this.user, false);
  }

  async enter(user: string, offline: boolean): Promise<void> {
    const mail = await Mail.start(user, offline);
    this.user = user;
    this.role = offline ? null : session.role();
    try {
      localStorage.setItem(USER, user);
    } catch {
      // Then it is asked for again.
    }
    this.notice = '';
    this.own = this.mail = mail;
    this.people = new People(mail);
    this.actions = new Actions(() => this.mail ?? mail);
    if (mail.mailboxes.length === 0) await mail.sync();
    await this.findOthers(mail.client.session);
    this.follow();
    if (!offline) {
      mail.arrived = (emails) => this.tell(emails);
      // What was kept of the last time may be less than the server of today offers.
      mail.renewed = (now) => void this.findOthers(now);
      // The first view comes first.
      setTimeout(() => this.own === mail && this.listen(mail), 100);
    } else {
      mail.online = false;
      for (const other of this.others) other.online = false;
    }
  }

  // From now on news come by themselves.
  private listen(mail: Mail): void {
    this.push = new Push(
      () => mail.client.eventsPath(),
      (accounts) => {
        for (const one of [mail, ...this.others]) if (!accounts || accounts.has(one.client.account)) void one.sync();
        const shares = accounts?.get(mail.client.account)?.['ShareNotification'];
        if (!accounts || (shares !== undefined && shares !== this.newsState)) void this.lookForNews();
      },
      (is) => {
        mail.online = is;
      },
    );
    void Client.sessionObject()
      .then((now) => this.findOthers(now))
      .then(async () => {
        for (const other of this.others) await other.sync();
      })
      .catch(() => undefined);
    setTimeout(() => void mail.db.tidy(), 20_000);
  }

  // What others have changed in what they share with the reader.
  private async lookForNews(): Promise<void> {
    const own = this.own;
    if (!own || !('urn:ietf:params:jmap:principals' in own.client.session.capabilities)) return;
    const got = await own.client.one('ShareNotification/get', { ids: null }).catch(() => null);
    if (!got || this.own !== own) return;
    const fresh = got.list.some((one) => !this.news.some((known) => known.id === one.id));
    this.newsState = got.state;
    this.news = got.list;
    // Accounts come and go with it.
    if (fresh) await Client.sessionObject().then((now) => this.findOthers(now)).catch(() => undefined);
  }
  async dismissNews(ids: Id[]): Promise<void> {
    this.news = this.news.filter((one) => !ids.includes(one.id));
    await this.own?.client.one('ShareNotification/set', { destroy: ids }).then((set) => (this.newsState = set.newState)).catch(() => undefined);
  }

  // Takes a session as the one that holds: accounts of others come and go.
  private async findOthers(session: JmapSession): Promise<void> {
    const own = this.own;
    if (!own) return;
    own.client.session = session;
    const shared = Object.keys(session.accounts).filter((id) => id !== own.client.account && MAIL in session.accounts[id]!.accountCapabilities);
    const kept = this.others.filter((m) => shared.includes(m.client.account));
    for (const m of kept) m.client.session = session;
    const added = await Promise.all(shared.filter((id) => !kept.some((m) => m.client.account === id)).map((id) => Mail.ofOther(this.user, session, id)));
    if (this.own !== own) return added.forEach((m) => m.stop());
    for (const gone of this.others.filter((m) => !kept.includes(m))) gone.stop();
    this.others = [...kept, ...added].sort((a, b) => a.name.localeCompare(b.name));
    for (const m of added) {
      m.renewed = (now) => void this.findOthers(now);
      if (own.online) void m.sync();
    }
    if (this.mail && this.mail !== own && !this.others.includes(this.mail)) this.go(this.home(own));
  }

  private leave(): void {
    this.push?.stop();
    this.push = null;
    for (const mail of [this.own, ...this.others]) mail?.stop();
    this.own = this.mail = null;
    this.others = [];
    this.actions = null;
    this.view = null;
    this.threadId = null;
    this.selected.clear();
    this.dialog = null;
    this.mover = null;
    this.admin = null;
    this.role = null;
    this.sharing = null;
    this.news = [];
    this.people = null;
    forgetPhotos();
  }
  private ended(): void {
    if (!this.mail) return;
    this.leave();
    this.notice = t('sessionOver');
  }
  async signOut(): Promise<void> {
    this.user = '';
    this.mustSetUp = false;
    this.leave();
    this.drafts = [];
    await session.signOut();
    await Db.forgetAll();
    if ('caches' in window) for (const name of await caches.keys()) if (name.startsWith('gatepost-mail')) await caches.delete(name);
    try {
      localStorage.removeItem(USER);
    } catch {
      // It was not kept.
    }
    history.replaceState(null, '', location.pathname);
  }

  // Where the address says we are.
  follow(): void {
    if (!this.own) return;
    const [, where, what, , thread] = location.hash.split('/');
    const [kind, account] = (where ?? '').split('@');
    this.drawer = false;
    this.admin = kind === 'admin' && this.role !== null ? location.hash.slice('#/admin'.length) : null;
    if (this.admin !== null) return;
    const mail = this.others.find((m) => m.client.account === account) ?? this.own;
    const of = mail === this.own ? {} : { account: mail.client.account };
    let view: View | null = mail.mailboxes.length > 0 ? this.home(mail) : null;
    if (kind === 'l') view = { kind: 'scheduled' };
    if (kind === 'r' && this.recovers) view = { kind: 'removed' };
    if (kind === 's' && what) view = { kind: 'search', text: decodeURIComponent(what), ...of };
    if (kind === 'm' && what && (mail.mailbox(what) || mail.mailboxes.length === 0)) view = { kind: 'mailbox', id: what, ...of };
    this.mail = mail;
    if (JSON.stringify(view) !== JSON.stringify(this.view)) {
      this.view = view;
      this.selected.clear();
      this.cursor = null;
      this.refreshList();
    }
    const [threadId, emailId] = (thread ?? '').split('.');
    this.threadId = threadId || null;
    this.emailId = emailId || null;
  }
  private hash(view: View, thread?: string): string {
    if (view.kind === 'scheduled') return '#/l';
    if (view.kind === 'removed') return '#/r';
    const of = view.account ? `@${view.account}` : '';
    const base = view.kind === 'mailbox' ? `#/m${of}/${view.id}` : `#/s${of}/${encodeURIComponent(view.text)}`;
    return thread ? `${base}/t/${thread}` : base;
  }
  // Whether what was deleted can be brought back.
  get recovers(): boolean {
    return 'urn:gatepost:params:jmap:removed' in (this.own?.client.session.capabilities ?? {});
  }
  // A folder of an account; without one its inbox, or whatever there is.
  home(mail: Mail, m: Mailbox | undefined = mail.withRole('inbox') ?? mail.mailboxes[0]): View {
    return { kind: 'mailbox', id: m?.id ?? '', ...(mail === this.own ? {} : { account: mail.client.account }) };
  }
  searchFor(text: string): View {
    return { kind: 'search', text, ...(this.mail && this.mail !== this.own ? { account: this.mail.client.account } : {}) };
  }
  // What the reader may do with what is listed: with his own mail all of it.
  get may(): { remove: boolean; archive: boolean; junk: boolean; flag: boolean; seen: boolean; write: boolean; snooze: boolean } {
    const rights = this.currentMailbox?.myRights;
    const remove = rights?.mayRemoveItems ?? true;
    const into = (role: 'archive' | 'junk'): boolean => this.mail === this.own || (this.mail?.withRole(role)?.myRights.mayAddItems ?? false);
    return { remove, archive: remove && into('archive'), junk: remove && into('junk'), flag: rights?.maySetKeywords ?? true, seen: rights?.maySetSeen ?? true, write: this.mail === this.own, snooze: remove && (this.mail?.snoozes ?? false) };
  }
  go(view: View): void {
    this.unreadOnly = false;
    const hash = this.hash(view);
    if (location.hash === hash) this.refreshList();
    location.hash = hash;
    this.drawer = false;
  }
  // Another message beside the list is no new page; the way back from the first one is.
  open(rowId: Id): void {
    const email = this.mail?.emails.get(rowId);
    if (!email || !this.view) return;
    this.cursor = rowId;
    if (this.may.write && email.keywords['$draft'] && (this.currentMailbox?.role === 'drafts' || (this.mail!.threads.get(email.threadId)?.length ?? 1) === 1)) {
      void this.compose('edit', email);
      return;
    }
    const hash = this.hash(this.view, settings.conversations ? email.threadId : `${email.threadId}.${email.id}`);
    if (this.threadId) {
      history.replaceState(null, '', hash);
      this.follow();
    } else {
      location.hash = hash;
    }
  }
  close(): void {
    if (!this.view || !this.threadId) return;
    history.replaceState(null, '', this.hash(this.view));
    this.follow();
  }

  query(): ListQuery | null {
    const view = this.view;
    if (!view || !this.mail || view.kind === 'scheduled' || view.kind === 'removed') return null;
    let filter: ListQuery['filter'];
    if (view.kind === 'mailbox') filter = this.unreadOnly ? { inMailbox: view.id, notKeyword: '$seen' } : { inMailbox: view.id };
    else filter = searchFilter(view.text, this.mail.mailboxes.map((m) => ({ id: m.id, name: m.role === null ? m.name : mailboxName(m), role: m.role })));
    return { filter, sort: [{ property: 'receivedAt', isAscending: false }], collapseThreads: settings.conversations };
  }
  refreshList(): void {
    const query = this.query();
    if (query) void this.mail?.show(query);
  }

  get currentMailbox(): Mailbox | undefined {
    return this.view?.kind === 'mailbox' ? this.mail?.mailbox(this.view.id) : undefined;
  }

  // What an action on a row means: in a folder the emails of the conversation that are in it.
  emailsOf(rowIds: Iterable<Id>): Email[] {
    const mail = this.mail;
    const out = new Map<Id, Email>();
    for (const id of rowIds) {
      const email = mail?.emails.get(id);
      if (!email) continue;
      out.set(id, email);
      if (!settings.conversations) continue;
      for (const other of mail!.threads.get(email.threadId) ?? []) {
        const one = mail!.emails.get(other);
        const here = this.currentMailbox?.id;
        if (one && (here ? one.mailboxIds[here] : Object.keys(email.mailboxIds).some((box) => one.mailboxIds[box]))) out.set(other, one);
      }
    }
    return [...out.values()];
  }
  // Selected rows, or the one that is open or under the cursor.
  targets(): Id[] {
    if (this.selected.size > 0) return [...this.selected];
    return this.cursor ? [this.cursor] : [];
  }

  // Rows that an action takes out of the list: the reader goes on with the next one.
  private advance(rows: Id[]): void {
    const list = this.mail?.list;
    if (!list) return;
    const gone = new Set(rows);
    const from = this.cursor ? list.indexOf(this.cursor) : -1;
    this.selected.clear();
    if (!this.cursor || !gone.has(this.cursor) || from < 0) return;
    let next: Id | null = null;
    for (let i = from + 1; i < from + 50 && !next; ++i) {
      const id = list.at(i);
      if (id && !gone.has(id)) next = id;
    }
    for (let i = from - 1; i >= 0 && !next; --i) {
      const id = list.at(i);
      if (id && !gone.has(id)) next = id;
    }
    const wasOpen = this.threadId !== null;
    this.cursor = next;
    if (!wasOpen) return;
    if (next && !narrow()) this.open(next);
    else this.close();
  }

  async archive(rows = this.targets()): Promise<void> {
    const emails = this.emailsOf(rows);
    if (emails.length === 0 || !this.may.archive) return;
    this.advance(rows);
    await this.actions?.archive(emails);
  }
  async snooze(until: Date | null, rows = this.targets()): Promise<void> {
    const emails = this.emailsOf(rows).filter((e) => !e.keywords['$draft']);
    if (emails.length === 0 || !this.may.snooze) return;
    this.advance(rows);
    await (until ? this.actions?.snooze(emails, until) : this.actions?.wake(emails));
  }
  async junk(rows = this.targets()): Promise<void> {
    const emails = this.emailsOf(rows);
    if (emails.length === 0 || !this.may.junk) return;
    this.advance(rows);
    if (this.currentMailbox?.role === 'junk') await this.actions?.moveToRole(emails, 'inbox', 'Inbox');
    else await this.actions?.junk(emails);
  }
  async remove(rows = this.targets()): Promise<void> {
    const emails = this.emailsOf(rows);
    if (emails.length === 0 || !this.may.remove) return;
    const trash = this.mail?.withRole('trash');
    // Nobody makes a trash in the account of somebody else.
    const here = this.currentMailbox?.id;
    const isThrownAway = (e: Email): boolean => !!trash && !!e.mailboxIds[trash.id] && (here === trash.id || Object.keys(e.mailboxIds).length === 1);
    if (trash ? emails.every(isThrownAway) : this.mail !== this.own) {
      if ((await this.ask({ text: t('forEverAsk', { n: emails.length }), yes: t('forEver'), danger: true })) === null) return;
      this.advance(rows);
      await this.actions?.destroy(emails, trash?.id ?? here);
      return;
    }
    this.advance(rows);
    await this.actions?.remove(emails);
  }
  async move(emails: Email[], to: Mailbox, rows: Id[] = [], into: Mail | null = this.mail): Promise<void> {
    const from = this.mail;
    if (emails.length === 0 || !from || !into) return;
    const remove = this.may.remove;
    if (into === from && !remove) return;
    if (remove) this.advance(rows);
    if (into === from) await this.actions?.move(emails, to);
    else await this.actions?.carry(emails, from, into, to, remove);
  }
  async mark(keyword: string, on: boolean, rows = this.targets()): Promise<void> {
    const emails = this.emailsOf(rows);
    if (!(keyword === '$seen' ? this.may.seen : this.may.flag)) return;
    // A flag on a conversation is one on its newest message.
    const wanted = keyword === '$flagged' && on ? rows.flatMap((id) => this.mail?.emails.get(id) ?? []) : emails;
    await this.actions?.keyword(wanted, keyword, on);
  }

  ask(question: Omit<Question, 'done'>): Promise<string | null> {
    return new Promise((done) => {
      this.question = {
        ...question,
        done: (answer) => {
          this.question = null;
          done(answer);
        },
      };
    });
  }

  async compose(kind: 'new' | 'reply' | 'replyAll' | 'forward' | 'edit', email?: Email, to?: string, mail = this.mail): Promise<void> {
    if (!mail || !this.own) return;
    const { startDraft } = await import('./compose/start');
    try {
      const open = email && kind === 'edit' ? this.drafts.find((d) => d.emailId === email.id) : undefined;
      if (open) {
        open.minimised = false;
        return;
      }
      void this.own.refreshIdentities().catch(() => undefined);
      const draft = await startDraft(this, this.own, mail, kind, email, to);
      for (const other of this.drafts) other.minimised = true;
      this.drafts.push(draft);
    } catch (e) {
      this.actions?.complain(e);
    }
  }

  // Takes back what waits to be sent, and goes on writing it.
  async takeBack({ id, emailId }: { id: Id; emailId: Id }): Promise<void> {
    const own = this.own;
    if (!own) return;
    this.actions?.dismiss();
    try {
      const drafts = await own.roleMailbox('drafts', 'Drafts');
      const set = await own.run((batch) =>
        batch.call('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } }, onSuccessUpdateEmail: { [id]: { mailboxIds: { [drafts.id]: true }, 'keywords/$draft': true } } }),
      );
      const refused = firstRefusal(set.value);
      if (refused) throw new Error(refused.type === 'cannotUnsend' ? t('tooLate') : (refused.description ?? refused.type));
      const email = own.emails.get(emailId);
      if (email) await this.compose('edit', email, undefined, own);
    } catch (e) {
      this.actions?.complain(e);
    }
  }
  async sendAtOnce(one: Waiting): Promise<void> {
    const own = this.own;
    if (!own) return;
    try {
      // First the one, then the other: nothing goes out twice.
      const cancel = await own.client.one('EmailSubmission/set', { update: { [one.id]: { undoStatus: 'canceled' } } });
      const refused = firstRefusal(cancel);
      if (refused) throw new Error(refused.type === 'cannotUnsend' ? t('tooLate') : (refused.description ?? refused.type));
      const envelope = { mailFrom: { email: one.from }, rcptTo: one.to.map(({ email }) => ({ email })) };
      const sent = await own.run((batch) => batch.call('EmailSubmission/set', { create: { s: { identityId: one.identityId, emailId: one.emailId, envelope } } }));
      const failed = firstRefusal(sent.value);
      if (failed) throw new Error(failed.description ?? failed.type);
      this.actions?.say(t('sentDone'), undefined, 3);
    } catch (e) {
      this.actions?.complain(e);
    }
  }

  private tell(emails: Email[]): void {
    const inbox = this.own?.withRole('inbox');
    const news = emails.filter((e) => inbox && e.mailboxIds[inbox.id] && !e.keywords['$seen'] && !e.keywords['$draft']);
    if (news.length === 0 || !settings.notify || !('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
    for (const email of news.slice(0, 3)) {
      const note = new Notification(email.from?.[0] ? nameOf(email.from[0]) : t('newMail'), { body: email.subject ?? '', tag: email.id, icon: '/icon.svg' });
      note.onclick = () => {
        focus();
        if (inbox) location.hash = `#/m/${inbox.id}/t/${email.threadId}`;
        note.close();
      };
    }
  }
}

export function narrow(): boolean {
  return matchMedia('(max-width: 800px)').matches;
}

export const app = new App();
export type { App };
