import { expect, it } from 'vitest';
import { emptyRule, fromScript, isComplete, quoted, toScript, type Rule } from '../src/filters/rules';

const rule = (over: Partial<Rule> = {}): Rule => ({ name: 'Lists', on: true, all: false, stop: true, conditions: [{ field: 'list', test: 'contains', value: 'dev' }], actions: [{ kind: 'move', value: 'Lists/Dev' }], ...over });

it('writes rules as a script', () => {
  const script = toScript([
    rule({
      conditions: [
        { field: 'from', test: 'is', value: 'a@b.example' },
        { field: 'to', test: 'lacks', value: 'me' },
        { field: 'subject', test: 'is', value: 'say "hi" \\' },
        { field: 'size', test: 'over', value: '1.5' },
        { field: 'attachment', test: 'missing', value: '' },
        { field: 'body', test: 'contains', value: 'x' },
      ],
      actions: [
        { kind: 'move', value: 'INBOX' },
        { kind: 'read', value: '' },
        { kind: 'forward', value: 'c@d.example' },
        { kind: 'delete', value: '' },
      ],
    }),
  ]);
  expect(script).toContain('require ["body", "copy", "fileinto", "imap4flags", "mailbox", "special-use"];\r\n');
  expect(script).toContain('# rule:[Lists]\r\n');
  expect(script).toContain('address :is "from" "a@b.example"');
  expect(script).toContain('not header :contains ["to", "cc"] "me"');
  expect(script).toContain('header :is "subject" "say \\"hi\\" \\\\"');
  expect(script).toContain('size :over 1536K');
  expect(script).toContain('if anyof (');
  // Flags come before what files the message.
  expect(script.indexOf('addflag')).toBeLessThan(script.indexOf('fileinto :create'));
  expect(script.trimEnd().endsWith('}')).toBe(true);
});

it('reads back what it wrote, and nothing else', () => {
  const rules = [rule(), rule({ name: 'off ] \n x', on: false, all: true }), rule({ stop: false, actions: [{ kind: 'flag', value: '' }] })];
  const script = toScript(rules);
  expect(fromScript(script)).toEqual(rules);
  expect(fromScript(script.replace('stop;', 'discard;'))).toBeNull();
  expect(fromScript(`${script}keep;\r\n`)).toBeNull();
  expect(fromScript('require "fileinto";\r\nkeep;\r\n')).toBeNull();
  expect(fromScript(script.replace('"list"', '"moon"'))).toBeNull();
  expect(fromScript(toScript([]))).toEqual([]);
});

it('lets no text out of its quotes', () => {
  expect(quoted('a"; discard; "\r\nb')).toBe('"a\\"; discard; \\" b"');
  const script = toScript([rule({ name: 'x]\r\ndiscard;', conditions: [{ field: 'subject', test: 'contains', value: '"]\r\ndiscard;' }] })]);
  expect(script.split('\r\n').some((line) => line.trim() === 'discard;')).toBe(false);
  expect(fromScript(script)).not.toBeNull();
});

it('knows what is missing', () => {
  expect(isComplete(emptyRule())).toBe(false);
  expect(isComplete(rule())).toBe(true);
  expect(isComplete(rule({ actions: [], stop: false }))).toBe(false);
  expect(isComplete(rule({ actions: [{ kind: 'forward', value: 'nobody' }] }))).toBe(false);
  expect(isComplete(rule({ conditions: [{ field: 'size', test: 'over', value: '' }] }))).toBe(false);
  expect(isComplete(rule({ conditions: [{ field: 'attachment', test: 'there', value: '' }] }))).toBe(true);
});
