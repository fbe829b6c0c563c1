import { expect, it } from 'vitest';
import { fromGigabytes, toGigabytes } from '../src/admin/quantity';
import { bars, ceiling } from '../src/admin/traffic';
import { byPerson, levelOf } from '../src/admin/rights';

it('takes limits as they are typed', () => {
  expect(fromGigabytes('2')).toBe(2_000_000_000);
  expect(fromGigabytes('1,5')).toBe(1_500_000_000);
  for (const none of ['', '0', 'x', '-1', null]) expect(fromGigabytes(none)).toBe(0);
  expect(toGigabytes(1_500_000_000)).toBe('1.5');
  expect(toGigabytes(0)).toBe('');
});

it('knows the usual rights in any order, with the obsolete letters or without', () => {
  expect(levelOf('srl')).toBe('rightsRead');
  expect(levelOf('lrswipkxteacd')).toBe('rightsFull');
  expect(levelOf('lrs')).toBe('rightsRead');
  expect(levelOf('lr')).toBeNull();
});

it('gathers what somebody may in all folders', () => {
  const all = byPerson([
    { folder: '(new folders)', identifier: 'a@x', rights: 'lrs' },
    { folder: 'INBOX', identifier: 'a@x', rights: 'lrs' },
    { folder: 'INBOX', identifier: 'b@x', rights: 'lrs' },
  ]);
  expect(all.map((g) => [g.identifier, g.rights])).toEqual([['a@x', 'lrs'], ['b@x', null]]);
});

it('makes a bar of each hour, and says where nothing was counted', () => {
  const hour = (at: string, users: number, sessions: number) => ({ hour: at, covered_s: 3600, queue_peak: 2, backup_s: 0, services: { all: { sessions: 0, failed: 0, messages_in: 0, messages_out: 0, users, present: 0 }, imap: { sessions, failed: 1, messages_in: 0, messages_out: 0, users, present: 0 } } });
  const all = [hour('2026-01-01T10:00:00Z', 3, 7), hour('2026-01-01T12:00:00Z', 5, 9)];
  const now = Date.parse('2026-01-01T12:30:00Z');
  expect(bars(all, 'people', 3, now).map((b) => b.value)).toEqual([3, null, 5]);
  expect(bars(all, 'sessions', 3, now).map((b) => b.value)).toEqual([7, null, 9]);
  expect(bars(all, 'queue', 1, now)).toEqual([{ at: Date.parse('2026-01-01T12:00:00Z'), value: 2 }]);
  expect([0, 4, 5, 11, 200, 201].map(ceiling)).toEqual([4, 4, 5, 20, 200, 500]);
});
