import { expect, it } from 'vitest';
import { fromGigabytes, toGigabytes } from '../src/admin/quantity';
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
