import { describe, expect, it } from 'vitest';
import { asks } from '../src/mail/receipt';

const me = [{ email: 'anna@example.org' }];
const asker = [{ name: null, email: 'bert@example.org' }];
const email = (keywords: Record<string, boolean> = {}, from = 'bert@example.org') => ({ keywords, from: [{ name: null, email: from }] });

describe('a receipt', () => {
  it('is offered to who got the message, once', () => {
    expect(asks(email(), asker, me)).toBe(true);
    expect(asks(email({ $mdnsent: true }), asker, me)).toBe(false);
  });
  it('is not offered without a wish, for drafts, or by who wrote the message', () => {
    expect(asks(email(), null, me)).toBe(false);
    expect(asks(email(), undefined, me)).toBe(false);
    expect(asks(email(), [], me)).toBe(false);
    expect(asks(email({ $draft: true }), asker, me)).toBe(false);
    expect(asks(email({}, 'Anna@example.org'), asker, me)).toBe(false);
    expect(asks(email(), [{ name: null, email: 'anna@example.org' }], me)).toBe(false);
    expect(asks(email(), asker, [])).toBe(false);
  });
});
