// Making, renaming, emptying and deleting folders.
import { app } from '../app.svelte';
import { mailboxName } from '../data/actions.svelte';
import { firstRefusal, type Mail } from '../data/mail.svelte';
import type { Id, Mailbox } from '../jmap/types';
import { t } from '../i18n/i18n.svelte';

async function change(mail: Mail, args: Record<string, unknown>): Promise<void> {
  const set = await mail.run((batch) => batch.call('Mailbox/set', args));
  const refused = firstRefusal(set.value);
  if (refused) throw new Error(refused.description ?? refused.type);
}

export async function createFolder(mail: Mail, parentId: Id | null): Promise<void> {
  const name = await app.ask({ text: t(parentId ? 'newSubfolder' : 'newFolder'), input: { label: t('folderName'), value: '' }, yes: t('save') });
  if (name?.trim()) await change(mail, { create: { m: { name: name.trim(), parentId, ...(mail.own ? { isSubscribed: true } : {}) } } });
}

export async function renameFolder(mail: Mail, m: Mailbox): Promise<void> {
  const name = await app.ask({ text: t('rename'), input: { label: t('folderName'), value: m.name }, yes: t('save') });
  if (name?.trim() && name.trim() !== m.name) await change(mail, { update: { [m.id]: { name: name.trim() } } });
}

export async function deleteFolder(mail: Mail, m: Mailbox): Promise<void> {
  if ((await app.ask({ text: t('deleteFolder', { folder: mailboxName(m) }), yes: t('remove'), danger: true })) === null) return;
  // What is in it goes before it.
  const all = mail.mailboxes;
  const below = (id: Id): Id[] => [...all.filter((other) => other.parentId === id).flatMap((other) => below(other.id)), id];
  for (const id of below(m.id)) await change(mail, { destroy: [id], onDestroyRemoveEmails: true });
  if (app.mail === mail && app.view?.kind === 'mailbox' && !mail.mailbox(app.view.id)) app.go(app.home(mail));
}

export async function emptyFolder(mail: Mail, m: Mailbox): Promise<void> {
  if ((await app.ask({ text: t('emptyFolderAsk', { folder: mailboxName(m) }), yes: t('forEver'), danger: true })) === null) return;
  for (;;) {
    const found = await mail.client.one('Email/query', { filter: { inMailbox: m.id }, limit: 500 });
    if (found.ids.length === 0) return;
    await mail.update(new Map(), found.ids);
  }
}
