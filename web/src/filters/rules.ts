// Filters as people see them, and the Sieve script (RFC 5228) that they are on the server. Each rule stands in the script as a comment, too; a script
// is read back only when it is exactly what its rules would be written as. Any other one is somebody else's work, and is shown as text.
export type Field = 'from' | 'to' | 'subject' | 'list' | 'body' | 'size' | 'attachment';
export type Test = 'contains' | 'lacks' | 'is' | 'over' | 'under' | 'there' | 'missing';
export interface Condition {
  field: Field;
  test: Test;
  value: string; // of size: MB
}
export type ActionKind = 'move' | 'flag' | 'read' | 'forward' | 'delete';
export interface Action {
  kind: ActionKind;
  value: string; // move: path of the folder; forward: address
}
export interface Rule {
  name: string;
  on: boolean;
  all: boolean; // all conditions have to hold, or one of them
  conditions: Condition[];
  actions: Action[];
  stop: boolean; // the rules below are not asked
}

export const FIELDS: Field[] = ['from', 'to', 'subject', 'list', 'body', 'size', 'attachment'];
export const ACTIONS: ActionKind[] = ['move', 'flag', 'read', 'forward', 'delete'];
const HEAD = '# Filters of the Gatepost webmail, form 1. Whoever changes this by hand makes it a script that the webmail shows as text.';
const MARK = '# gatepost: ';

export function testsOf(field: Field): Test[] {
  if (field === 'size') return ['over', 'under'];
  if (field === 'attachment') return ['there', 'missing'];
  return field === 'body' ? ['contains', 'lacks'] : ['contains', 'lacks', 'is'];
}
export function emptyRule(): Rule {
  return { name: '', on: true, all: true, conditions: [{ field: 'from', test: 'contains', value: '' }], actions: [{ kind: 'move', value: '' }], stop: true };
}
export const needsValue = (c: Condition): boolean => c.field !== 'attachment';
export const actionNeedsValue = (kind: ActionKind): boolean => kind === 'move' || kind === 'forward';

// What cannot be saved yet.
export function isComplete(rule: Rule): boolean {
  const good = (c: Condition): boolean => !needsValue(c) || (c.field === 'size' ? Number(c.value) > 0 && Number(c.value) < 10_000 : c.value.trim() !== '');
  const done = (a: Action): boolean => (a.kind === 'forward' ? /^[^\s@<>",;]+@[^\s@<>",;]+\.[^\s@<>",;]+$/.test(a.value.trim()) : !actionNeedsValue(a.kind) || a.value !== '');
  return rule.conditions.length > 0 && rule.conditions.every(good) && (rule.actions.length > 0 || rule.stop) && rule.actions.every(done);
}

// A quoted string (RFC 5228 2.4.2).
export function quoted(text: string): string {
  return `"${text.replace(/[\0\r\n]+/g, ' ').replace(/([\\"])/g, '\\$1')}"`;
}

function condition(c: Condition): string {
  const value = quoted(c.value.trim());
  switch (c.field) {
    case 'size':
      // Kilobytes, since numbers have no fractions.
      return `size :${c.test === 'under' ? 'under' : 'over'} ${Math.round(Number(c.value) * 1024)}K`;
    case 'attachment':
      return `${c.test === 'missing' ? 'not ' : ''}body :content ["application", "image", "audio", "video", "message/rfc822"] :contains ""`;
    case 'body':
      return `${c.test === 'lacks' ? 'not ' : ''}body :text :contains ${value}`;
    case 'from':
    case 'to': {
      const names = c.field === 'to' ? '["to", "cc"]' : '"from"';
      // "is" is the address alone; the others look at the name beside it, too.
      return c.test === 'is' ? `address :is ${names} ${value}` : `${c.test === 'lacks' ? 'not ' : ''}header :contains ${names} ${value}`;
    }
    default:
      return `${c.test === 'lacks' ? 'not ' : ''}header :${c.test === 'is' ? 'is' : 'contains'} "${c.field === 'list' ? 'list-id' : 'subject'}" ${value}`;
  }
}

// Flags first: what is filed or kept afterwards has them.
const ORDER: ActionKind[] = ['read', 'flag', 'forward', 'move', 'delete'];
function actions(rule: Rule): string[] {
  const line = (a: Action): string => {
    switch (a.kind) {
      case 'read':
        return 'addflag "\\\\Seen";';
      case 'flag':
        return 'addflag "\\\\Flagged";';
      case 'forward':
        return `redirect :copy ${quoted(a.value.trim())};`;
      case 'move':
        return `fileinto :create ${quoted(a.value)};`;
      case 'delete':
        return 'fileinto :create :specialuse "\\\\Trash" "Trash";';
    }
  };
  const sorted = [...rule.actions].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return [...sorted.map(line), ...(rule.stop ? ['stop;'] : [])];
}

export function toScript(rules: Rule[]): string {
  const needs = new Set<string>();
  const lines: string[] = [];
  for (const rule of rules) {
    lines.push('', `# rule:[${rule.name.replace(/[\0-\x1f\]]+/g, ' ')}]`, MARK + JSON.stringify(rule));
    if (!rule.on) continue;
    const tests = rule.conditions.map(condition);
    const done = actions(rule);
    const text = [...tests, ...done].join('\n');
    if (/(^|\n|not )body /.test(text)) needs.add('body');
    if (text.includes('addflag')) needs.add('imap4flags');
    if (text.includes('redirect :copy')) needs.add('copy');
    if (text.includes('fileinto')) for (const name of ['fileinto', 'mailbox']) needs.add(name);
    if (text.includes(':specialuse')) needs.add('special-use');
    const joined = tests.length === 1 ? tests[0]! : `${rule.all ? 'allof' : 'anyof'} (${tests.join(',\r\n    ')})`;
    lines.push(`if ${joined} {`, ...done.map((d) => `    ${d}`), '}');
  }
  const require = needs.size > 0 ? [`require [${[...needs].sort().map(quoted).join(', ')}];`] : [];
  return [HEAD, ...require, ...lines, ''].join('\r\n');
}

function asRule(value: unknown): Rule | null {
  const r = value as Rule;
  const isText = (t: unknown): t is string => typeof t === 'string';
  if (typeof r !== 'object' || r === null || !isText(r.name) || !Array.isArray(r.conditions) || !Array.isArray(r.actions)) return null;
  const known = r.conditions.every((c) => FIELDS.includes(c?.field) && testsOf(c.field).includes(c.test) && isText(c.value)) && r.actions.every((a) => ACTIONS.includes(a?.kind) && isText(a.value));
  return known && r.conditions.length > 0 ? r : null;
}

// null: it is none of ours, or was changed by somebody.
export function fromScript(script: string): Rule[] | null {
  if (!script.startsWith(HEAD)) return null;
  const rules: Rule[] = [];
  for (const line of script.split('\r\n')) {
    if (!line.startsWith(MARK)) continue;
    try {
      const rule = asRule(JSON.parse(line.slice(MARK.length)));
      if (!rule) return null;
      rules.push(rule);
    } catch {
      return null;
    }
  }
  return toScript(rules) === script ? rules : null;
}
