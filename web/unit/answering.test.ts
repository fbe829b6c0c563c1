import { describe, expect, it } from 'vitest';
import { answering } from '../src/compose/answering';
import type { Identity } from '../src/jmap/types';

const identity = (id: string, email: string, sendRight?: Identity['sendRight']): Identity => ({ id, name: '', email, replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false, sendRight });
const all = [identity('I1', 'anna@example.org', 'own'), identity('I2', 'sales-alias@example.org'), identity('P7', 'shop@example.org', 'send-as'), identity('P8', 'boss@example.org', 'send-on-behalf')];
const to = (...emails: string[]) => emails.map((email) => ({ name: null, email }));
const id = (mailbox: string | null, ...emails: string[]) => answering(all, mailbox, to(...emails))?.id;

describe('who answers', () => {
  it('is the own address a message was sent to', () => {
    expect(id(null, 'x@elsewhere.example', 'Anna@Example.org')).toBe('I1');
    expect(id(null, 'sales-alias@example.org', 'anna@example.org')).toBe('I2');
    expect(id(null, 'x@elsewhere.example')).toBeUndefined();
  });
  it('is nobody else in the own mailbox', () => {
    expect(id(null, 'boss@example.org', 'anna@example.org')).toBe('I1');
    expect(id(null, 'shop@example.org')).toBeUndefined();
  });
  it('is the shared mailbox in a shared mailbox, where there is the right', () => {
    expect(id('shop@example.org', 'anna@example.org')).toBe('P7');
    expect(id('boss@example.org', 'x@elsewhere.example')).toBe('P8');
    expect(id('other@example.org', 'anna@example.org')).toBe('I1');
    expect(id('other@example.org', 'other@example.org')).toBeUndefined();
  });
});
