// How a message begins: empty, as an answer, as something passed on, or where it was left.
import type { App } from '../app.svelte';
import type { Mail } from '../data/mail.svelte';
import type { Address, BodyPart, Email, EmailBody, Identity } from '../jmap/types';
import { parseAddress, sameAddress, splitAddresses, unique } from '../addresses';
import { addressText, longDate, nameOf } from '../format';
import { t } from '../i18n/i18n.svelte';
import { settings } from '../settings.svelte';
import { baseSubject, escapeHtml, quote } from '../mail/text';
import { sanitize, STYLE } from '../mail/sanitize';
import { Draft, type Attachment } from './draft.svelte';
import { answering } from './answering';
import { htmlToText } from './schema';

const inert = document.implementation.createHTMLDocument('');

// Harmless, with its images named by Content-ID as they were, and its styles under the name that they have in this page (withStyles).
export function quotable(html: string): string {
  const clean = sanitize(html, { remote: true, cid: (id) => `cid:${id}` });
  const box = inert.createElement('div');
  box.innerHTML = clean.html;
  for (const element of Array.from(box.querySelectorAll<HTMLElement>('[data-gp]'))) {
    const style = clean.styles[Number(element.getAttribute('data-gp'))];
    element.removeAttribute('data-gp');
    if (style) element.setAttribute(STYLE, style);
  }
  return box.innerHTML;
}

export function bodyText(body: EmailBody): string {
  const texts = body.textBody.filter((p) => p.type === 'text/plain' && p.partId).map((p) => body.bodyValues[p.partId!]?.value ?? '');
  if (texts.length > 0) return texts.join('\n');
  return htmlToText(quotable(bodyHtml(body)));
}
export function bodyHtml(body: EmailBody): string {
  const html = body.htmlBody.filter((p) => p.type === 'text/html' && p.partId).map((p) => body.bodyValues[p.partId!]?.value ?? '');
  if (html.length > 0) return html.join('');
  const texts = body.textBody.filter((p) => p.type.startsWith('text/') && p.partId).map((p) => body.bodyValues[p.partId!]?.value ?? '');
  return texts
    .join('\n')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => (line ? `<div>${escapeHtml(line)}</div>` : '<div><br></div>'))
    .join('');
}

export function signatureOf(identity: Identity | undefined, rich: boolean): string {
  if (!identity) return '';
  if (!rich) return identity.textSignature.trim() ? `\n\n-- \n${identity.textSignature.trim()}` : '';
  const html = identity.htmlSignature.trim() || (identity.textSignature.trim() ? identity.textSignature.trim().split('\n').map((line) => `<p>${escapeHtml(line)}</p>`).join('') : '');
  return html ? `<p></p>${quotable(html)}` : '';
}

// Who is meant by mailto: (RFC 6068), or by an address alone.
function fromMailto(draft: Draft, to: string): void {
  if (!/^mailto:/i.test(to)) {
    draft.to = splitAddresses(to).map(parseAddress);
    return;
  }
  const [path, query] = to.slice(7).split('?', 2);
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const add = (list: Address[], text: string): Address[] => [...list, ...text.split(',').map(decode).filter(Boolean).map(parseAddress)];
  draft.to = add([], path ?? '');
  for (const pair of (query ?? '').split('&')) {
    const [name, value] = pair.split('=', 2);
    if (value === undefined) continue;
    if (/^to$/i.test(name!)) draft.to = add(draft.to, value);
    else if (/^cc$/i.test(name!)) draft.cc = add(draft.cc, value);
    else if (/^bcc$/i.test(name!)) draft.bcc = add(draft.bcc, value);
    else if (/^subject$/i.test(name!)) draft.subject = decode(value);
    else if (/^body$/i.test(name!)) {
      draft.text = decode(value) + draft.text;
      draft.html = decode(value).split(/\r?\n/).map((line) => `<p>${escapeHtml(line)}</p>`).join('') + draft.html;
    }
  }
}

let keys = 1_000_000;
function carried(p: BodyPart, inline: boolean): Attachment {
  return { key: ++keys, name: p.name ?? (p.type === 'message/rfc822' ? 'message.eml' : 'file'), type: p.type, size: p.size, blobId: p.blobId, cid: inline ? p.cid : null, progress: 1, failed: false };
}
const isInline = (p: BodyPart, html: string): boolean => !!p.cid && html.includes(`cid:${p.cid}`);

// Parts of a message in an account of somebody else are the writer's own from here on (RFC 8620 6.3).
async function adopt(draft: Draft, own: Mail, from: Mail): Promise<void> {
  const blobIds = [...new Set(draft.attachments.flatMap((a) => a.blobId ?? []))];
  if (own === from || blobIds.length === 0) return;
  const copy = await own.client.one('Blob/copy', { fromAccountId: from.client.account, blobIds });
  for (const a of draft.attachments) {
    const copied = copy.copied?.[a.blobId ?? ''];
    if (!copied) throw new Error(t('uploadFailed', { name: a.name }));
    a.blobId = copied;
  }
}

// `mail`: the account that the message `email` is in; `own`: the one of who writes.
export async function startDraft(app: App, own: Mail, mail: Mail, kind: 'new' | 'reply' | 'replyAll' | 'forward' | 'edit', email?: Email, to?: string): Promise<Draft> {
  const draft = new Draft(app, own);
  // In somebody else's mailbox its address is one of who writes, too.
  const addresses = mail === own ? own.ownAddresses : [...own.ownAddresses, mail.name];
  if (!email) {
    draft.html = `<p></p>${signatureOf(draft.sender, true)}`;
    draft.text = signatureOf(draft.sender, false);
    if (to) fromMailto(draft, to);
    draft.showCc = draft.cc.length + draft.bcc.length > 0;
    return draft;
  }
  await mail.loadBodies([email.id]);
  const body = mail.bodies.get(email.id)!;
  if (kind === 'edit') return reopened(draft, mail, email, body);

  const mine = answering(own.identities, mail === own ? null : mail.name, [...(email.to ?? []), ...(body.cc ?? [])]);
  if (mine) draft.identity = mine.id;
  const from = email.from?.[0];
  const date = longDate(body.sentAt ?? email.receivedAt);
  const html = bodyHtml(body);
  const subject = baseSubject(email.subject ?? '');
  if (kind === 'forward') {
    draft.subject = `Fwd: ${subject}`;
    const lines: [string, string][] = [
      [t('from'), (email.from ?? []).map(addressText).join(', ')],
      [t('date'), date],
      [t('subject'), email.subject ?? ''],
      [t('to'), (email.to ?? []).map(addressText).join(', ')],
    ];
    if (body.cc?.length) lines.push([t('cc'), body.cc.map(addressText).join(', ')]);
    draft.html = `<p></p>${signatureOf(draft.sender, true)}<blockquote type="cite"><p>${lines.map(([k, v]) => `<b>${escapeHtml(k)}:</b> ${escapeHtml(v)}`).join('<br>')}</p>${quotable(html)}</blockquote>`;
    draft.text = `${signatureOf(draft.sender, false)}\n\n---------- ${t('forwardedMessage')} ----------\n${lines.map(([k, v]) => `${k}: ${v}`).join('\n')}\n\n${bodyText(body)}`;
    draft.attachments = body.attachments.filter((p) => p.blobId).map((p) => carried(p, isInline(p, html)));
    draft.original = { mail, id: email.id, keyword: '$forwarded' };
    draft.references = body.references;
    await adopt(draft, own, mail);
    return draft;
  }
  const sentByMe = addresses.some((o) => sameAddress(o, from?.email ?? ''));
  const answerTo = sentByMe ? (email.to ?? []) : (body.replyTo?.length ? body.replyTo : (email.from ?? []));
  draft.to = unique(answerTo);
  if (kind === 'replyAll') {
    const others = unique([...(email.to ?? []), ...(body.cc ?? [])], [...addresses, ...draft.to.map((a) => a.email)]);
    draft.cc = others;
    draft.showCc = others.length > 0;
  }
  draft.subject = `Re: ${subject}`;
  // RFC 5322 3.6.4.
  draft.inReplyTo = body.messageId;
  draft.references = [...(body.references ?? body.inReplyTo ?? []), ...(body.messageId ?? [])];
  const wrote = t('onWrote', { date, name: from ? nameOf(from) : t('nobody') });
  draft.html = `<p></p>${signatureOf(draft.sender, true)}<blockquote type="cite"><p>${escapeHtml(wrote)}</p>${quotable(html)}</blockquote>`;
  draft.text = `${signatureOf(draft.sender, false)}\n\n${wrote}\n${quote(bodyText(body))}\n`;
  // The images of what is quoted go with it.
  draft.attachments = body.attachments.filter((p) => p.blobId && isInline(p, html)).map((p) => carried(p, true));
  draft.original = { mail, id: email.id, keyword: '$answered' };
  await adopt(draft, own, mail);
  return draft;
}

async function reopened(draft: Draft, mail: Mail, email: Email, body: EmailBody): Promise<Draft> {
  draft.emailId = email.id;
  draft.to = email.to ?? [];
  draft.cc = body.cc ?? [];
  draft.bcc = body.bcc ?? [];
  draft.showCc = draft.cc.length + draft.bcc.length > 0;
  draft.subject = email.subject ?? '';
  draft.inReplyTo = body.inReplyTo;
  draft.references = body.references;
  draft.identity = mail.identities.find((i) => sameAddress(i.email, email.from?.[0]?.email ?? ''))?.id ?? draft.identity;
  const isHtml = body.htmlBody.some((p) => p.type === 'text/html');
  draft.rich = isHtml || (settings.rich && bodyText(body).trim() === '');
  const html = bodyHtml(body);
  const clean = quotable(html);
  draft.text = bodyText(body);
  draft.attachments = body.attachments.filter((p) => p.blobId).map((p) => carried(p, isInline(p, html)));
  // Images in the text are shown by what the server has of them.
  const box = inert.createElement('div');
  box.innerHTML = clean;
  for (const image of Array.from(box.querySelectorAll<HTMLImageElement>('img[src^="cid:"]'))) {
    const cid = image.getAttribute('src')!.slice(4);
    const part = body.attachments.find((p) => p.cid === cid && p.blobId);
    if (!part || image.closest('blockquote[type=cite]')) continue;
    try {
      image.setAttribute('data-cid', cid);
      image.setAttribute('src', URL.createObjectURL(await mail.client.download(part.blobId!, part.name ?? 'image', part.type)));
    } catch {
      image.remove();
    }
  }
  draft.html = box.innerHTML;
  return draft;
}
