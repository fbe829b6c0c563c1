// What is done to messages, and how the last of it is undone.
import type { Email, Id, Mailbox, Role } from '../jmap/types';
import { t } from '../i18n/i18n.svelte';
import { whenText } from '../format';
import { utc } from '../times';
import { isSnoozedBox, type Mail, type Patch } from './mail.svelte';

export interface Toast {
  text: string;
  action?: { label: string; run: () => void };
  bad?: boolean;
}

export class Actions {
  toast = $state.raw<Toast | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last: (() => Promise<void>) | null = null;

  // `current`: the account that is shown. What was begun in one ends there.
  constructor(private readonly current: () => Mail) {}

  say(text: string, action?: Toast['action'], seconds = 6): void {
    clearTimeout(this.timer);
    this.toast = { text, ...(action ? { action } : {}) };
    this.timer = setTimeout(() => (this.toast = null), seconds * 1000);
  }
  complain(e: unknown): void {
    this.warn(e instanceof TypeError ? t('offlineAction') : t('failed', { why: e instanceof Error ? e.message : String(e) }));
  }
  warn(text: string): void {
    clearTimeout(this.timer);
    this.toast = { text, bad: true };
    this.timer = setTimeout(() => (this.toast = null), 8000);
  }
  dismiss(): void {
    clearTimeout(this.timer);
    this.toast = null;
  }

  async undo(): Promise<void> {
    const back = this.last;
    this.last = null;
    this.dismiss();
    if (!back) return;
    try {
      await back();
      this.say(t('undone'));
    } catch (e) {
      this.complain(e);
    }
  }

  private async change(emails: Email[], patch: (email: Email) => Patch | null, inverse: (email: Email) => Patch, text?: string, mail = this.current()): Promise<void> {
    const patches = new Map<Id, Patch>();
    const back = new Map<Id, Patch>();
    for (const email of emails) {
      const one = patch(email);
      if (!one) continue;
      patches.set(email.id, one);
      back.set(email.id, inverse(email));
    }
    if (patches.size === 0) return;
    if (text) {
      this.last = () => mail.update(back);
      this.say(text, { label: t('undo'), run: () => void this.undo() });
    }
    try {
      await mail.update(patches);
    } catch (e) {
      this.last = null;
      this.complain(e);
    }
  }

  keyword(emails: Email[], keyword: string, on: boolean, quietly = false): Promise<void> {
    const path = `keywords/${keyword.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const text =
      quietly ? undefined
      : keyword === '$seen' ? t(on ? 'markedRead' : 'markedUnread', { n: emails.length })
      : keyword === '$flagged' ? t(on ? 'wasFlagged' : 'wasUnflagged', { n: emails.length })
      : undefined;
    return this.change(
      emails,
      (email) => (!!email.keywords[keyword] === on ? null : { [path]: on ? true : null }),
      () => ({ [path]: on ? null : true }),
      text,
    );
  }

  move(emails: Email[], to: Mailbox, text?: string, mail = this.current()): Promise<void> {
    const junk = to.role === 'junk';
    return this.change(
      emails,
      (email) => {
        const here = mail.shownMailbox;
        if (email.mailboxIds[to.id] && (here === to.id || Object.keys(email.mailboxIds).length === 1)) return null;
        const wasJunk = Object.keys(email.mailboxIds).some((id) => mail.mailbox(id)?.role === 'junk');
        return {
          // Out of the folder that is looked at; where else it is, it stays.
          mailboxIds: { ...(here && email.mailboxIds[here] ? without(email.mailboxIds, here) : {}), [to.id]: true },
          ...(junk ? { 'keywords/$junk': true, 'keywords/$notjunk': null } : wasJunk ? { 'keywords/$junk': null, 'keywords/$notjunk': true } : {}),
        };
      },
      (email) => ({
        mailboxIds: email.mailboxIds,
        ...(junk ? { 'keywords/$junk': null } : {}),
      }),
      text ?? t('movedTo', { n: emails.length, folder: mailboxName(to) }),
      mail,
    );
  }

  // Into a folder of another account; what may not be taken away stays as well.
  async carry(emails: Email[], from: Mail, into: Mail, to: Mailbox, remove: boolean): Promise<void> {
    this.last = null;
    try {
      for (let i = 0; i < emails.length; i += 500) {
        const create = Object.fromEntries(emails.slice(i, i + 500).map((email, n) => [`c${n}`, { id: email.id, mailboxIds: { [to.id]: true } }]));
        const copy = await from.run((batch) => batch.call('Email/copy', { fromAccountId: from.client.account, accountId: into.client.account, create }));
        const refused = Object.values(copy.value.notCreated ?? {})[0];
        if (remove) await this.takeOut(emails.slice(i, i + 500).filter((_, n) => copy.value.created?.[`c${n}`]), from, from.shownMailbox);
        if (refused) throw new Error(refused.description ?? refused.type);
      }
      void into.sync();
      this.say(t(remove ? 'movedTo' : 'copiedTo', { n: emails.length, folder: `${mailboxName(to)} (${into.name})` }));
    } catch (e) {
      this.complain(e);
    }
  }

  async moveToRole(emails: Email[], role: Role, name: string, text?: string): Promise<void> {
    const mail = this.current();
    try {
      await this.move(emails, await mail.roleMailbox(role, name), text, mail);
    } catch (e) {
      this.complain(e);
    }
  }
  // They come back at `until`, also when no page is open.
  snooze(emails: Email[], until: Date): Promise<void> {
    return this.change(
      emails,
      () => ({ snoozed: { until: utc(until) } }),
      () => ({ snoozed: null }),
      t('snoozedUntil', { n: emails.length, time: whenText(until) }),
    );
  }
  wake(emails: Email[]): Promise<void> {
    return this.change(
      emails,
      (email) => (email.snoozed ? { snoozed: null } : null),
      (email) => ({ snoozed: { until: email.snoozed!.until } }),
      t('wokenUp', { n: emails.length }),
    );
  }
  archive(emails: Email[]): Promise<void> {
    return this.moveToRole(emails, 'archive', 'Archive', t('archived', { n: emails.length }));
  }
  junk(emails: Email[]): Promise<void> {
    return this.moveToRole(emails, 'junk', 'Junk', t('junked', { n: emails.length }));
  }

  // Out of a folder; what is in others, too, stays there, and the rest is gone for good.
  private async takeOut(emails: Email[], mail: Mail, from?: Id): Promise<void> {
    const stays = new Map<Id, Patch>();
    const goes: Id[] = [];
    for (const email of emails) {
      const rest = from ? without(email.mailboxIds, from) : {};
      if (Object.keys(rest).length > 0) stays.set(email.id, { mailboxIds: rest });
      else goes.push(email.id);
    }
    await mail.update(stays, goes);
  }
  // To the trash; what is in the trash (or a draft) is gone for good, and the caller has asked.
  async remove(emails: Email[]): Promise<void> {
    await this.moveToRole(emails, 'trash', 'Trash', t('deleted', { n: emails.length }));
  }
  async destroy(emails: Email[], from?: Id): Promise<void> {
    this.last = null;
    try {
      await this.takeOut(emails, this.current(), from);
      this.say(t('destroyed', { n: emails.length }));
    } catch (e) {
      this.complain(e);
    }
  }
}

function without(mailboxes: Record<Id, boolean>, id: Id): Record<Id, boolean> {
  return Object.fromEntries(Object.entries(mailboxes).filter(([one]) => one !== id));
}

// Folders with a role have the name of the reader's language.
export function mailboxName(mailbox: Mailbox): string {
  switch (mailbox.role) {
    case 'inbox':
      return t('inbox');
    case 'drafts':
      return t('drafts');
    case 'sent':
      return t('sent');
    case 'archive':
      return t('archive');
    case 'junk':
      return t('junk');
    case 'trash':
      return t('trash');
    default:
      return isSnoozedBox(mailbox) ? t('snoozed') : mailbox.name;
  }
}
