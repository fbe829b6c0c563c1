// Making, renaming, emptying and deleting folders.
import { app } from '../app.svelte';
import { mailboxName } from '../data/actions.svelte';
import { firstRefusal } from '../data/mail.svelte';
import type { Id, Mailbox } from '../jmap/types';
import { t } from '../i18n/i18n.svelte';

async function change(args: Record<string, unknown>): Promise<void> {
  const set = await app.mail!.run((batch) => batch.call('Mailbox/set', args));
  const refused = firstRefusal(set.value);
  if (refused) throw new Error(refused.description ?? refused.type);
}

export async function createFolder(parentId: Id | null): Promise<void> {
  const name = await app.ask({ text: t(parentId ? 'newSubfolder' : 'newFolder'), input: { label: t('folderName'), value: '' }, yes: t('save') });
  if (name?.trim()) await change({ create: { m: { name: name.trim(), parentId, isSubscribed: true } } });
}

export async function renameFolder(m: Mailbox): Promise<void> {
  const name = await app.ask({ text: t('rename'), input: { label: t('folderName'), value: m.name }, yes: t('save') });
  if (name?.trim() && name.trim() !== m.name) await change({ update: { [m.id]: { name: name.trim() } } });
}

export async function deleteFolder(m: Mailbox): Promise<void> {
  if ((await app.ask({ text: t('deleteFolder', { folder: mailboxName(m) }), yes: t('remove'), danger: true })) === null) return;
  // What is in it goes before it.
  const all = app.mail!.mailboxes;
  const below = (id: Id): Id[] => [...all.filter((other) => other.parentId === id).flatMap((other) => below(other.id)), id];
  for (const id of below(m.id)) await change({ destroy: [id], onDestroyRemoveEmails: true });
  if (app.view?.kind === 'mailbox' && !app.mail!.mailbox(app.view.id)) {
    const inbox = app.mail!.withRole('inbox');
    if (inbox) app.go({ kind: 'mailbox', id: inbox.id });
  }
}

export async function emptyFolder(m: Mailbox): Promise<void> {
  if ((await app.ask({ text: t('emptyFolderAsk', { folder: mailboxName(m) }), yes: t('forEver'), danger: true })) === null) return;
  for (;;) {
    const found = await app.mail!.client.one('Email/query', { filter: { inMailbox: m.id }, limit: 500 });
    if (found.ids.length === 0) return;
    await app.mail!.update(new Map(), found.ids);
  }
}
