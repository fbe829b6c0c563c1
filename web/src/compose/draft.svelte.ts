// A message that is being written: kept on the server as it is typed, and sent from there.
import type { App } from '../app.svelte';
import { firstRefusal, type Mail } from '../data/mail.svelte';
import { Refused, SignedOut } from '../session';
import type { Address, Email, EmailBody, Id, Identity } from '../jmap/types';
import { isAddress, unique } from '../addresses';
import { settings } from '../settings.svelte';
import { size, whenText } from '../format';
import { utc } from '../times';
import { t } from '../i18n/i18n.svelte';
import { withStyles } from '../mail/sanitize';
import { isOwn } from './answering';
import { htmlToText } from './schema';

export interface Attachment {
  key: number;
  name: string;
  type: string;
  size: number;
  blobId: Id | null;
  // Of images that stand in the text.
  cid: string | null;
  progress: number;
  failed: boolean;
  abort?: AbortController;
}

let keys = 0;
const SAVE_AFTER = 1500;
const SPEAKS_OF_FILES = /\b(attach(ed|ment|ing)|enclosed|anbei|angehängt|anhang|beigefügt|ci-joint|pièce jointe|adjunt[oa]s?)\b|مرفق/i;

export class Draft {
  readonly key = ++keys;
  emailId: Id | null = null;
  identity = $state<Id>('');
  to = $state<Address[]>([]);
  cc = $state<Address[]>([]);
  bcc = $state<Address[]>([]);
  subject = $state('');
  rich = $state(true);
  // One of the two is what is written, as `rich` says.
  html = $state('');
  text = $state('');
  attachments = $state<Attachment[]>([]);
  inReplyTo: string[] | null = null;
  references: string[] | null = null;
  original: { mail: Mail; id: Id; keyword: '$answered' | '$forwarded' } | null = null;

  unsaved = $state(false);
  saving = $state(false);
  saveFailed = $state(false);
  savedAt = $state<Date | null>(null);
  sending = $state(false);
  minimised = $state(false);
  full = $state(false);
  showCc = $state(false);
  // Goes up when something else than the editor has changed the text.
  revision = $state(0);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private chain: Promise<unknown> = Promise.resolve();
  private gone = false;

  constructor(
    private readonly app: App,
    readonly mail: Mail,
  ) {
    this.rich = settings.rich;
    this.identity = mail.identities[0]?.id ?? '';
  }

  get sender(): Identity | undefined {
    return this.mail.identities.find((i) => i.id === this.identity) ?? this.mail.identities[0];
  }

  // Readers see who sent it (RFC 5322 3.6.2), and to him it comes back when nobody can be reached.
  get onBehalf(): boolean {
    return this.sender?.sendRight === 'send-on-behalf';
  }
  private get myself(): Identity | undefined {
    return this.mail.identities.find(isOwn);
  }

  touch(): void {
    this.unsaved = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), SAVE_AFTER);
  }

  private get isEmpty(): boolean {
    const text = this.rich ? htmlToText(this.html) : this.text.trim();
    const signature = this.sender?.textSignature.trim() ?? '';
    return !this.emailId && this.to.length + this.cc.length + this.bcc.length === 0 && !this.subject.trim() && this.attachments.length === 0 && (text === '' || text === signature || text === `-- \n${signature}`);
  }

  private object(mailboxId: Id): Record<string, unknown> {
    const sender = this.sender;
    const files = this.attachments.filter((a) => a.blobId !== null);
    const text = this.rich ? htmlToText(this.html) : this.text;
    const used = files.filter((a) => a.cid === null || (this.rich && this.html.includes(`cid:${a.cid}`)));
    return {
      mailboxIds: { [mailboxId]: true },
      keywords: { $draft: true, $seen: true },
      from: sender ? [{ name: sender.name || null, email: sender.email }] : null,
      ...(this.onBehalf ? { sender: [{ name: this.myself?.name || null, email: this.myself?.email }] } : {}),
      ...(sender?.replyTo?.length ? { replyTo: sender.replyTo.map(plain) } : {}),
      to: this.to.map(plain),
      cc: this.cc.map(plain),
      bcc: this.bcc.map(plain),
      subject: this.subject,
      ...(this.inReplyTo ? { inReplyTo: this.inReplyTo } : {}),
      ...(this.references ? { references: this.references } : {}),
      textBody: [{ partId: 't', type: 'text/plain' }],
      ...(this.rich ? { htmlBody: [{ partId: 'h', type: 'text/html' }] } : {}),
      bodyValues: { t: { value: text }, ...(this.rich ? { h: { value: `<!DOCTYPE html><html><body>${withStyles(this.html)}</body></html>` } } : {}) },
      ...(used.length > 0
        ? {
            attachments: used.map((a) => ({
              blobId: a.blobId,
              type: a.type,
              name: a.name,
              disposition: a.cid === null ? 'attachment' : 'inline',
              ...(a.cid === null ? {} : { cid: a.cid }),
            })),
          }
        : {}),
    };
  }

  // One at a time; each takes the place of the one before.
  save(): Promise<void> {
    clearTimeout(this.timer);
    const run = async (): Promise<void> => {
      if (!this.unsaved || this.gone || this.isEmpty) return;
      this.saving = true;
      this.unsaved = false;
      try {
        const drafts = await this.mail.roleMailbox('drafts', 'Drafts');
        const old = this.emailId;
        const set = await this.mail.run((batch) => batch.call('Email/set', { create: { d: this.object(drafts.id) } }));
        const made = set.value.created?.['d'];
        if (!made) throw new Error(firstRefusal(set.value)?.type ?? 'Email/set');
        this.emailId = made.id;
        // The old one goes once the new one is there.
        if (old) await this.mail.run((batch) => batch.call('Email/set', { destroy: [old] }));
        this.savedAt = new Date();
        this.saveFailed = false;
      } catch (e) {
        if (e instanceof SignedOut) return;
        this.unsaved = true;
        this.saveFailed = true;
        this.timer = setTimeout(() => void this.save(), 10_000);
      } finally {
        this.saving = false;
      }
    };
    const next = this.chain.then(run);
    this.chain = next;
    return next;
  }

  // What is wrong with it, or nothing.
  private async complaint(): Promise<string | null> {
    const all = [...this.to, ...this.cc, ...this.bcc];
    if (all.length === 0) return t('noRecipient');
    const bad = all.find((a) => !isAddress(a.email));
    if (bad) return t('badAddress', { address: bad.email });
    if (!this.subject.trim() && (await this.app.ask({ text: t('noSubjectAsk'), yes: t('send') })) === null) return '';
    const own = (this.rich ? htmlToText(this.html.replace(/<blockquote type="cite">[\s\S]*<\/blockquote>/, '')) : this.text.replace(/^>.*$/gm, '')) + this.subject;
    if (!this.attachments.some((a) => a.cid === null) && SPEAKS_OF_FILES.test(own) && (await this.app.ask({ text: t('forgotFile'), yes: t('send') })) === null) return '';
    return null;
  }

  // `at`: not before.
  async send(at?: Date): Promise<void> {
    const complaint = await this.complaint();
    if (complaint !== null) {
      if (complaint) this.app.actions?.warn(complaint);
      return;
    }
    clearTimeout(this.timer);
    this.minimised = false;
    await this.submit(at);
  }

  // Until `at`, or for as long as it may be called back, the server keeps it (RFC 4865): the page may be closed.
  private envelope(at: Date | undefined): Record<string, unknown> {
    const undo = Math.min(settings.undoDelay, this.mail.longestWait);
    const hold = at ? { HOLDUNTIL: utc(at) } : undo > 0 ? { HOLDFOR: String(undo) } : null;
    if (!hold || !this.sender) return {};
    const to = unique([...this.to, ...this.cc, ...this.bcc]).map(({ email }) => ({ email }));
    return { envelope: { mailFrom: { email: ((this.onBehalf && this.myself) || this.sender).email, parameters: hold }, rcptTo: to } };
  }

  private async submit(at?: Date): Promise<void> {
    this.sending = true;
    try {
      await Promise.all(this.uploads);
      if (this.attachments.some((a) => a.failed)) throw new Error(t('uploadFailed', { name: this.attachments.find((a) => a.failed)!.name }));
      await this.chain;
      const drafts = await this.mail.roleMailbox('drafts', 'Drafts');
      const sent = await this.mail.roleMailbox('sent', 'Sent');
      const old = this.emailId;
      const { set, submission } = await this.mail.run((batch) => ({
        set: batch.call('Email/set', { create: { d: this.object(drafts.id) } }),
        submission: batch.call('EmailSubmission/set', {
          create: { s: { identityId: this.sender?.id, emailId: '#d', ...this.envelope(at) } },
          onSuccessUpdateEmail: { '#s': { mailboxIds: { [sent.id]: true }, 'keywords/$draft': null } },
        }),
      }));
      const made = set.value.created?.['d'];
      if (!made) throw new Error(refusal(firstRefusal(set.value)));
      const done = submission.value.created?.['s'];
      if (!done) {
        // The message that nobody got is the draft now.
        this.emailId = made.id;
        if (old) await this.mail.run((batch) => batch.call('Email/set', { destroy: [old] }));
        throw new Error(refusal(firstRefusal(submission.value)));
      }
      this.gone = true;
      this.unsaved = false;
      if (old) await this.mail.run((batch) => batch.call('Email/set', { destroy: [old] })).catch(() => undefined);
      await this.noteAnswered();
      this.remove();
      const undo = { label: t('undoSend'), run: () => void this.app.takeBack({ id: done.id, emailId: made.id }) };
      if (at) this.app.actions?.say(t('willGoOut', { time: whenText(at) }), undo, 10);
      else if (settings.undoDelay > 0 && done['undoStatus'] === 'pending') this.app.actions?.say(t('sentDone'), undo, settings.undoDelay);
      else this.app.actions?.say(t('sentDone'), undefined, 3);
    } catch (e) {
      const why = e instanceof TypeError ? t('noNetwork') : e instanceof Refused ? String(e.status) : e instanceof Error ? e.message : String(e);
      this.app.actions?.warn(t('sendFailed', { why }));
      this.touch();
    } finally {
      this.sending = false;
    }
  }

  // Who may read somebody's mail may not always put keywords on it.
  private async noteAnswered(): Promise<void> {
    const { mail, id, keyword } = this.original ?? {};
    if (!mail || !id) return;
    await mail.run((batch) => batch.call('Email/set', { update: { [id]: { [`keywords/${keyword}`]: true } } })).catch(() => undefined);
  }

  private remove(): void {
    clearTimeout(this.timer);
    for (const a of this.attachments) a.abort?.abort();
    this.app.drafts = this.app.drafts.filter((d) => d.key !== this.key);
  }
  async close(): Promise<void> {
    await this.save();
    if (this.saveFailed) return;
    this.remove();
  }
  async discard(): Promise<void> {
    if (!this.isEmpty && (await this.app.ask({ text: t('discardAsk'), yes: t('discard'), danger: true })) === null) return;
    this.gone = true;
    await this.chain;
    this.remove();
    const id = this.emailId;
    if (id) await this.mail.run((batch) => batch.call('Email/set', { destroy: [id] })).catch((e: unknown) => this.app.actions?.complain(e));
  }

  private uploads = new Set<Promise<unknown>>();
  attach(files: Iterable<File>): void {
    for (const file of files) void this.upload(file, null);
  }
  // The Content-ID of an image that stands in the text, once it is there.
  async inlineImage(file: File): Promise<{ cid: string; src: string }> {
    const cid = `${crypto.randomUUID()}@gatepost`;
    const src = URL.createObjectURL(file);
    void this.upload(file, cid);
    return { cid, src };
  }
  private async upload(file: File, cid: string | null): Promise<void> {
    const core = this.mail.client.session.capabilities['urn:ietf:params:jmap:core'] as { maxSizeUpload?: number };
    const limit = core.maxSizeUpload ?? 50 << 20;
    if (file.size > limit) {
      this.app.actions?.warn(t('tooLarge', { name: file.name, limit: size(limit) }));
      return;
    }
    const abort = new AbortController();
    this.attachments.push({ key: ++keys, name: file.name || 'image', type: file.type || 'application/octet-stream', size: file.size, blobId: null, cid, progress: 0, failed: false, abort });
    const entry = this.attachments.at(-1)!;
    const run = (async () => {
      try {
        const done = await this.mail.client.upload(file, (part) => (entry.progress = part), abort.signal);
        entry.blobId = done.blobId;
        entry.progress = 1;
        this.touch();
      } catch (e) {
        if (abort.signal.aborted) return;
        entry.failed = true;
        this.app.actions?.warn(t('uploadFailed', { name: entry.name }));
      }
    })();
    this.uploads.add(run);
    await run;
    this.uploads.delete(run);
  }
  detach(key: number): void {
    this.attachments.find((a) => a.key === key)?.abort?.abort();
    this.attachments = this.attachments.filter((a) => a.key !== key);
    this.touch();
  }
}

function plain(a: Address): Address {
  return { name: a.name || null, email: a.email };
}
function refusal(error: { type: string; description?: string } | undefined): string {
  return error ? (error.description ?? error.type) : 'no answer';
}

export type Original = { email: Email; body: EmailBody };
