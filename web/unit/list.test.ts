import { expect, it } from 'vitest';
import { MailList, type ListQuery } from '../src/data/list.svelte';
import { Virtual, MAX_HEIGHT } from '../src/virtual';
import { tree } from '../src/mail/tree';
import type { Mailbox } from '../src/jmap/types';

const query: ListQuery = { filter: null, sort: [], collapseThreads: false };
const made = (ids: string[], total = ids.length): MailList => {
  const list = new MailList('k', query, async () => undefined);
  list.reset(ids, total, '1');
  return list;
};

// Against a list that is changed whole: what is known of it has to be right, however much that is.
it('follows the changes of a query', () => {
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  for (let round = 0; round < 300; ++round) {
    let whole = Array.from({ length: 5 + random(40) }, (_, i) => `e${i}`);
    const list = made(whole.slice(0, 1 + random(whole.length)), whole.length);
    for (let step = 0; step < 5; ++step) {
      const removed = whole.filter(() => random(6) === 0);
      whole = whole.filter((id) => !removed.includes(id));
      const added: { id: string; index: number }[] = [];
      for (let i = random(4); i > 0; --i) whole.splice(random(whole.length + 1), 0, `n${round}.${step}.${i}`);
      whole.forEach((id, index) => {
        if (id.startsWith(`n${round}.${step}.`)) added.push({ id, index });
      });
      list.apply({ oldQueryState: '', newQueryState: String(step), removed, added, total: whole.length });
      expect(list.prefix).toEqual(whole.slice(0, list.prefix.length));
      expect(list.total).toBe(whole.length);
    }
  }
});
it('keeps windows further down, and joins those that follow', () => {
  const list = made(['a', 'b'], 6);
  list.add(4, ['e', 'f'], 6);
  expect(list.at(3)).toBeUndefined();
  expect(list.at(4)).toBe('e');
  list.add(2, ['c', 'd'], 6);
  expect(list.prefix).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});
it('leaves out rows before the server has said so', () => {
  const list = made(['a', 'b', 'c'], 8);
  list.add(6, ['g', 'h'], 8);
  list.leaveOut(new Set(['b', 'g']));
  expect(list.prefix).toEqual(['a', 'c']);
  expect(list.at(5)).toBe('h');
  expect(list.total).toBe(6);
});
it('asks for a window once', () => {
  const asked: number[] = [];
  const list = new MailList('k', query, async (_, position) => void asked.push(position));
  list.reset(['a'], 1_000_000, '1');
  list.ensure(500_000, 500_020);
  list.ensure(500_000, 500_020);
  expect(asked).toEqual([500_000]);
});
it('asks for two windows at a time, and then for what was wanted last', async () => {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const list = new MailList('k', query, (_, position) => new Promise((done) => (asked.push(position), answers.push(done))));
  list.reset(['a'], 1_000_000, '1');
  for (let at = 100_000; at <= 900_000; at += 100_000) list.ensure(at, at + 20);
  expect(asked).toEqual([100_000, 200_000]);
  answers[0]!();
  await new Promise((done) => setTimeout(done));
  expect(asked).toEqual([100_000, 200_000, 900_000]);
});

it('scrolls a million rows by steps and by leaps', () => {
  const v = new Virtual(84);
  v.count = 1_000_000;
  expect(v.height).toBe(MAX_HEIGHT);
  const end = v.scrolled(MAX_HEIGHT - 800, 800);
  expect(end.top).toBe(84_000_000 - 800);
  expect(84 * 1_000_000 - v.offset).toBeCloseTo(MAX_HEIGHT, 0);
  const middle = v.scrolled(MAX_HEIGHT / 2, 800);
  expect(Math.abs(middle.top / 84_000_000 - 0.5)).toBeLessThan(0.001);
  const next = v.scrolled(MAX_HEIGHT / 2 + 100, 800);
  expect(next.top - middle.top).toBeCloseTo(100, 3);
  expect(v.scrolled(0, 800).top).toBe(0);
  const jumped = v.jump(84 * 700_000, 800);
  expect(Math.floor(jumped.top / 84)).toBe(700_000);
  expect(84 * 700_000 - v.offset).toBeCloseTo(jumped.scrollTop, 0);
  // By keys, from there: the rows stay where they are.
  const before = v.offset;
  expect(v.jump(84 * 700_001, 800)).toEqual({ top: 84 * 700_001, scrollTop: jumped.scrollTop + 84 });
  expect(v.offset).toBe(before);
});
it('scrolls short lists as they are', () => {
  const v = new Virtual(50);
  v.count = 100;
  expect(v.scrolled(1234, 500)).toEqual({ top: 1234, scrollTop: 1234 });
  expect(v.offset).toBe(0);
});

it('puts folders in order', () => {
  const box = (id: string, name: string, parentId: string | null, role: Mailbox['role'] = null): Mailbox => ({ id, name, parentId, role, sortOrder: 0 }) as Mailbox;
  const all = [box('b', 'B', null), box('t', 'T', null, 'trash'), box('a', 'A', 'b'), box('i', 'I', null, 'inbox'), box('o', 'O', 'gone')];
  expect(tree(all, new Set(), (m) => m.name).map((n) => `${n.depth}${n.mailbox.id}`)).toEqual(['0i', '0t', '0b', '1a', '0o']);
  expect(tree(all, new Set(['b']), (m) => m.name).map((n) => n.mailbox.id)).toEqual(['i', 't', 'b', 'o']);
});
