// The keyboard: single letters where nobody is writing.
import { app } from '../app.svelte';

let leader = '';
let leaderTimer: ReturnType<typeof setTimeout> | undefined;

function isWriting(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]');
}

export function step(by: number): void {
  const list = app.mail?.list;
  if (!list || list.total === 0) return;
  const at = app.cursor ? list.indexOf(app.cursor) : -1;
  const to = at < 0 ? 0 : Math.max(0, Math.min(list.total - 1, at + by));
  const id = list.at(to);
  if (!id) return list.ensure(to, to + 1);
  if (app.threadId) app.open(id);
  else app.cursor = id;
}

function goTo(role: string): void {
  const mail = app.mail;
  const box = mail?.mailboxes.find((m) => m.role === role);
  if (mail && box) app.go(app.home(mail, box));
}
const PLACES: Record<string, string> = { i: 'inbox', d: 'drafts', s: 'sent', a: 'archive', t: 'trash', j: 'junk' };

// The email that an answer is to: the last of the conversation that is no draft.
function current() {
  const mail = app.mail;
  if (!mail) return undefined;
  const row = app.cursor ? mail.emails.get(app.cursor) : undefined;
  if (app.emailId) return mail.emails.get(app.emailId);
  const ids = mail.threads.get(app.threadId ?? row?.threadId ?? '') ?? [];
  return ids.map((id) => mail.emails.get(id)).filter((e) => e && !e.keywords['$draft']).at(-1) ?? row;
}

export function onKey(event: KeyboardEvent): void {
  if (!app.mail || app.admin !== null || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (app.question || app.mover || app.sharing || app.dialog || isWriting(event.target)) return;
  const key = event.key;
  if (leader === 'g') {
    leader = '';
    const role = PLACES[key];
    if (role) {
      event.preventDefault();
      goTo(role);
    }
    return;
  }
  const run = COMMANDS[key];
  if (!run) return;
  if ((key === 'Enter' || key === ' ') && (event.target as HTMLElement).closest?.('button, a, summary')) return;
  event.preventDefault();
  run();
}

const COMMANDS: Record<string, () => void> = {
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  o: () => app.cursor && app.open(app.cursor),
  Enter: () => app.cursor && app.open(app.cursor),
  u: () => app.close(),
  Escape: () => (app.selected.size > 0 ? app.selected.clear() : app.close()),
  x: () => {
    if (!app.cursor) return;
    if (app.selected.has(app.cursor)) app.selected.delete(app.cursor);
    else app.selected.add(app.cursor);
  },
  e: () => void app.archive(),
  '#': () => void app.remove(),
  Delete: () => void app.remove(),
  '!': () => void app.junk(),
  s: () => {
    const rows = app.targets();
    const on = !rows.some((id) => app.emailsOf([id]).some((e) => e.keywords['$flagged']));
    void app.mark('$flagged', on, rows);
  },
  U: () => void app.mark('$seen', false),
  I: () => void app.mark('$seen', true),
  v: () => {
    const emails = app.emailsOf(app.targets());
    if (emails.length > 0) app.mover = emails;
  },
  z: () => void app.actions?.undo(),
  c: () => void app.compose('new'),
  r: () => void (current() && app.compose('reply', current())),
  a: () => void (current() && app.compose('replyAll', current())),
  f: () => void (current() && app.compose('forward', current())),
  '/': () => document.getElementById('search')?.focus(),
  '?': () => (app.dialog = 'help'),
  g: () => {
    leader = 'g';
    clearTimeout(leaderTimer);
    leaderTimer = setTimeout(() => (leader = ''), 1500);
  },
};
