import { expect, it } from 'vitest';
import { day, parseSearch, searchFilter, tokens } from '../src/search';

const folders = [
  { id: 'i', name: 'Inbox', role: 'inbox' },
  { id: 't', name: 'Papierkorb', role: 'trash' },
  { id: 'p', name: 'Projekte', role: null },
];
const now = new Date(2026, 4, 20, 15, 0);

it('takes words, phrases and operators apart', () => {
  expect(tokens('from:anna "two words" -is:unread subject:"a b"')).toEqual([
    { not: false, operator: 'from', value: 'anna', quoted: false },
    { not: false, operator: '', value: 'two words', quoted: true },
    { not: true, operator: 'is', value: 'unread', quoted: false },
    { not: false, operator: 'subject', value: 'a b', quoted: true },
  ]);
});
it('makes conditions of all operators', () => {
  expect(parseSearch('from:anna has:attachment -is:read larger:2M', folders, now)).toEqual({
    operator: 'AND',
    conditions: [{ from: 'anna' }, { hasAttachment: true }, { operator: 'NOT', conditions: [{ hasKeyword: '$seen' }] }, { minSize: 2_000_000 }],
  });
  expect(parseSearch('in:projekte', folders, now)).toEqual({ inMailbox: 'p' });
  expect(parseSearch('in:trash', folders, now)).toEqual({ inMailbox: 't' });
  expect(parseSearch('before:2026-01-31', folders, now)).toEqual({ before: new Date(2026, 0, 31).toISOString().replace('.000', '') });
  expect(parseSearch('', folders, now)).toBeNull();
});
it('looks for what it does not know as words', () => {
  expect(parseSearch('http://x.example', folders, now)).toEqual({ text: '"http://x.example"' });
  expect(parseSearch('before:christmas', folders, now)).toEqual({ text: '"before:christmas"' });
});
it('leaves out what was thrown away unless a folder is named', () => {
  expect(searchFilter('lake', folders, now)).toEqual({ operator: 'AND', conditions: [{ text: 'lake' }, { inMailboxOtherThan: ['t'] }] });
  expect(searchFilter('lake in:inbox', folders, now)).toEqual({ operator: 'AND', conditions: [{ text: 'lake' }, { inMailbox: 'i' }] });
});
it('understands days and how long ago', () => {
  expect(day('7d', now)).toEqual(new Date(2026, 4, 13));
  expect(day('2026-02', now)).toEqual(new Date(2026, 1, 1));
  expect(day('tomorrow', now)).toBeNull();
});
