import { expect, it } from 'vitest';
import { addressesRoundTrip } from './support';
import { isAddress, parseAddress, splitAddresses, unique } from '../src/addresses';
import { form } from '../src/i18n/i18n.svelte';
import { EventParser } from '../src/jmap/push';
import { baseSubject, blocks, linkify, quote } from '../src/mail/text';

it('finds links and leaves the sentence its full stop', () => {
  expect(linkify('See https://a.example/b_(c), or write to me@x.example.')).toEqual([
    { text: 'See ' },
    { text: 'https://a.example/b_(c)', href: 'https://a.example/b_(c)' },
    { text: ', or write to ' },
    { text: 'me@x.example', href: 'mailto:me@x.example' },
    { text: '.' },
  ]);
  expect(linkify('javascript:alert(1)')).toEqual([{ text: 'javascript:alert(1)' }]);
});
it('tells quotations by their depth', () => {
  expect(blocks('a\n> b\n>> c\nd').map((b) => [b.depth, b.lines.length])).toEqual([[0, 1], [1, 1], [2, 1], [0, 1]]);
});
it('quotes', () => {
  expect(quote('a\n\n> b\n')).toBe('> a\n>\n>> b');
});
it('takes the marks off a subject', () => {
  expect(baseSubject('Re: AW: Fwd: RE[2]: lunch')).toBe('lunch');
  expect(baseSubject('Reading list')).toBe('Reading list');
});
it('splits lists of addresses where no quote or bracket holds them together', () => {
  expect(splitAddresses('"Smith, Anna" <anna@x.example>, b@x.example; c@x.example')).toEqual(['"Smith, Anna" <anna@x.example>', 'b@x.example', 'c@x.example']);
  expect(parseAddress('"Smith, Anna" <anna@x.example>')).toEqual({ name: 'Smith, Anna', email: 'anna@x.example' });
  expect(addressesRoundTrip({ name: 'A "B", C', email: 'a@x.example' })).toBe(true);
  expect(['a@x.example', 'ä@x.example', 'a@b'].every(isAddress)).toBe(true);
  expect(['a', 'a@', '@b', 'a b@c', 'a@b@c', 'a..b@c.example', 'a@.c'].some(isAddress)).toBe(false);
  expect(unique([{ name: null, email: 'A@x' }, { name: 'a', email: 'a@X' }], [])).toHaveLength(1);
});
it('reads events however they are cut', () => {
  const stream = ': ok\r\n\r\nevent: state\nid: 1\ndata: {"a":\ndata: 1}\n\nevent: ping\ndata: x\n\n';
  for (let size = 1; size <= stream.length; ++size) {
    const parser = new EventParser();
    const got = [];
    for (let at = 0; at < stream.length; at += size) got.push(...parser.feed(stream.slice(at, at + size)));
    expect(got).toEqual([
      { name: 'state', data: '{"a":\n1}' },
      { name: 'ping', data: 'x' },
    ]);
  }
});
it('chooses the form that a number wants', () => {
  expect(form('one|many', new Intl.PluralRules('en'), 1)).toBe('one');
  expect(form('one|many', new Intl.PluralRules('fr'), 0)).toBe('one');
  const arabic = new Intl.PluralRules('ar');
  expect([0, 1, 2, 5, 11, 100].map((n) => form('z|o|t|f|m|x', arabic, n))).toEqual(['z', 'o', 't', 'f', 'm', 'x']);
});
